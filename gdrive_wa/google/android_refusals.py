"""Google's answers that refuse the sign-in of a phone, and what to do about each.

The error words are those that Play Services knows. What users encountered, and what helped, comes
from public reports: https://github.com/simon-weber/gpsoauth/issues (48, 70, 72, 76, 81) and
https://github.com/kiwiz/gkeepapi/issues (70, 81, 180).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.google.ways import ANDROID_LOGIN, CABLE, EMBEDDED_SETUP, WHAT_ANDROID_IS
from gdrive_wa.google.words import fold, folded

AGAIN = (
    f"or copy a fresh oauth_token cookie from {EMBEDDED_SETUP}; each can be used once, within ten"
    " minutes. If a fresh one is refused as well, another will not help"
)
MISSING_PROOF = "MissingDroidguard"
COOKIE_REFUSED = "BadAuthentication"
_LONGEST_TEXT = 200
_TRANSIENT = folded(
    (
        "ServiceUnavailable",
        "Unavailable",
        "NetworkError",
        "Timeout",
        "SocketTimeout",
        "InternalError",
        "ServerError",
        "DeviceManagementInternalError",
        "TooManyRequests",
        "RateLimitExceeded",
        "ResourceExhausted",
    )
)
_MANAGED = ("devicemanagement", "thirdpartydevicemanagement")
_PROOF = "droidguard"
"""Part of every error word that asks for a proof, in its folded form."""
_NEVER_ALLOWED = folded(("NeedPermission", "NeedRemoteConsent"))
_AGAIN, _URL = "{again}", "{url}"
_UPDATE = "or update gdrive-wa: a newer version may know how Google wants to be asked now"
_CONFIRM = "or sign in at https://myaccount.google.com in a browser, and do what Google asks there"
_APPEAL = (
    "or sign in at https://accounts.google.com in a browser: the page explains why, and how to"
    " appeal"
)
_CHANGED = "Google no longer accepts this kind of sign-in"
_TWO_STEPS = "Google asks for the second step of the two-step verification"
_OTHER_DAY = "or wait a day, and sign in from the network that the phone uses, without a VPN"
_ADMINISTRATOR = (
    "or ask the administrator of the account to turn off mobile management, at"
    " https://admin.google.com/ac/devices/settings/general"
)
_BY_WORD: dict[str, tuple[str, tuple[str, ...]]] = {
    COOKIE_REFUSED: ("Google does not accept this sign-in", (_AGAIN,)),
    "NeedsBrowser": ("Google wants you to confirm the sign-in in a browser", (_URL, _AGAIN)),
    "CaptchaRequired": (
        "Google asks for a captcha, which this sign-in cannot show",
        (_OTHER_DAY, _AGAIN),
    ),
    "InvalidSecondFactor": (_TWO_STEPS, (_AGAIN,)),
    "WebLoginRequired": (_TWO_STEPS, (_AGAIN,)),
    "PostSignInFlowRequired": ("Google has a question about this account", (_CONFIRM, _AGAIN)),
    "TermsNotAgreed": ("this account has not agreed to Google's terms", (_CONFIRM, _AGAIN)),
    "NotVerified": ("the address of this account is not verified", (_CONFIRM, _AGAIN)),
    "AccountDisabled": ("Google has disabled this account", (_APPEAL,)),
    "AccountDeleted": ("this Google account was deleted", (_APPEAL,)),
    "BadUsername": (
        "Google does not know this account",
        (f"or check the address, and sign in again: {ANDROID_LOGIN}",),
    ),
    "ServiceDisabled": (
        "Google no longer accepts sign-ins from the phone version that gdrive-wa imitates",
        (_UPDATE,),
    ),
    MISSING_PROOF: (
        "Google has changed this sign-in: it now asks for a proof that only a real phone can give",
        ("a fresh cookie does not help", _UPDATE),
    ),
    "AuthSecurityError": ("Google ties this login to another device", (_AGAIN,)),
    "AuthBindingError": ("Google ties this login to another device", (_AGAIN,)),
    **dict.fromkeys(
        (
            "BadRequest",
            "ClientLoginDisabled",
            "EmptyConsumerPackageOrSig",
            "INVALID_AUDIENCE",
            "INVALID_SCOPE",
            "PermissionDenied",
            "RequestDenied",
            "UNREGISTERED_ON_API_CONSOLE",
        ),
        (_CHANGED, (_UPDATE,)),
    ),
}
_MEANINGS = {fold(word): meaning for word, meaning in _BY_WORD.items()}
_NAMES = {
    fold(name): name
    for name in (
        "Auth",
        "Email",
        "Error",
        "ErrorDetail",
        "Info",
        "issueAdvice",
        "LoggableAuthErrorMessage",
        "Token",
        "Url",
    )
}
"""The names of the fields that are read, by their folded form."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer from the address where phones sign in.

    Attributes:
        status: HTTP status.
        fields: the values of its ``name=value`` lines, by name.
    """

    status: int
    fields: Mapping[str, str]

    @property
    def word(self) -> str:
        """Google's word for the refusal; empty if there is none."""
        return self.fields.get("Error", "")

    @property
    def wants_proof(self) -> bool:
        """True if Google asks for a proof that only a real phone can give."""
        return _PROOF in fold(self.word)

    @property
    def refuses_secret(self) -> bool:
        """True if Google does not accept the cookie, or the token, that was sent."""
        return fold(self.word) == fold(COOKIE_REFUSED)

    @property
    def transient(self) -> bool:
        """True if the same request may succeed in a few minutes."""
        return fold(self.word) in _TRANSIENT or self.status == 429 or self.status >= 500

    def error(self, account: str, again: str) -> GdriveWaError:
        """The error for an answer without the requested token.

        Args:
            account: e-mail address.
            again: the hint for a refusal that another sign-in can resolve.
        """
        if self.transient:
            return NetworkError(
                f"Google's sign-in service is not working right now ({self.word or self.status})",
                hint="try again in a few minutes",
            )
        word = fold(self.word)
        if word in _NEVER_ALLOWED or (not word and "issueAdvice" in self.fields):
            return _never_allowed(account)
        if word.startswith(_MANAGED):
            return _managed(self.word)
        return self._refusal(again)

    def _refusal(self, again: str) -> CredentialsError:
        message, steps = self._meaning()
        url = self.fields.get("Url", "")
        own = {
            _AGAIN: again,
            _URL: f"or open {url}" if url.startswith("https:") else "",
        }
        hints = (CABLE, *(own.get(step, step) for step in steps), WHAT_ANDROID_IS)
        return CredentialsError(
            f"{message} ({self.word or 'without a reason'}){self._said()}",
            hint=tuple(filter(None, hints)),
        )

    def _meaning(self) -> tuple[str, tuple[str, ...]]:
        """The meaning of the refusal, and the hints. Google's more specific word takes priority."""
        if self.wants_proof:
            return _MEANINGS[fold(MISSING_PROOF)]
        for name in ("Info", "Error"):
            if meaning := _MEANINGS.get(fold(self.fields.get(name, ""))):
                return meaning
        return "Google refused the sign-in", (_OTHER_DAY,)

    def _said(self) -> str:
        """Google's own sentence, if it sent one."""
        for name in ("LoggableAuthErrorMessage", "ErrorDetail"):
            if text := " ".join(self.fields.get(name, "").split())[:_LONGEST_TEXT].rstrip("."):
                return f": {text}"
        return ""


def read_answer(status: int, raw: bytes) -> Answer:
    """Read a body: lines of ``name=value``, or a JSON object. Never fails."""
    text = raw.decode("utf-8-sig", "replace")
    lines = [line.partition("=")[::2] for line in text.splitlines()]
    pairs = _pairs_in_json(text) if text.lstrip().startswith("{") else lines
    return Answer(
        status, {_NAMES.get(fold(name), name.strip()): value.strip() for name, value in pairs}
    )


def _pairs_in_json(text: str) -> list[tuple[str, str]]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return []
    error = fields.get("error")
    if isinstance(error, dict):
        fields = {"Error": error.get("status"), "ErrorDetail": error.get("message")}
    return [(name, value) for name, value in fields.items() if isinstance(value, str)]


def _never_allowed(account: str) -> CredentialsError:
    return CredentialsError(
        f"{account} has never given WhatsApp access to its Google storage, so it most likely"
        " holds no backup",
        hint=(
            "is it the phone's account? WhatsApp shows it in Settings > Chats > Chat backup",
            f"sign in with that account: {ANDROID_LOGIN}",
            CABLE,
        ),
    )


def _managed(word: str) -> CredentialsError:
    return CredentialsError(
        f"the administrator of this Workspace account does not allow this sign-in ({word})",
        hint=(
            CABLE,
            _ADMINISTRATOR,
        ),
    )
