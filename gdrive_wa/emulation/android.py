"""The sign-in that Google Play Services does on a phone: lines of ``key=value``, both ways.

One address, ``/android/auth``, does two things. The ``oauth_token`` cookie of the sign-in page
becomes a master token, bound to a device; a master token becomes an access token for one
application. A refusal is ``Error=…`` with status 403, or 503 for a temporary failure. The cookie
decides who signs in, whatever address was given.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gdrive_wa.emulation.account import Account
from gdrive_wa.emulation.http import Request, Response, whole_number
from gdrive_wa.emulation.tokens import Device, Grant, Tokens

OLDEST_PLAY_SERVICES = 240913000
WHATSAPP_APPS = ("com.whatsapp", "com.whatsapp.w4b")
WHATSAPP_SIGNATURE = "38a0f7d505fe18fec64fbf343ecaaaf310dbd799"
_SCOPES = "oauth2:"
_TRANSIENT = {"ServiceUnavailable", "InternalError"}


@dataclass(frozen=True, slots=True)
class AndroidSignIn:
    """The address ``/android/auth``.

    Attributes:
        accounts: the accounts that can sign in.
        tokens: all issued tokens.
        root: the emulator's own URL, for redirects of a browser.
    """

    accounts: Sequence[Account]
    tokens: Tokens
    root: str

    def answer(self, request: Request) -> Response:
        """Answer a request of either kind."""
        form = request.form
        version = whole_number(form.get("google_play_services_version", "0"))
        if version is None or version < OLDEST_PLAY_SERVICES:
            return _refused("ServiceDisabled")
        if form.get("ACCESS_TOKEN") == "1":
            return self._sign_in(form)
        return self._access(form)

    def _sign_in(self, form: Mapping[str, str]) -> Response:
        account = self._account(form.get("Email", ""))
        if not _proves(account, form):
            return _refused("MissingDroidguard")
        if account is not None and account.settings.get("browser_first"):
            return self._send_to_browser(account)
        email = self.tokens.redeem_cookie(form.get("Token", ""))
        account = self._account(email or "")
        android_id = form.get("androidId", "")
        if account is None or not android_id:
            return _refused("BadAuthentication")
        wanted = account.settings.get("android_id")
        if wanted is not None and wanted != android_id:
            return _refused("BadAuthentication")
        if account.settings.get("managed"):
            return _refused("DeviceManagementRequiredOrSyncDisabled")
        if "exchange_error" in account.settings:
            return _refused(account.settings["exchange_error"])
        return _lines(
            {
                "Token": self.tokens.sign_in(Device(account.email, android_id)),
                "Auth": "emulator-ac2dm",
                "Email": account.email,
                "firstName": str(account.settings.get("name", account.email)),
                "services": "mail,hist,googleme",
            }
        )

    def _access(self, form: Mapping[str, str]) -> Response:
        master = form.get("Token") or form.get("EncryptedPasswd", "")
        device = self.tokens.device(master)
        account = self._account(device.email) if device is not None else None
        if device is None or account is None or not self._same_device(device, form):
            return _refused("BadAuthentication")
        if account.settings.get("browser_first"):
            return self._send_to_browser(account)
        if "token_error" in account.settings:
            return _refused(account.settings["token_error"])
        if account.settings.get("whatsapp_never_allowed"):
            return _lines({"issueAdvice": "consent", "Permission": "See its own data in Drive"})
        service = form.get("service", "")
        if not service.startswith(_SCOPES):
            return _refused("ServiceUnavailable")
        whatsapp = form.get("app") in WHATSAPP_APPS and form.get("client_sig") == WHATSAPP_SIGNATURE
        scopes = frozenset(service.removeprefix(_SCOPES).split())
        token = self.tokens.issue(Grant(account.email, scopes, whatsapp, form.get("app", "")))
        return _lines(
            {
                "Auth": token,
                "Expiry": str(int(time.time() + self.tokens.lifetime)),
                "issueAdvice": "auto",
                "grantedScopes": " ".join(sorted(scopes)),
            }
        )

    def _same_device(self, device: Device, form: Mapping[str, str]) -> bool:
        return not device.android_id or form.get("androidId") == device.android_id

    def _account(self, email: str) -> Account | None:
        return next((account for account in self.accounts if account.email == email), None)

    def _send_to_browser(self, account: Account) -> Response:
        url = f"{self.root}/signin/continue?Email={account.email}"
        return _lines({"Error": "NeedsBrowser", "Url": url, "ErrorDetail": ""}, status=403)


def _proves(account: Account | None, form: Mapping[str, str]) -> bool:
    """True if the form has the proof that this account's settings accept."""
    accepted = account.settings.get("droidguard", "null") if account is not None else "null"
    return accepted == form.get("droidguard_results", "absent")


def _refused(word: str) -> Response:
    return _lines({"Error": word}, status=503 if word in _TRANSIENT else 403)


def _lines(answer: Mapping[str, str], *, status: int = 200) -> Response:
    body = "".join(f"{key}={value}\n" for key, value in answer.items()).encode()
    return Response(status, {"Content-Type": "text/plain; charset=utf-8"}, body)
