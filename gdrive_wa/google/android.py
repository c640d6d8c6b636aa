"""Sign in like an Android phone, for tokens to WhatsApp's own entries. Unofficial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.tokens import RenewedTokens
from gdrive_wa.http.endpoints import Endpoints

SERVICE = "oauth2:https://www.googleapis.com/auth/drive.appdata"
APP = "com.whatsapp"
CLIENT_SIGNATURE = "38a0f7d505fe18fec64fbf343ecaaaf310dbd799"
PLAY_SERVICES = "com.google.android.gms"
PLAY_SERVICES_SIGNATURE = "38918a453d07199354f8b19af05ec6562ced5788"
PLAY_SERVICES_VERSION = "240913000"
"""The lowest version that Google accepts; for lower ones it answers ``ServiceDisabled``."""
_PHONE = {
    "accountType": "HOSTED_OR_GOOGLE",
    "has_permission": "1",
    "source": "android",
    "device_country": "us",
    "operatorCountry": "us",
    "lang": "en",
    "sdk_version": "28",
    "google_play_services_version": PLAY_SERVICES_VERSION,
}
_HEADERS = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "GoogleAuth/1.4",
}
_LONGEST_ANSWER = 65536
_AGAIN = "sign in at https://accounts.google.com/EmbeddedSetup and copy a fresh oauth_token cookie"
_ADVICE: dict[str, tuple[str, str | tuple[str, ...]]] = {
    "BadAuthentication": ("Google does not accept this sign-in", _AGAIN),
    "NeedsBrowser": ("Google wants you to confirm the sign-in in a browser", _AGAIN),
    "ServiceDisabled": (
        "Google no longer accepts sign-ins from the phone version that gdrive-wa imitates",
        "update gdrive-wa",
    ),
    "MissingDroidguard": (
        "Google asks for a proof that only a real phone can give (MissingDroidguard)",
        (
            "signing in again does not help: copy the phone's WhatsApp folder over a cable",
            "then: gdrive-wa restore --folder WhatsApp",
        ),
    ),
    "DeviceManagementRequiredOrSyncDisabled": (
        "the administrator of this Workspace account does not allow this sign-in",
        "ask the administrator of the account to allow it",
    ),
}
_ANSWERS = {"Token", "Auth", "Error"}
_REDIRECTS = range(300, 400)


class AndroidTokens(RenewedTokens):
    """Access tokens for WhatsApp's entries, from a stored master token."""

    def __init__(self, account: str, fields: Mapping[str, Any], endpoints: Endpoints) -> None:
        super().__init__()
        self._account = account
        self._fields = fields
        self._endpoints = endpoints

    def fetch(self) -> Secret:
        """A fresh token, good for about an hour.

        Its errors occur in other commands, so their hints name the command that signs in.
        """
        answer = _ask(
            self._endpoints,
            {
                **_PHONE,
                "Email": self._account,
                "EncryptedPasswd": str(self._fields.get("master_token", "")),
                "androidId": str(self._fields.get("android_id", "")),
                "service": SERVICE,
                "app": APP,
                "client_sig": CLIENT_SIGNATURE,
            },
        )
        again = f"log in again with: gdrive-wa login --provider android --account {self._account}"
        if answer.get("Error") == "BadAuthentication":
            raise CredentialsError(f"the login of {self._account} has ended", hint=again)
        try:
            return Secret(_require(answer, "Auth"))
        except CredentialsError as error:
            hints = (again if hint == _AGAIN else hint for hint in error.hints)
            raise CredentialsError(error.message, hint=tuple(hints)) from error


def exchange(account: str, oauth_token: Secret, device: str, endpoints: Endpoints) -> Secret:
    """Exchange a single-use cookie for a master token.

    Raises:
        CredentialsError: Google refused, or signed in another account; the hint says what to do.
        NetworkError: Google cannot be reached.
    """
    answer = _ask(
        endpoints,
        {
            **_PHONE,
            "Email": account,
            "add_account": "1",
            "ACCESS_TOKEN": "1",
            "Token": oauth_token.reveal(),
            "service": "ac2dm",
            "androidId": device,
            "client_sig": PLAY_SERVICES_SIGNATURE,
            "callerPkg": PLAY_SERVICES,
            "callerSig": PLAY_SERVICES_SIGNATURE,
            # What a phone without this proof sends; Google refuses invented values.
            "droidguard_results": "null",
        },
    )
    master = Secret(_require(answer, "Token"))
    signed_in = answer.get("Email", account)
    if not _same_account(signed_in, account):
        raise CredentialsError(
            f"this cookie belongs to {signed_in!r}, not to {account!r}",
            hint=f"sign in as {account} on the page, or name the other account with --account",
        )
    return master


def _ask(endpoints: Endpoints, form: Mapping[str, str]) -> dict[str, str]:
    """Google's answer to `form`: lines of ``name=value``, with any HTTP status."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow to import

    from gdrive_wa.http.connections import Connections  # noqa: PLC0415 - imports urllib3
    from gdrive_wa.http.trust import trust_like_a_phone, untrusted_error  # noqa: PLC0415

    unreachable = NetworkError("Google cannot be reached", hint="check the network")
    connections = Connections(1, trusted=trust_like_a_phone)
    try:
        response = connections.request(
            "POST", endpoints.android, body=urlencode(form).encode(), headers=_HEADERS
        )
        raw = response.read(_LONGEST_ANSWER)
        response.close()
    except HTTPError as error:
        raise untrusted_error(error, "Google") or unreachable from error
    finally:
        connections.close()
    if response.status in _REDIRECTS:  # the form holds a token, so no redirect is followed
        raise unreachable
    lines = (line.partition("=") for line in raw.decode("utf-8", "replace").splitlines())
    answer = {name: value for name, _, value in lines}
    if not answer.keys() & _ANSWERS:  # such as the page of a proxy
        raise NetworkError("Google's answer to the sign-in cannot be read", hint="try again later")
    return answer


def _same_account(one: str, other: str) -> bool:
    return _plain_address(one) == _plain_address(other)


def _plain_address(address: str) -> tuple[str, str]:
    """An address without what Google ignores: case, and dots in the name at gmail.com."""
    name, _, host = address.strip().casefold().rpartition("@")
    if host in ("gmail.com", "googlemail.com"):
        return name.replace(".", ""), "gmail.com"
    return name, host


def _require(answer: Mapping[str, str], name: str) -> str:
    if answer.get(name):
        return answer[name]
    raise _refusal(answer)


def _refusal(answer: Mapping[str, str]) -> GdriveWaError:
    code = answer.get("Error", "")
    message, advice = _ADVICE.get(
        code, (f"Google refused the sign-in ({code or 'without a reason'})", _AGAIN)
    )
    hints = (advice,) if isinstance(advice, str) else advice
    url = answer.get("Url", "")
    if code == "NeedsBrowser" and url.startswith("https:"):
        hints = (f"open {url}", *hints)
    return CredentialsError(message, hint=hints)
