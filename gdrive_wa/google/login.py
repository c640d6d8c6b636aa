"""Sign in: with your own OAuth client in a browser, or like an Android phone."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError, UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.plain_file import read_plain
from gdrive_wa.google import android, logins
from gdrive_wa.google.logins import Login
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.trust import untrusted_error

APPDATA_SCOPE = "https://www.googleapis.com/auth/drive.appdata"
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive.readonly"
CLIENT_FILE = "client_secrets.json"
WAIT_SECONDS = 300
CONNECTIONS = "https://myaccount.google.com/connections"
DEVICES = "https://myaccount.google.com/device-activity"
"""Google's pages for removing the access that a login gave."""


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
            ``client_secrets.json`` in the config folder.
        account: e-mail address; if None, Google is asked for it.
        drive: ask to read the user's own Drive too, for the source ``drive``.
        open_browser: open a browser; the address is passed to `say` in any case.
        port: local port for the browser's answer; 0 for a free one.
        timeout: seconds to wait for the browser.
        endpoint: root of another server in Google's place.
        say: called with each line for the user.

    Raises:
        CredentialsError: consent was denied or not given in time, or Google refused.
        UsageError: the client file is missing or not valid.
        NetworkError: Google cannot be reached.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    config = _client(client_secrets or logins.config_folder() / CLIENT_FILE, endpoints)
    scopes = (APPDATA_SCOPE, DRIVE_SCOPE) if drive else (APPDATA_SCOPE,)
    credentials = _consent(
        config, scopes, endpoints, open_browser=open_browser, port=port, timeout=timeout, say=say
    )
    token = Secret(str(credentials.token))
    login = Login(
        account=account or _account_of(token, endpoints),
        provider="oauth",
        scopes=tuple(credentials.scopes or scopes),
        expires=credentials.expiry.isoformat() + "Z" if credentials.expiry else None,
        fields=json.loads(credentials.to_json()),
    )
    return logins.store(login)


def login_android(*, account: str, oauth_token: Secret, endpoint: str | None = None) -> Login:
    """Sign in the way an Android phone does, and store the login.

    Unofficial, and only for the owner of the account. The master token gives access to the whole
    account, so it is stored in the keyring, or in a file that only its owner can read.

    Args:
        account: e-mail address.
        oauth_token: the single-use cookie of Google's page for embedded sign-in.
        endpoint: root of another server in Google's place.

    Raises:
        CredentialsError: Google refused; the hint says what to do.
        NetworkError: Google cannot be reached.
    """
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    device = secrets.token_hex(8)
    master = android.exchange(account, oauth_token, device, endpoints)
    fields = {"master_token": master.reveal(), "android_id": device}
    login = Login(account=account, provider="android", scopes=(APPDATA_SCOPE,), fields=fields)
    try:
        android.AndroidTokens(account, fields, endpoints).token()
    except (CredentialsError, NetworkError) as error:
        logins.store(login)  # the cookie cannot be used again, and the master token is valid
        hint = (
            "the sign-in itself worked and is stored; once this is solved, run: gdrive-wa backups"
        )
        raise type(error)(error.message, hint=(*error.hints, hint)) from error
    return logins.store(login)


def logout(
    account: str | None = None,
    *,
    endpoint: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> str:
    """Revoke a login at Google, and remove it from this machine; returns its account.

    It is removed even if Google cannot be reached.

    Args:
        account: e-mail address; by default the one that would be used.
        endpoint: root of another server in Google's place.
        say: called with what is left for the user to do at Google.

    Raises:
        CredentialsError: there is none.
    """
    name = logins.find_account(account)
    if name is None:
        if account is None:
            raise CredentialsError("you are not logged in", hint="there is no login to revoke")
        raise CredentialsError(
            f"no login is stored for {account}", hint="gdrive-wa whoami lists the stored logins"
        )
    endpoints = Endpoints.at(endpoint or os.environ.get("GDRIVE_WA_ENDPOINT"))
    try:
        login = logins.load(name)
        if login.provider == "android":
            say(f"Google still lists the device that this login created: remove it at {DEVICES}")
        elif not _revoke(login, endpoints):
            say(f"the login could not be revoked at Google: remove its access at {CONNECTIONS}")
    except GdriveWaError:  # it cannot be read, and so not revoked
        say(f"the login could not be revoked at Google: remove its access at {CONNECTIONS}")
    finally:
        logins.remove(name)
    return name


def _revoke(login: Login, endpoints: Endpoints) -> bool:
    """Revoke a login; True if it has ended, also if Google no longer knew it."""
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
    """The stored login that would be used.

    Raises:
        CredentialsError: there is none.
    """
    return logins.load(account)


def _client(path: Path, endpoints: Endpoints) -> dict[str, Any]:
    try:
        config = json.loads(read_plain(path))
        kind = next(kind for kind in ("installed", "web") if kind in config)
        client = config[kind]
        known = {name: str(client[name]) for name in ("client_id", "client_secret")}
    except OSError as error:
        raise UsageError(
            f"no OAuth client file named '{path}'",
            hint="create an OAuth client (desktop app) in Google's console, and give its file with"
            " --client-secrets FILE; the README shows how",
        ) from error
    except (ValueError, TypeError, KeyError, StopIteration, RecursionError) as error:
        raise UsageError(
            f"'{path}' is not an OAuth client file",
            hint="download the JSON of a desktop client from Google's console",
        ) from error
    return {"installed": {**known, "auth_uri": endpoints.auth, "token_uri": endpoints.token}}


def _consent(
    config: dict[str, Any],
    scopes: tuple[str, ...],
    endpoints: Endpoints,
    *,
    open_browser: bool,
    port: int,
    timeout: int,
    say: Callable[[str], None],
) -> Any:
    import webbrowser  # noqa: PLC0415 - only here

    from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415
    from oauthlib.oauth2.rfc6749.errors import (  # noqa: PLC0415
        AccessDeniedError,
        OAuth2Error,
    )
    from requests import RequestException  # noqa: PLC0415

    from gdrive_wa.google.callback import CallbackServer  # noqa: PLC0415 - only here
    from gdrive_wa.google.hardening import harden_session  # noqa: PLC0415 - imports requests

    logging.getLogger("google_auth_oauthlib.flow").setLevel(logging.WARNING)
    logging.getLogger("requests_oauthlib").setLevel(logging.WARNING)
    flow = InstalledAppFlow.from_client_config(config, list(scopes))
    harden_session(flow.oauth2session, endpoints)
    say("waiting for you to allow access in the browser …")
    try:
        with _insecure_on_loopback(endpoints), CallbackServer(port) as server:
            flow.redirect_uri = server.url
            address, _ = flow.authorization_url(access_type="offline", prompt="consent")
            if open_browser:
                webbrowser.get().open(address, new=1)
            say(f"open this address to sign in: {address}")
            callback_url = server.wait(timeout)
            if callback_url is not None:
                # oauthlib accepts a code from https only, even over loopback
                flow.fetch_token(authorization_response=callback_url.replace("http", "https", 1))
                return flow.credentials
    except AccessDeniedError as error:
        raise CredentialsError(
            "access was denied in the browser", hint="run gdrive-wa login again, and allow access"
        ) from error
    except (RequestException, ConnectionError) as error:
        unreachable = NetworkError("Google cannot be reached", hint="check the network")
        raise untrusted_error(error, "Google") or unreachable from error
    except webbrowser.Error as error:
        raise CredentialsError(
            "no browser could be opened",
            hint="use --no-browser, and open the address in any browser",
        ) from error
    except OSError as error:
        raise UsageError(
            f"port {port} of this machine is in use", hint="choose another with --port"
        ) from error
    except Warning as error:  # oauthlib raises one if scopes were left out
        raise CredentialsError(
            "not all of the necessary access was allowed",
            hint="run gdrive-wa login again, and leave every box ticked",
        ) from error
    except (OAuth2Error, ValueError, KeyError) as error:
        raise CredentialsError(
            "the sign-in failed: Google refused it, or the answer belonged to another sign-in",
            hint="run gdrive-wa login again, and close other tabs of this sign-in first",
        ) from error
    raise CredentialsError(
        f"access was not allowed within {timeout} seconds",
        hint="run gdrive-wa login again, and allow access in the browser",
    )


def _account_of(token: Secret, endpoints: Endpoints) -> str:
    from gdrive_wa.http.session import Session  # noqa: PLC0415 - only after a sign-in
    from gdrive_wa.http.tokens import GivenToken  # noqa: PLC0415

    session = Session(GivenToken(token))
    name_it = "give the account yourself: gdrive-wa login --account you@example.com"
    try:
        about = session.get_json(
            f"{endpoints.drive}/about", {"fields": "user(emailAddress)"}, what="your account"
        )
        return str(about["user"]["emailAddress"])
    except CredentialsError as error:
        raise CredentialsError(error.message, hint=(*error.hints, name_it)) from error
    except (KeyError, TypeError) as error:
        raise CredentialsError(
            "Google did not say which account this login belongs to", hint=name_it
        ) from error
    finally:
        session.close()


@contextlib.contextmanager
def _insecure_on_loopback(endpoints: Endpoints) -> Iterator[None]:
    """Let oauthlib use plain http, which Endpoints allows to this machine only."""
    name = "OAUTHLIB_INSECURE_TRANSPORT"
    if not endpoints.root.startswith("http:") or name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
