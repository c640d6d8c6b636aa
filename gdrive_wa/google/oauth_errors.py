"""The refusals of Google's sign-in for programs, and what to do about each.

The token endpoint and the redirect of the browser use the same error words. See
https://developers.google.com/identity/protocols/oauth2/native-app and
https://support.google.com/accounts/answer/16668185.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.ways import AUDIENCE_PAGE, CABLE, CLIENTS_PAGE, NEW_CLIENT, SCOPES_PAGE

_LONGEST_TEXT = 200
_TRANSIENT = {
    "internal",
    "internal_failure",
    "rate_limit_exceeded",
    "resource_exhausted",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unavailable",
}
_CLIENT_GONE = {"deleted_client", "disabled_client", "invalid_client", "unauthorized_client"}
_ADMINISTERED = {"access_not_configured", "admin_policy_enforced"}
_REAUTHENTICATE = re.compile(r"invalid_rapt|rapt_required", re.IGNORECASE)
"""Found in the error word, in its subtype, or only in Google's sentence."""
_SECRET = f"or its secret was replaced: add a secret to it at {CLIENTS_PAGE}, and download the JSON"
_ADMINISTRATOR = "ask the administrator of the Workspace account to trust your OAuth client"
_TEST_USERS = (
    "if Google blocked access: add the account to the test users of your OAuth client at"
    f" {AUDIENCE_PAGE}"
)
_DENIED = ("run gdrive-wa login again, and allow access", _TEST_USERS)
_SEVEN_DAYS = (
    f"logins of an OAuth client in 'Testing' end after 7 days: publish it at {AUDIENCE_PAGE}"
)
_CLOCK = "check the date and time of this machine"
_ADVICE: dict[str, tuple[str, ...]] = {
    "access_denied": _DENIED,
    "access_not_configured": (_ADMINISTRATOR, CABLE),
    "admin_policy_enforced": (_ADMINISTRATOR, CABLE),
    "deleted_client": (NEW_CLIENT,),
    "disabled_client": (NEW_CLIENT,),
    "invalid_client": (NEW_CLIENT, _SECRET),
    "invalid_grant": ("sign in again: the browser's answer can be used only once", _CLOCK),
    "invalid_request": (NEW_CLIENT, _SECRET),
    "invalid_scope": (f"add access to Drive to what your OAuth client may ask for: {SCOPES_PAGE}",),
    "org_internal": (
        f"choose the user type 'External' for your OAuth client at {AUDIENCE_PAGE}",
        "or sign in with an account of the client's own organisation",
    ),
    "redirect_uri_mismatch": (NEW_CLIENT,),
    "unauthorized_client": (NEW_CLIENT,),
}


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """A refusal of Google's sign-in for programs.

    Attributes:
        status: HTTP status; 0 if the answer came through the browser.
        word: Google's word, such as ``invalid_client``, in lower case; empty if the answer has
            none.
        subtype: Google's more specific word, such as ``invalid_rapt``; usually empty.
        text: Google's sentence; empty if the answer has none.
    """

    status: int
    word: str
    subtype: str = ""
    text: str = ""

    @property
    def transient(self) -> bool:
        """True if the same request may succeed in a few minutes."""
        return self.status >= 500 or self.status == 429 or self.word in _TRANSIENT

    def sign_in_error(self) -> GdriveWaError:
        """The error for a sign-in that ended with this answer."""
        if self.transient:
            return NetworkError(
                f"Google's sign-in service is not working right now ({self.status or self.word})",
                hint="try again in a few minutes",
            )
        if not self.word:
            return unreadable("the sign-in")
        if self.word == "access_denied":
            return CredentialsError("access was denied in the browser", hint=_DENIED)
        said = f": {self.text}" if self.text else ""
        return CredentialsError(
            f"Google refused the sign-in ({self.word}){said}",
            hint=_ADVICE.get(self.word, ("sign in again, or make another client", NEW_CLIENT)),
        )

    def renewal_error(self, account: str) -> GdriveWaError:
        """The error for a stored login of `account` that could not be renewed."""
        again = f"log in again with: gdrive-wa login --account {account}"
        if self.transient:
            return NetworkError(
                "Google failed to renew the login", hint="try again in a few minutes"
            )
        if not self.word:
            return unreadable("the renewal of the login")
        if self.word in _CLIENT_GONE:
            return CredentialsError(
                f"the OAuth client that {account} logged in with no longer exists at Google"
                f" ({self.word}), or its secret was replaced",
                hint=_ADVICE[self.word],
            )
        if _REAUTHENTICATE.search(f"{self.word} {self.subtype} {self.text}"):
            return CredentialsError(
                f"the login of {account} has ended: the administrator of its Workspace limits how"
                " long a login lasts",
                hint=again,
            )
        if self.word in _ADMINISTERED:
            return CredentialsError(
                f"the administrator of {account} no longer allows this login ({self.word})",
                hint=_ADVICE[self.word],
            )
        return CredentialsError(
            f"the login of {account} has ended ({self.word})",
            hint=(again, _SEVEN_DAYS),
        )


def read_answer(status: int, body: bytes) -> OAuthAnswer:
    """Parse a refusal of the token endpoint. Never fails: a body that is not JSON is ignored.

    Usually ``error`` and ``error_description`` are strings. Google's other services send
    ``error`` as an object.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, list) and fields:
        fields = fields[0]
    if not isinstance(fields, dict):
        return OAuthAnswer(status, "")
    error = fields.get("error")
    if isinstance(error, dict):
        return OAuthAnswer(status, _text(error, "status").lower(), "", _text(error, "message"))
    return OAuthAnswer(
        status,
        _text(fields, "error").lower(),
        _text(fields, "error_subtype").lower(),
        _text(fields, "error_description"),
    )


def has_token(body: bytes) -> bool:
    """True if a successful answer of the token endpoint contains an access token."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and isinstance(fields.get("access_token"), str)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return " ".join(value.split())[:_LONGEST_TEXT].rstrip(".") if isinstance(value, str) else ""
