"""``gdrive-wa login`` and ``logout``: sign in to Google and store the login; revoke it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gdrive_wa.core.arguments import (
    PathLike,
    as_count,
    as_optional_path,
    as_optional_secret,
    as_optional_text,
    as_say,
    as_text,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.google import login as google
from gdrive_wa.google.login import WAIT_SECONDS
from gdrive_wa.google.logins import Login

T = TypeVar("T")

PROVIDERS = ("oauth", "android")


def login(
    provider: str = "oauth",
    *,
    account: str | None = None,
    client_secrets: PathLike | None = None,
    oauth_token: Secret | None = None,
    drive: bool = False,
    open_browser: bool = True,
    port: int = 0,
    timeout: int = WAIT_SECONDS,
    endpoint: str | None = None,
    say: Callable[[str], None] | None = None,
) -> Login:
    """Sign in to Google, and store the login in the keyring, or in a file only you can read.

    Args:
        provider: ``oauth`` (a browser, and your own OAuth client: for copies in your own Drive;
            it cannot read WhatsApp's backup at Google) or ``android`` (sign in like a phone:
            unofficial, and the stored token gives access to the whole account).
        account: e-mail address; required for ``android``; for ``oauth``, Google is asked.
        client_secrets: for ``oauth``: the client's file; by default ``client_secrets.json`` in
            the config folder, or the client of the stored login of `account`.
        oauth_token: for ``android``: the single-use cookie of Google's sign-in page.
        drive: for ``oauth``: ask to read your own Drive too, for the source ``drive``.
        open_browser: for ``oauth``: open a browser; otherwise, only pass the address to `say`.
        port: for ``oauth``: local port for the browser's answer; 0 for a free one.
        timeout: for ``oauth``: seconds to wait for the browser.
        endpoint: root of another server in Google's place; also ``GDRIVE_WA_ENDPOINT``.
        say: called with each line for the user, such as ``print``.

    Returns:
        The login, and where it is stored. Its secrets are not shown.

    Raises:
        UsageError: an argument is wrong or missing, or the client file cannot be used.
        CredentialsError: consent was denied or not given in time, or Google refused.
        NetworkError: Google cannot be reached.
    """
    account = as_optional_text(account, "account")
    endpoint = as_optional_text(endpoint, "endpoint")
    if as_text(provider, "provider") == "oauth":
        return google.login_oauth(
            client_secrets=as_optional_path(client_secrets, "client_secrets"),
            account=account,
            drive=drive,
            open_browser=open_browser,
            port=as_count(port, "port", least=0),
            timeout=as_count(timeout, "timeout"),
            endpoint=endpoint,
            say=as_say(say),
        )
    if provider != "android":
        raise UsageError(f"no provider named {provider!r}", hint=f"use {' or '.join(PROVIDERS)}")
    token = as_optional_secret(oauth_token, "oauth_token")
    return google.login_android(
        account=_required(account, "account"),
        oauth_token=_required(token, "oauth_token"),
        endpoint=endpoint,
    )


def logout(
    account: str | None = None,
    *,
    endpoint: str | None = None,
    say: Callable[[str], None] | None = None,
) -> str:
    """Revoke a login at Google, and remove it from this machine even if Google cannot be reached.

    Args:
        account: e-mail address; by default that of the default login.
        endpoint: root of another server in Google's place; also ``GDRIVE_WA_ENDPOINT``.
        say: called with the remaining steps for the user at Google.

    Returns:
        The e-mail address of the login that was removed.

    Raises:
        CredentialsError: this machine has no such login.
        UsageError: an argument has the wrong type.
    """
    account = as_optional_text(account, "account")
    endpoint = as_optional_text(endpoint, "endpoint")
    return google.logout(account, endpoint=endpoint, say=as_say(say))


def _required(value: T | None, name: str) -> T:
    if value is None:
        raise UsageError(
            f"the provider android needs the argument {name!r}", hint=f"give it as {name}=…"
        )
    return value
