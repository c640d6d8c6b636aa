"""Ask for consent in a browser, with an OAuth client of the user's own."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError, UsageError
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.client_file import OAuthClient
from gdrive_wa.google.oauth_errors import OAuthAnswer, read_answer
from gdrive_wa.google.ways import AUDIENCE_PAGE, CLIENTS_PAGE, NEW_CLIENT
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.trust import untrusted_error

_NOTHING = "run gdrive-wa login again, and allow access in the browser; if it shows an error:"
_OTHER_MACHINE = (
    "the browser cannot connect to 127.0.0.1: it runs on another machine; use --no-browser, which"
    " shows how to reach this one"
)
_CAUSES = (
    (
        "'Access blocked', Error 403: access_denied: add the account to the test users at"
        f" {AUDIENCE_PAGE}"
    ),
    (
        "the warning 'Google hasn't verified this app': it is your own, so choose Continue, or"
        " Advanced and then 'Go to …'"
    ),
    f"Error 400: redirect_uri_mismatch or invalid_request: {NEW_CLIENT}",
    f"Error 401: invalid_client or deleted_client: look for the client at {CLIENTS_PAGE}",
    (
        "Error 400: admin_policy_enforced, or Error 403: org_internal: ask the administrator of the"
        " Workspace account"
    ),
    _OTHER_MACHINE,
)
"""The browser's error pages that never redirect back, and hints for them."""
_OTHER_KIND = (
    "this client may be of the kind 'TVs and Limited Input devices', which does not work here:"
    f" {NEW_CLIENT}"
)
_OLD_TABS = "the answer to an earlier sign-in arrived instead: close its tabs in the browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """How to ask the user for consent.

    Attributes:
        opens: whether to open a browser; the address is passed to `say` in any case.
        port: local port for the browser's answer; 0 for a free one.
        timeout: seconds to wait for the browser.
        say: called with each line for the user.
    """

    opens: bool
    port: int
    timeout: int
    say: Callable[[str], None]


def ask_for_consent(
    client: OAuthClient, scopes: tuple[str, ...], endpoints: Endpoints, browser: Browser
) -> Any:
    """Google's credentials for `scopes`, once the user has allowed them in a browser.

    Raises:
        CredentialsError: consent was denied or not given in time, Google refused, or no browser
            could be opened.
        UsageError: the port is in use.
        NetworkError: Google cannot be reached.
    """
    from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415 - slow to import

    from gdrive_wa.google.hardening import harden_session  # noqa: PLC0415 - imports requests

    logging.getLogger("google_auth_oauthlib.flow").setLevel(logging.WARNING)
    logging.getLogger("requests_oauthlib").setLevel(logging.WARNING)
    flow = InstalledAppFlow.from_client_config(client.to_config(endpoints), list(scopes))
    harden_session(flow.oauth2session, endpoints)
    flow.oauth2session.register_compliance_hook("access_token_response", _check)
    with _insecure_on_loopback(endpoints):
        answer = _wait(flow, client, browser)
        with _fetch_errors():  # oauthlib accepts a code from https only, even over loopback
            token = flow.fetch_token(authorization_response=answer.replace("http", "https", 1))
            token.setdefault("expires_at", time.time())  # unknown: it is renewed at its first use
            return flow.credentials


def _wait(flow: Any, client: OAuthClient, browser: Browser) -> str:
    """The address that the browser came back to, with a code in it."""
    from gdrive_wa.google.callback import CallbackServer  # noqa: PLC0415 - only here

    state = secrets.token_urlsafe(24)
    with _port_errors(browser.port):
        server = CallbackServer(browser.port, state)
    with server:
        flow.redirect_uri = server.url
        address, _ = flow.authorization_url(access_type="offline", prompt="consent", state=state)
        browser.say("waiting for you to allow access in the browser …")
        if browser.opens:
            _open(address)
        else:
            browser.say(_tunnel(browser.port))
        browser.say(f"open this address to sign in: {address}")
        answer = server.wait(browser.timeout)
    if answer is None:
        raise _nothing_came(client, browser, strays=server.strays)
    if words := parse_qs(urlsplit(answer).query).get("error"):
        raise OAuthAnswer(0, words[0]).sign_in_error()
    return answer


def _tunnel(port: int) -> str:
    fixed = "" if port else "run this with --port 8085, and "
    way = f"{port or 8085}:127.0.0.1:{port or 8085}"
    return f"is the browser on another machine? {fixed}run there: ssh -L {way} THIS_MACHINE"


def _open(address: str) -> None:
    import webbrowser  # noqa: PLC0415 - only here

    try:
        webbrowser.get().open(address, new=1)
    except webbrowser.Error as error:
        raise CredentialsError(
            "no browser could be opened",
            hint="use --no-browser, and open the address in any browser",
        ) from error


def _nothing_came(client: OAuthClient, browser: Browser, *, strays: int) -> CredentialsError:
    old_tabs = (_OLD_TABS,) if strays else ()
    other_kind = () if client.redirects else (_OTHER_KIND,)
    return CredentialsError(
        f"access was not allowed within {browser.timeout} seconds",
        hint=(_NOTHING, *old_tabs, *other_kind, *_CAUSES),
    )


def _check(response: Any) -> Any:
    """Raise our own error for a refusal of the token endpoint, before oauthlib reads it."""
    if response.status_code >= 400:
        raise read_answer(response.status_code, response.content).sign_in_error()
    return response


@contextlib.contextmanager
def _port_errors(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"port {port} of this machine is in use", hint="choose another with --port"
        ) from error


@contextlib.contextmanager
def _fetch_errors() -> Iterator[None]:
    """Turn the errors of the sign-in libraries into our own."""
    from oauthlib.oauth2.rfc6749.errors import OAuth2Error  # noqa: PLC0415 - slow to import
    from requests import RequestException  # noqa: PLC0415

    try:
        yield
    except GdriveWaError:
        raise
    except (RequestException, OSError) as error:
        unreachable = NetworkError("Google cannot be reached", hint="check the network connection")
        raise untrusted_error(error, "Google") or unreachable from error
    except Warning as error:  # oauthlib raises one if scopes were left out
        raise CredentialsError(
            "not all of the necessary access was allowed",
            hint="run gdrive-wa login again, and leave every box ticked",
        ) from error
    except (OAuth2Error, ValueError, KeyError) as error:
        raise unreadable("the sign-in") from error


@contextlib.contextmanager
def _insecure_on_loopback(endpoints: Endpoints) -> Iterator[None]:
    """Let oauthlib use plain http, which `Endpoints` allows only for this machine."""
    name = "OAUTHLIB_INSECURE_TRANSPORT"
    if not endpoints.root.startswith("http:") or name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
