"""Route each request to the service that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from gdrive_wa.emulation import backup_service, drive, transient
from gdrive_wa.emulation.account import Account
from gdrive_wa.emulation.android import AndroidSignIn
from gdrive_wa.emulation.http import Request, Response, as_html, google_error
from gdrive_wa.emulation.oauth import SignIn
from gdrive_wa.emulation.tokens import Tokens
from gdrive_wa.emulation.transient import TransientMedia


class Router:
    """All of Google's addresses, below one root.

    Args:
        accounts: the accounts that can sign in.
        tokens: all issued tokens.
        root: the emulator's own URL.
        auto_consent: give consent without showing the page.
    """

    def __init__(
        self, accounts: Sequence[Account], tokens: Tokens, root: str, *, auto_consent: bool
    ) -> None:
        self._tokens = tokens
        self._root = root
        sign_in = SignIn(accounts, tokens, auto_consent)
        self._routes = {
            "/": self._front,
            "/auth": sign_in.consent,
            "/token": sign_in.token,
            "/revoke": sign_in.revoke,
            "/android/auth": AndroidSignIn(accounts, tokens, root).answer,
        }
        self._transient = TransientMedia(accounts)
        by_email = {account.email: account for account in accounts}
        self._services = (
            (backup_service.PREFIX, backup_service.BackupService(by_email)),
            (drive.PREFIX, drive.Drive(by_email)),
        )

    def answer(self, request: Request) -> Response:
        """Answer one request, for any service."""
        route = self._routes.get(request.path)
        if route is not None:
            return route(request)
        if request.path.startswith(transient.PREFIX):
            return self._transient.answer(request)
        for prefix, service in self._services:
            if not request.path.startswith(prefix):
                continue
            grant = self._tokens.check(request.bearer)
            if grant is None:
                return _unauthorised()
            if request.method != "GET":
                return google_error(405, "Only reading is emulated.", reason="methodNotAllowed")
            return service.answer(request, grant)
        return google_error(404, "Not Found", reason="notFound")

    def _front(self, _: Request) -> Response:
        return as_html(
            "<!doctype html><title>gdrive-wa emulator</title><h1>gdrive-wa emulator</h1>"
            f"<p>Point gdrive-wa here: <code>--endpoint {self._root}</code></p>"
        )


def _unauthorised() -> Response:
    response = google_error(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        reason="authError",
    )
    response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return response
