"""Sign in: with your own OAuth client in a browser, or like an Android phone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.google import android, logins
from gdrive_wa.google.client_file import OAuthClient, read_client
from gdrive_wa.google.consent import Browser, ask_for_consent
from gdrive_wa.google.logins import Login
from gdrive_wa.google.naming import UNNAMED, account_of
from gdrive_wa.google.pasted import parse_account, parse_cookie
from gdrive_wa.google.tokens import GivenToken, Tokens
from gdrive_wa.http.endpoints import Endpoints

APPDATA_SCOPE = "https://www.googleapis.com/auth/drive.appdata"
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive.readonly"
CLIENT_FILE = "client_secrets.json"
WAIT_SECONDS = 300
CONNECTIONS = "https://myaccount.google.com/connections"
"""Google's page for removing the access of an OAuth client."""
DEVICES = "https://myaccount.google.com/device-activity"
"""Google's page for signing out devices."""


def login_oauth(
    *,
    client_secrets: Path | None = None,
    account: str | None = None,
    drive: bool = False,
    open_browser: bool = True,
    port: int = 0,
    timeout: int = WAIT_SECONDS,
    endpoint: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Login:
    """Sign in through a browser, and store the login.

    Args:
        client_secrets: the user's own OAuth client file (desktop kind); by default
            ``client_secrets.json`` in the config folder, or the client of the stored login.
        account: e-mail address; if None, Google is asked for it.
        drive: ask to read the user's own Drive too, for the source ``drive``. If `account` has a
            stored login with this access, it is asked for again.
        open_browser: whether to open a browser; the address is passed to `say` in any case.
        port: local port for the browser's answer; 0 for a free one.
        timeout: seconds to wait for the browser.
        endpoint: address of a server to use instead of Google's.
        say: called with each line for the user.

    Raises:
        CredentialsError: consent was denied or not given in time, or Google refused.
        UsageError: the client file is missing or not valid, or the port is in use.
        NetworkError: Google cannot be reached.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    known = _known_login(account)
    client = _client(client_secrets, known)
    # signing in again to a named account keeps the access that it had
    drive = drive or (account is not None and known is not None and DRIVE_SCOPE in known.scopes)
    scopes = (APPDATA_SCOPE, DRIVE_SCOPE) if drive else (APPDATA_SCOPE,)
    browser = Browser(opens=open_browser, port=port, timeout=timeout, say=say)
    credentials = ask_for_consent(client, scopes, endpoints, browser)
    login = Login(
        account=account or UNNAMED,
        provider="oauth",
        scopes=tuple(credentials.scopes or scopes),
        expires=credentials.expiry.isoformat() + "Z" if credentials.expiry else None,
        fields=json.loads(credentials.to_json()),
    )
    if login.account != UNNAMED:
        return logins.store(login)
    return _store_named(login, GivenToken(Secret(str(credentials.token))), endpoints)


def _store_named(login: Login, tokens: Tokens, endpoints: Endpoints) -> Login:
    """Store `login` under the address of its account. If Google does not provide the address, the
    login is stored without it, and the error is raised."""
    try:
        account = account_of(tokens, endpoints)
    except (CredentialsError, NetworkError) as error:
        logins.store(login)
        raise type(error)(error.message, hint=(*error.hints, _kept(login))) from error
    if UNNAMED in logins.accounts():  # of an earlier attempt
        logins.remove(UNNAMED)
    return logins.store(replace(login, account=account))


def _kept(login: Login) -> str:
    if login.provider == "android":
        command = "gdrive-wa backups"
    elif DRIVE_SCOPE in login.scopes:
        command = "gdrive-wa backups --source drive --folder PATH"
    else:
        command = "gdrive-wa backups --source appdata"
    return f"the sign-in itself worked and is stored; once this problem is solved, run: {command}"


def login_android(*, account: str, oauth_token: Secret, endpoint: str | None = None) -> Login:
    """Sign in the way an Android phone does, and store the login.

    Unofficial, and only for the owner of the account. The master token gives access to the whole
    account, so it is stored in the keyring, or in a file that only its owner can read.

    Args:
        account: e-mail address.
        oauth_token: the single-use cookie of Google's page for embedded sign-in.
        endpoint: address of a server to use instead of Google's.

    Raises:
        UsageError: `account` is not an e-mail address, or `oauth_token` is not that cookie; nothing
            was sent.
        CredentialsError: Google refused, or the cookie belongs to another account.
        NetworkError: Google cannot be reached.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    account, cookie = parse_account(account), parse_cookie(oauth_token)
    device = secrets.token_hex(8)
    master = android.exchange(account, cookie, device, endpoints)
    fields = {"master_token": master.reveal(), "android_id": device}
    # stored at once: the cookie cannot be used again, and the master token is valid
    login = logins.store(
        Login(account=account, provider="android", scopes=(APPDATA_SCOPE,), fields=fields)
    )
    try:
        android.AndroidTokens(account, fields, endpoints, is_new=True).token()
    except (CredentialsError, NetworkError) as error:
        raise type(error)(error.message, hint=(*error.hints, _kept(login))) from error
    return login


def logout(
    account: str | None = None,
    *,
    endpoint: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> str:
    """Revoke a login at Google, and remove it from this machine; returns its account.

    It is removed even if Google cannot be reached.

    Args:
        account: e-mail address; by default that of the default login.
        endpoint: address of a server to use instead of Google's.
        say: called with what the user still has to do at Google.

    Raises:
        CredentialsError: no such login is stored.
    """
    name = logins.find_account(account)
    if name is None:
        if account is None:
            raise CredentialsError(
                "no login is stored on this machine",
                hint=f"to end a login of another machine, remove its access at {CONNECTIONS}",
            )
        raise CredentialsError(
            f"no login is stored for {account}",
            hint="to see which accounts have a login, run: gdrive-wa whoami",
        )
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    try:
        login = logins.load(name)
        if login.provider == "android":
            say(f"Google still lists the device that this login created: remove it at {DEVICES}")
        elif not _revoke(login, endpoints):
            say(f"the login could not be revoked at Google: remove its access at {CONNECTIONS}")
    except GdriveWaError:  # the login cannot be read, so it cannot be revoked
        say(f"the login could not be revoked at Google: remove its access at {CONNECTIONS}")
    finally:
        logins.remove(name)
    return name


def _revoke(login: Login, endpoints: Endpoints) -> bool:
    """Revoke a login. True if it has ended, also if Google no longer knew it."""
    import requests  # noqa: PLC0415 - slow to import

    from gdrive_wa.google.hardening import harden_session  # noqa: PLC0415 - imports requests

    token = login.fields.get("refresh_token") or login.fields.get("token")
    if not token:
        return False
    try:
        with requests.Session() as session:
            answer = harden_session(session, endpoints).post(
                endpoints.revoke, data={"token": token}
            )
    except requests.RequestException:
        return False
    return answer.status_code in (200, 400)


def whoami(account: str | None = None) -> Login:
    """The stored login of `account`, or the default one.

    Raises:
        CredentialsError: none is stored, or it cannot be read.
    """
    return logins.load(account)


def _client(path: Path | None, known: Login | None) -> OAuthClient:
    """The client in `path`, or in the config folder, or that of the stored login."""
    default = logins.config_folder() / CLIENT_FILE
    if path is not None or default.exists() or known is None:
        return read_client(path or default)
    fields = known.fields
    return OAuthClient(str(fields["client_id"]), Secret(str(fields["client_secret"])))


def _known_login(account: str | None) -> Login | None:
    """The stored browser login that this sign-in renews; None if there is none."""
    name = logins.find_account(account)
    if name is None or logins.providers().get(name) != "oauth":
        return None
    try:
        login = logins.load(name)
    except CredentialsError:
        return None
    return login if {"client_id", "client_secret"} <= login.fields.keys() else None
