"""Sign in like an Android phone, for tokens to WhatsApp's own entries. Unofficial.

Two form posts to one address: the single-use cookie of Google's sign-in page becomes a master
token, and that becomes access tokens. Google changes what it accepts, so a request has several
known forms; the next one is sent only if Google asks for a proof that only a phone can give.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.android_refusals import AGAIN, Answer, read_answer
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.tokens import RenewedTokens
from gdrive_wa.google.ways import CABLE
from gdrive_wa.http.endpoints import Endpoints

SERVICE = "oauth2:https://www.googleapis.com/auth/drive.appdata"
APP = "com.whatsapp"
CLIENT_SIGNATURE = "38a0f7d505fe18fec64fbf343ecaaaf310dbd799"
PLAY_SERVICES = "com.google.android.gms"
PLAY_SERVICES_SIGNATURE = "38918a453d07199354f8b19af05ec6562ced5788"
PLAY_SERVICES_VERSION = "240913000"
"""The lowest version that Google accepts; for lower ones it answers ``ServiceDisabled``."""
NO_PROOF = {"droidguard_results": "null"}
"""Sent in place of the proof; Google refuses invented values (since early 2026)."""
_CALLER = {"callerPkg": PLAY_SERVICES, "callerSig": PLAY_SERVICES_SIGNATURE}
_DEVICE = {
    "device_country": "us",
    "lang": "en",
    "sdk_version": "28",
    "google_play_services_version": PLAY_SERVICES_VERSION,
}
_PHONE = {
    **_DEVICE,
    "accountType": "HOSTED_OR_GOOGLE",
    "has_permission": "1",
    "source": "android",
    "operatorCountry": "us",
}
_HEADERS = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "GoogleAuth/1.4",
}
_LONGEST_ANSWER = 65536
_LONGEST_SECONDS = 60.0
_PAUSES = (1.0, 4.0)
"""Seconds before each further attempt at a renewal that failed temporarily."""
_ANSWERS = {"Token", "Auth", "Error", "issueAdvice"}
_REDIRECTS = range(300, 400)


class AndroidTokens(RenewedTokens):
    """Access tokens for WhatsApp's entries, from a stored master token.

    Args:
        account: e-mail address.
        fields: the secrets of the login.
        endpoints: Google's addresses.
        is_new: the login was made a moment ago, so a refusal does not mean that it has ended.
    """

    def __init__(
        self,
        account: str,
        fields: Mapping[str, Any],
        endpoints: Endpoints,
        *,
        is_new: bool = False,
    ) -> None:
        super().__init__()
        self._is_new = is_new
        self._account = account
        self._fields = fields
        self._endpoints = endpoints

    def fetch(self) -> Secret:
        """A fresh token, valid for about an hour.

        Its errors appear in all commands, so their hints name the command that signs in.
        """
        again = f"log in again with: gdrive-wa login --provider android --account {self._account}"
        answer = self._ask_with_retries()
        if token := answer.fields.get("Auth"):
            return Secret(token)
        if answer.refuses_secret:
            ended = f"the login of {self._account} has ended"
            refused = f"Google does not accept the new login of {self._account} ({answer.word})"
            raise CredentialsError(refused if self._is_new else ended, hint=(CABLE, f"or {again}"))
        raise answer.error(self._account, f"or {again}")

    def _ask_with_retries(self) -> Answer:
        """Google's answer; a request that failed temporarily is repeated."""
        for pause in _PAUSES:
            answer = _first_accepted(self._endpoints, self._forms())
            if answer.fields.get("Auth") or not answer.transient:
                return answer
            time.sleep(pause)
        return _first_accepted(self._endpoints, self._forms())

    def _forms(self) -> Iterator[dict[str, str]]:
        master = str(self._fields.get("master_token", ""))
        wanted = {
            "Email": self._account,
            "androidId": str(self._fields.get("android_id", "")),
            "service": SERVICE,
            "app": APP,
            "client_sig": CLIENT_SIGNATURE,
        }
        yield {**_PHONE, **wanted, "EncryptedPasswd": master}
        yield {**_DEVICE, **wanted, **_CALLER, **NO_PROOF, "Token": master, "check_email": "1"}


def exchange(account: str, oauth_token: Secret, device: str, endpoints: Endpoints) -> Secret:
    """Exchange a single-use cookie for a master token.

    Raises:
        CredentialsError: Google refused, or the cookie belongs to another account.
        NetworkError: Google cannot be reached, or fails temporarily.
    """
    answer = _first_accepted(endpoints, _exchange_forms(account, oauth_token, device))
    if not answer.fields.get("Token"):
        raise answer.error(account, AGAIN)
    signed_in = answer.fields.get("Email") or account
    if not _same_account(signed_in, account):
        raise CredentialsError(
            f"this cookie belongs to {signed_in!r}, not to {account!r}; nothing was stored",
            hint=f"sign in as {account} on Google's page and copy a fresh cookie, or name the other"
            " account with --account and copy a fresh cookie",
        )
    return Secret(answer.fields["Token"])


def _exchange_forms(account: str, oauth_token: Secret, device: str) -> Iterator[dict[str, str]]:
    """The forms that are known to work or to have worked, the most promising first."""
    wanted = {
        "Email": account,
        "add_account": "1",
        "ACCESS_TOKEN": "1",
        "Token": oauth_token.reveal(),
        "service": "ac2dm",
        "androidId": device,
    }
    signed = {**wanted, **_CALLER, "client_sig": PLAY_SERVICES_SIGNATURE}
    yield {**_PHONE, **signed, **NO_PROOF}
    yield {**_DEVICE, **wanted, **_CALLER, **NO_PROOF, "get_accountid": "1"}
    yield {**_PHONE, **signed}


def _first_accepted(endpoints: Endpoints, forms: Iterable[dict[str, str]]) -> Answer:
    """The answer to the first form that Google accepts, otherwise the most informative refusal.

    The next form is sent only if Google asks for a proof. If a form has used up the cookie, the
    next one is refused for that reason alone, so the first refusal is returned.
    """
    answers: list[Answer] = []
    for form in forms:
        answers.append(_ask(endpoints, form))
        if not answers[-1].wants_proof:
            break
    last = answers[-1]
    return answers[0] if last.refuses_secret else last


def _ask(endpoints: Endpoints, form: Mapping[str, str]) -> Answer:
    """Google's answer to `form`, with any HTTP status."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow to import

    from gdrive_wa.http.connections import Connections  # noqa: PLC0415 - imports urllib3
    from gdrive_wa.http.trust import trust_like_a_phone, untrusted_error  # noqa: PLC0415

    connections = Connections(1, trusted=trust_like_a_phone)
    try:
        response = connections.request(
            "POST", endpoints.android, body=urlencode(form).encode(), headers=_HEADERS
        )
        raw = _read(response)
        response.close()
    except HTTPError as error:
        raise untrusted_error(error, "Google") or _unreachable() from error
    finally:
        connections.close()
    if response.status in _REDIRECTS:  # the form holds a token, so no redirect is followed
        raise _unreachable()
    return _readable(read_answer(response.status, raw))


def _read(response: Any) -> bytes:
    """The body, up to the maximum length; an answer that takes too long is an error."""
    until, pieces, left = time.monotonic() + _LONGEST_SECONDS, [], _LONGEST_ANSWER
    while left > 0 and (piece := response.read1(left, decode_content=True)):
        pieces.append(piece)
        left -= len(piece)
        if time.monotonic() > until:
            raise _unreachable()
    return b"".join(pieces)


def _readable(answer: Answer) -> Answer:
    if answer.fields.keys() & _ANSWERS or answer.transient:
        return answer
    raise unreadable("the sign-in")


def _unreachable() -> GdriveWaError:
    return NetworkError(
        "Google cannot be reached",
        hint="check the network, and the proxy in HTTPS_PROXY if there is one",
    )


def _same_account(one: str, other: str) -> bool:
    return _plain_address(one) == _plain_address(other)


def _plain_address(address: str) -> tuple[str, str]:
    """The name and host of an address, without what Google ignores: case, and dots in the names
    of gmail.com."""
    name, _, host = address.strip().casefold().rpartition("@")
    if host in ("gmail.com", "googlemail.com"):
        return name.replace(".", ""), "gmail.com"
    return name, host
