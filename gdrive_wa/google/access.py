"""Open a session at Google with a stored login, or with an access token from outside."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from datetime import datetime
from typing import Any

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.google import logins
from gdrive_wa.google.android import AndroidTokens
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.logins import Login
from gdrive_wa.google.naming import UNNAMED, named
from gdrive_wa.google.oauth_errors import OAuthAnswer, has_token, read_answer
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken, RenewedTokens, Tokens
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE, Endpoints
from gdrive_wa.http.trust import untrusted_error

TOKEN_VARIABLE = "GDRIVE_WA_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


def open_session(
    *,
    account: str | None = None,
    endpoint: str | None = None,
    token: Secret | None = None,
    retry_policy: RetryPolicy | None = None,
) -> tuple[Session, Endpoints]:
    """Open a session; returns it with its addresses.

    `token` is preferred, then ``GDRIVE_WA_ACCESS_TOKEN``, then the stored login.

    Raises:
        CredentialsError: no login is stored.
        UsageError: the endpoint is not an address, or not safe.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get(ENDPOINT_VARIABLE))
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token is not None or given:
        tokens: Tokens = GivenToken(token or Secret(given))
    else:
        tokens = _tokens(logins.load(account), endpoints)
    session = Session(tokens, retry_policy=retry_policy)
    session.as_phone = isinstance(tokens, AndroidTokens)
    return session, endpoints


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
        """A fresh token; the stored login is updated."""
        import requests  # noqa: PLC0415 - slow to import
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415

        from gdrive_wa.google.hardening import harden_session  # noqa: PLC0415 - imports requests

        answers: list[OAuthAnswer] = []

        def check(got: requests.Response, **_options: object) -> None:
            """Raise our own errors: those of google-auth omit parts of Google's answer, such as
            invalid_rapt, and it fails on anything else, such as a web page."""
            answer = read_answer(got.status_code, got.content)
            answers.append(answer)
            if got.status_code == 200 and not has_token(got.content):
                raise unreadable("the renewal of the login")
            if got.status_code >= 400 and not answer.transient:
                raise answer.renewal_error(self._login.account)

        try:
            with requests.Session() as session:
                session.hooks["response"].append(check)
                self._credentials.refresh(Request(harden_session(session, self._endpoints)))
        except TransportError as error:
            unreachable = NetworkError(
                "Google cannot be reached to renew the login", hint="check the network connection"
            )
            raise untrusted_error(error, "Google") or unreachable from error
        except GoogleAuthError as error:
            last = answers[-1] if answers else OAuthAnswer(0, "")
            raise last.renewal_error(self._login.account) from error
        self._remember()
        return Secret(str(self._credentials.token))

    def _remember(self) -> None:
        expiry = self._credentials.expiry
        renewed = replace(
            self._login,
            fields=json.loads(self._credentials.to_json()),
            expires=f"{expiry.isoformat()}Z" if expiry else None,
        )
        with contextlib.suppress(
            GdriveWaError
        ):  # the token can be used even if it cannot be stored
            logins.update(renewed)


def _credentials(login: Login, endpoints: Endpoints) -> Any:
    """Credentials of google-auth for a stored login.

    They are built here because google-auth's own reader always uses Google's token address.
    """
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - slow to import

    fields = {
        name: text
        for name in ("token", "refresh_token", "client_id", "client_secret")
        if (text := login.fields.get(name)) and isinstance(text, str)
    }
    if not fields.keys() >= {"refresh_token", "client_id", "client_secret"}:
        raise CredentialsError(
            f"the stored login of {login.account} is incomplete",
            hint=f"log in again with: gdrive-wa login --account {login.account}",
        )
    return Credentials(  # type: ignore[no-untyped-call]
        token=fields.pop("token", None),
        token_uri=endpoints.token,
        expiry=_expiry(login.fields.get("expiry")),
        **fields,
    )


def _expiry(text: object) -> datetime | None:
    """When a token expires: UTC without a time zone, as google-auth expects. A token without a
    readable time counts as expired."""
    try:
        moment = datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return datetime(1970, 1, 1)  # noqa: DTZ001 - see above
    return moment


def _tokens(login: Login, endpoints: Endpoints) -> Tokens:
    if login.provider == "android":
        return AndroidTokens(login.account, login.fields, endpoints)
    tokens = OAuthTokens(login, endpoints)
    if login.account != UNNAMED:
        return tokens
    now = named(login, tokens, endpoints)
    return tokens if now is login else OAuthTokens(now, endpoints)
