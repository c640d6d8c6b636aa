"""From a stored login, or a token from outside, to a session that can ask Google."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from datetime import datetime
from typing import Any

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.google import logins
from gdrive_wa.google.android import AndroidTokens
from gdrive_wa.google.logins import Login
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE, Endpoints
from gdrive_wa.http.session import Session
from gdrive_wa.http.tokens import GivenToken, RenewedTokens, Tokens
from gdrive_wa.http.trust import untrusted_error

TOKEN_VARIABLE = "GDRIVE_WA_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


def open_session(
    *, account: str | None = None, endpoint: str | None = None, token: Secret | None = None
) -> tuple[Session, Endpoints]:
    """A session, and the addresses it is for.

    A token given here wins, then ``GDRIVE_WA_ACCESS_TOKEN``, then the stored login.

    Raises:
        CredentialsError: nobody is logged in.
        UsageError: the endpoint would not be safe.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get(ENDPOINT_VARIABLE))
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token is not None or given:
        return Session(GivenToken(token or Secret(given))), endpoints
    return Session(_tokens(logins.load(account), endpoints)), endpoints


class OAuthTokens(RenewedTokens):
    """Access tokens of a login through a browser, refreshed by google-auth."""

    def __init__(self, login: Login, endpoints: Endpoints) -> None:
        super().__init__()
        self._login = login
        self._endpoints = endpoints
        self._credentials = _credentials(login, endpoints)
        if self._credentials.token and self._credentials.valid:
            self._current = Secret(self._credentials.token)

    def fetch(self) -> Secret:
        """A fresh token; the stored login is brought up to date."""
        import requests  # noqa: PLC0415 - slow to import
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415

        from gdrive_wa.google.hardening import harden_session  # noqa: PLC0415 - imports requests

        try:
            with requests.Session() as session:
                self._credentials.refresh(Request(harden_session(session, self._endpoints)))
        except TransportError as error:
            unreachable = NetworkError(
                "Google cannot be reached to renew the login", hint="check the network"
            )
            raise untrusted_error(error, "Google") or unreachable from error
        except GoogleAuthError as error:
            raise _ended(self._login.account, error) from error
        self._remember()
        return Secret(str(self._credentials.token))

    def _remember(self) -> None:
        expiry = self._credentials.expiry
        renewed = replace(
            self._login,
            fields=json.loads(self._credentials.to_json()),
            expires=f"{expiry.isoformat()}Z" if expiry else None,
        )
        with contextlib.suppress(GdriveWaError):  # the token is good, wherever it is not kept
            logins.update(renewed)


def _credentials(login: Login, endpoints: Endpoints) -> Any:
    """What google-auth makes of a stored login.

    Built here, for its own reader of stored logins goes to Google's own address whatever they say.
    """
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - slow to import

    fields = {
        name: text
        for name in ("token", "refresh_token", "client_id", "client_secret")
        if (text := login.fields.get(name)) and isinstance(text, str)
    }
    if not fields.keys() >= {"refresh_token", "client_id", "client_secret"}:
        raise CredentialsError(f"the stored login of {login.account} cannot be used")
    return Credentials(  # type: ignore[no-untyped-call]
        token=fields.pop("token", None),
        token_uri=endpoints.token,
        expiry=_expiry(login.fields.get("expiry")),
        **fields,
    )


def _expiry(text: object) -> datetime | None:
    """When a token ends, UTC without saying so, as google-auth wants it; a token whose end is
    not known is taken to be over."""
    try:
        moment = datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return datetime(1970, 1, 1)  # noqa: DTZ001 - see above
    return moment


def _ended(account: str, error: Exception) -> GdriveWaError:
    """Google did not renew a login: for now, or because it has ended."""
    details = next((part for part in error.args if isinstance(part, dict)), {})
    reason = details.get("error")
    if getattr(error, "retryable", False) or not isinstance(reason, str):
        return NetworkError(
            "Google's service failed to renew the login", hint="try again in some minutes"
        )
    if reason in ("invalid_client", "deleted_client", "unauthorized_client", "disabled_client"):
        return CredentialsError(
            f"Google no longer knows the OAuth client that {account} logged in with",
            hint="make a new one in Google's console, then: gdrive-wa login",
        )
    return CredentialsError(
        f"the login of {account} has ended",
        hint=(
            "log in again with: gdrive-wa login",
            "a client in 'Testing' loses its logins after 7 days: publish it",
        ),
    )


def _tokens(login: Login, endpoints: Endpoints) -> Tokens:
    if login.provider == "android":
        return AndroidTokens(login.account, login.fields, endpoints)
    return OAuthTokens(login, endpoints)
