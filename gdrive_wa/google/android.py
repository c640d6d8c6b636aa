"""The Android way to a token for WhatsApp's own entries: unofficial, the owner's choice only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from threading import Lock
from types import SimpleNamespace
from typing import Any

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.tokens import RenewedTokens
from gdrive_wa.http.trust import why_untrusted

SERVICE = "oauth2:https://www.googleapis.com/auth/drive.appdata"
APP = "com.whatsapp"
CLIENT_SIGNATURE = "38a0f7d505fe18fec64fbf343ecaaaf310dbd799"
_AGAIN = "sign in at https://accounts.google.com/EmbeddedSetup, copy a fresh oauth_token cookie"
_ADVICE = {
    "BadAuthentication": ("Google does not accept this sign-in", _AGAIN),
    "NeedsBrowser": ("Google wants you to confirm the sign-in in a browser", _AGAIN),
    "ServiceDisabled": (
        "Google has closed this way in for the version that this program claims to be",
        "update gdrive-wa",
    ),
    "DeviceManagementRequiredOrSyncDisabled": (
        "the administrator of this Workspace account does not allow it",
        "only the administrator can change that",
    ),
}
_one_at_a_time = Lock()


class AndroidTokens(RenewedTokens):
    """Access tokens for WhatsApp's entries, from a stored master token."""

    def __init__(self, account: str, fields: Mapping[str, Any], endpoints: Endpoints) -> None:
        super().__init__()
        self._account = account
        self._fields = fields
        self._endpoints = endpoints

    def fetch(self) -> Secret:
        """A fresh token, good for about an hour.

        Whoever meets its errors is not signing in: the hints name the command that does.
        """
        answer = _ask(
            self._endpoints,
            "perform_oauth",
            self._account,
            self._fields.get("master_token"),
            self._fields.get("android_id"),
            service=SERVICE,
            app=APP,
            client_sig=CLIENT_SIGNATURE,
        )
        again = f"log in again with: gdrive-wa login --provider android --account {self._account}"
        if answer.get("Error") == "BadAuthentication":
            raise CredentialsError(f"the login of {self._account} has ended", hint=again)
        try:
            return Secret(_need(answer, "Auth"))
        except CredentialsError as error:
            hints = (again if hint == _AGAIN else hint for hint in error.hints)
            raise CredentialsError(error.message, hint=tuple(hints)) from error


def exchange(account: str, oauth_token: Secret, device: str, endpoints: Endpoints) -> Secret:
    """The master token for a single-use cookie.

    Raises:
        CredentialsError: Google refused; the hint says what to do.
        NetworkError: Google cannot be reached.
    """
    answer = _ask(endpoints, "exchange_token", account, oauth_token.reveal(), device)
    return Secret(_need(answer, "Token"))


def _ask(endpoints: Endpoints, call: str, *arguments: object, **options: object) -> dict[str, str]:
    import requests  # noqa: PLC0415 - slow to import, and rarely chosen

    try:
        with _library(endpoints) as gpsoauth:
            answer: dict[str, str] = getattr(gpsoauth, call)(*arguments, **options)
    except requests.RequestException as error:
        unreachable = NetworkError("Google cannot be reached", hint="check the network")
        raise why_untrusted(error, "Google") or unreachable from error
    if not answer.keys() & {"Token", "Auth", "Error"}:  # a page of some proxy, or of an outage
        raise NetworkError("Google's answer to the sign-in makes no sense", hint="try again later")
    return answer


@contextlib.contextmanager
def _library(endpoints: Endpoints) -> Iterator[Any]:
    """gpsoauth, led to `endpoints`: it keeps its address in a global, knows no time limit, and
    makes its own sessions."""
    import gpsoauth  # noqa: PLC0415 - slow to import, and rarely chosen
    import requests  # noqa: PLC0415

    from gdrive_wa.google.hardening import careful  # noqa: PLC0415 - imports requests

    library: Any = gpsoauth
    with _one_at_a_time:
        usual = library.AUTH_URL, library.requests
        library.AUTH_URL = endpoints.android
        try:
            with careful(requests.Session(), endpoints) as session:
                library.requests = SimpleNamespace(session=lambda: session)
                yield library
        finally:
            library.AUTH_URL, library.requests = usual


def _need(answer: Mapping[str, str], name: str) -> str:
    if answer.get(name):
        return answer[name]
    raise _refusal(answer)


def _refusal(answer: Mapping[str, str]) -> GdriveWaError:
    code = answer.get("Error", "")
    message, hint = _ADVICE.get(
        code, (f"Google refused the sign-in ({code or 'without a reason'})", _AGAIN)
    )
    url = answer.get("Url", "")
    hints = (
        (f"open {url}", hint) if code == "NeedsBrowser" and url.startswith("https:") else (hint,)
    )
    return CredentialsError(message, hint=hints)
