"""The consent page, the token endpoint and revocation, for installed programs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from gdrive_wa.emulation.account import Account, Client
from gdrive_wa.emulation.http import Request, Response, as_html, as_json, redirect
from gdrive_wa.emulation.sign_in_pages import blocked_page, consent_page, warning_page
from gdrive_wa.emulation.tokens import Code, Grant, Tokens, same_secret

_UNDERSTOOD = "understood"
"""In the query, this says that the user has seen the warning about an unverified app."""
_TESTING = "The app is being tested, and only testers that its developer has approved can use it."


@dataclass(frozen=True, slots=True)
class SignIn:
    """The endpoints ``/auth``, ``/token`` and ``/revoke``.

    Attributes:
        accounts: the accounts that can sign in.
        tokens: all issued tokens.
        auto_consent: give consent without showing the page.
    """

    accounts: Sequence[Account]
    tokens: Tokens
    auto_consent: bool = False

    def consent(self, request: Request) -> Response:
        """``/auth``: GET shows the pages one after the other; the buttons of the last one send
        POST."""
        asked = request.query
        refused = self._refuse(asked)
        if refused is not None:
            word, status, why = refused
            return as_html(blocked_page(word, status, why), status=status)
        form = request.form if request.method == "POST" else {}
        if request.method == "POST" and form.get("decision") != "allow":
            return _back(asked, {"error": "access_denied"})
        if request.method == "POST" or self.auto_consent:
            email = form.get("account") or asked.get("login_hint")
            return self._allow(asked, email)
        return self._show(asked)

    def token(self, request: Request) -> Response:
        """``/token``: exchange a code or a refresh token for an access token."""
        form = request.form
        client_id, client_secret = _client_of(request)
        client = self._client(client_id, client_secret)
        if client is None:
            found = self._known(client_id) is not None
            text = "Unauthorized" if found else "The OAuth client was not found."
            return _oauth_error("invalid_client", text, status=401)
        if client.error:
            return _oauth_error(client.error, "The OAuth client was refused.", status=401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(form, client)
            case "refresh_token":
                return self._refresh(form, client)
        return _oauth_error("unsupported_grant_type", "Invalid grant_type")

    def revoke(self, request: Request) -> Response:
        """``/revoke``: revoke a token."""
        token = request.form.get("token") or request.query.get("token", "")
        if self.tokens.revoke(token):
            return as_json({})
        return _oauth_error("invalid_token", "Token expired or revoked")

    def _refuse(self, asked: Mapping[str, str]) -> tuple[str, int, str] | None:
        """Google's code, the status, and the message for an invalid request."""
        target = urlsplit(asked.get("redirect_uri", ""))
        client = self._known(asked.get("client_id", ""))
        if client is None:
            return "invalid_client", 401, "The OAuth client was not found."
        if (
            client.kind != "installed"
            or target.scheme != "http"
            or target.hostname not in ("127.0.0.1", "localhost", "::1")
        ):
            return "redirect_uri_mismatch", 400, "This app's request is invalid."
        if asked.get("response_type") != "code":
            return "unsupported_response_type", 400, "Invalid response_type."
        if asked.get("code_challenge_method", "S256") != "S256":
            return "invalid_request", 400, "Only S256 is accepted."
        return None if asked.get("scope") else ("invalid_request", 400, "Missing scope.")

    def _show(self, asked: Mapping[str, str]) -> Response:
        """The next page for the user."""
        chosen = asked.get("login_hint", self.accounts[0].email)
        emails = [each.email for each in self.accounts]
        if chosen in emails and not self._lets_in(chosen):
            return _blocked()
        client = self._known(asked["client_id"])
        if client is not None and not client.verified and _UNDERSTOOD not in asked:
            further = f"/auth?{urlencode({**asked, _UNDERSTOOD: '1'})}"
            tested = chosen in emails and "testers" in self._settings(chosen)
            return as_html(warning_page(further, tested=tested))
        return as_html(consent_page(asked["scope"].split(), emails, chosen))

    def _allow(self, asked: Mapping[str, str], email: str | None) -> Response:
        emails = [account.email for account in self.accounts]
        email = emails[0] if email is None else email
        client = self._known(asked["client_id"])
        if email not in emails or client is None:
            return _back(asked, {"error": "access_denied"})
        if not self._lets_in(email):
            return _blocked()
        code = Code(
            Grant(email, frozenset(asked["scope"].split()), client.whatsapp, client.client_id),
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge"),
            offline=asked.get("access_type") == "offline",
        )
        return _back(asked, {"code": self.tokens.issue_code(code), "scope": asked["scope"]})

    def _exchange(self, form: Mapping[str, str], client: Client) -> Response:
        code = self.tokens.redeem(form.get("code", ""))
        if code is None or code.grant.client_id != client.client_id:
            return _oauth_error("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.redirect_uri:
            return _oauth_error("redirect_uri_mismatch", "Bad Request")
        if code.challenge is not None and _challenge(form) != code.challenge:
            return _oauth_error("invalid_grant", "Invalid code verifier.")
        answer = self._access(code.grant)
        if code.offline:
            answer["refresh_token"] = self.tokens.issue_refresh(code.grant)
        return as_json(answer)

    def _refresh(self, form: Mapping[str, str], client: Client) -> Response:
        grant = self.tokens.refreshable(form.get("refresh_token", ""))
        if grant is None or grant.client_id != client.client_id:
            return _oauth_error("invalid_grant", "Token has been expired or revoked.")
        if self._settings(grant.email).get("reauthenticate"):
            return _oauth_error("invalid_grant", "reauth related error", subtype="invalid_rapt")
        return as_json(self._access(grant))

    def _access(self, grant: Grant) -> dict[str, object]:
        return {
            "access_token": self.tokens.issue(grant),
            "expires_in": max(int(self.tokens.lifetime), 1),
            "scope": " ".join(sorted(grant.scopes or ())),
            "token_type": "Bearer",
        }

    def _settings(self, email: str) -> Mapping[str, Any]:
        return next(each.settings for each in self.accounts if each.email == email)

    def _lets_in(self, email: str) -> bool:
        """False for an app in testing if `email` is not one of its test users."""
        testers = self._settings(email).get("testers")
        return testers is None or email in testers

    def _known(self, client_id: str) -> Client | None:
        for account in self.accounts:
            for client in account.clients:
                if client.client_id == client_id:
                    return client
        return None

    def _client(self, client_id: str, client_secret: str) -> Client | None:
        client = self._known(client_id)
        if client is None or not same_secret(client.client_secret, client_secret):
            return None
        return client


def _blocked() -> Response:
    return as_html(blocked_page("access_denied", 403, _TESTING), status=403)


def _client_of(request: Request) -> tuple[str, str]:
    """The client of a request, from the form or HTTP Basic."""
    form = request.form
    if "client_secret" in form:
        return form.get("client_id", ""), form["client_secret"]
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote(user), unquote(password)
    return form.get("client_id", ""), ""


def _challenge(form: Mapping[str, str]) -> str:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _back(asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    answer = dict(answer)
    if "state" in asked:
        answer["state"] = asked["state"]
    target = asked["redirect_uri"]
    return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}")


def _oauth_error(
    error: str, description: str, *, status: int = 400, subtype: str | None = None
) -> Response:
    answer = {"error": error, "error_description": description}
    if subtype is not None:
        answer["error_subtype"] = subtype
    return as_json(answer, status=status)
