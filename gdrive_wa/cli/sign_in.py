"""Choose a way to sign in, and ask for what it needs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.client_file import read_client
from gdrive_wa.google.login import CLIENT_FILE
from gdrive_wa.google.logins import config_folder, find_account, providers
from gdrive_wa.google.pasted import parse_account, parse_cookie
from gdrive_wa.google.ways import (
    ANDROID,
    CABLE,
    COPY_IN_DRIVE,
    EMBEDDED_SETUP,
    NEW_CLIENT,
    WHAT_A_CLIENT_IS,
    WHAT_ANDROID_IS,
)

_TRIES = 3
_LONGEST_PASTE = 65536
_WAYS = """Where is the backup?
1. On an Android phone that you have: a cable is the surest way, and you need no sign-in.
2. At Google, where WhatsApp put it: you sign in the way an Android phone does. That is
   unofficial, and Google may refuse it.
3. In your own Google Drive, where you put a copy: you need an OAuth client of your own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What is known about a sign-in.

    Attributes:
        provider: ``oauth`` or ``android``; None if it is not chosen yet.
        account: e-mail address.
        client_secrets: the file of an OAuth client.
        drive: read the user's own Drive too.
        through_browser: an option was given that applies only to a sign-in through a browser.
    """

    provider: str | None
    account: str | None
    client_secrets: Path | None
    drive: bool
    through_browser: bool


def choose(sign_in: SignIn) -> SignIn | None:
    """Add to `sign_in` the provider, and what that provider needs; None if no sign-in is needed.

    What is missing is asked for at the terminal.

    Raises:
        UsageError: something is missing, and there is no terminal to ask at.
    """
    asked = replace(sign_in, provider=sign_in.provider or _implied(sign_in))
    if asked.provider is None:
        chosen = _ask_for_way(asked)
        if chosen is None:
            return None
        asked = chosen
    if asked.provider == "android":
        return replace(asked, account=_account(asked.account))
    return asked


def read_cookie() -> Secret:
    """Ask for the cookie at a hidden prompt, or read it from stdin; it is never an argument.

    Raises:
        UsageError: the input is empty, or is not the cookie.
    """
    if not sys.stdin.isatty():
        return _piped_cookie()
    output.messages().say(
        f"{_sentence(WHAT_ANDROID_IS)}.\n"
        "What it stores opens your whole account; gdrive-wa logout removes it.\n"
        f"{_sentence(CABLE)}\n\n"
        f"1. Open {EMBEDDED_SETUP} in a browser, and sign in as the owner of the phone.\n"
        "2. Agree. The page then keeps loading and never finishes; that is normal.\n"
        "3. Press F12. Under Application or Storage, open Cookies, and copy the value of the\n"
        "   cookie named oauth_token. It begins with oauth2_4/, and is good for ten minutes."
    )
    for _ in range(_TRIES - 1):
        try:
            return _typed_cookie()
        except UsageError as error:
            output.print_error(error.message, error.hints)
    return _typed_cookie()


def _implied(sign_in: SignIn) -> str | None:
    """The provider that follows from the given options or the stored login; None if unclear."""
    if sign_in.through_browser or sign_in.drive or sign_in.client_secrets:
        return "oauth"
    known = find_account(sign_in.account) if sign_in.account else None
    if known is not None:
        return providers()[known]
    if not sys.stdin.isatty() and (config_folder() / CLIENT_FILE).exists():
        return "oauth"
    return None


def _ask_for_way(sign_in: SignIn) -> SignIn | None:
    if not sys.stdin.isatty():
        raise UsageError(
            "there are several ways to a backup, and none of them was chosen",
            hint=(CABLE, ANDROID, COPY_IN_DRIVE),
        )
    click.echo(_WAYS, err=True)
    match _ask_number():
        case "1":
            click.echo(_sentence(CABLE), err=True)
            return None
        case "2":
            return replace(sign_in, provider="android")
    click.echo(f"{_sentence(WHAT_A_CLIENT_IS)}.", err=True)
    return replace(sign_in, provider="oauth", drive=True, client_secrets=_client_file())


def _ask_number() -> str:
    numbers = click.Choice(["1", "2", "3"])
    return str(click.prompt("1, 2 or 3", type=numbers, show_choices=False, err=True))


def _client_file() -> Path | None:
    """The file of the OAuth client, asked for unless there is one in the config folder."""
    if (config_folder() / CLIENT_FILE).exists():
        return None
    click.echo(_sentence(NEW_CLIENT), err=True)
    for _ in range(_TRIES - 1):
        path = Path(click.prompt("file of the OAuth client (JSON)", err=True).strip("\"' "))
        try:
            read_client(path)
        except UsageError as error:
            output.print_error(error.message, error.hints)
            continue
        return path
    return Path(click.prompt("file of the OAuth client (JSON)", err=True).strip("\"' "))


def _sentence(hint: str) -> str:
    return hint[:1].upper() + hint[1:]


def _account(given: str | None) -> str:
    if given is not None:
        return parse_account(given)
    if not sys.stdin.isatty():
        raise UsageError("--provider android needs an account", hint="give it with --account EMAIL")
    for _ in range(_TRIES - 1):
        try:
            return _typed_account()
        except UsageError as error:
            output.print_error(error.message, error.hints)
    return _typed_account()


def _typed_account() -> str:
    return parse_account(click.prompt("e-mail address of the phone's Google account", err=True))


def _typed_cookie() -> Secret:
    return parse_cookie(Secret(click.prompt("oauth_token (hidden)", hide_input=True, err=True)))


def _piped_cookie() -> Secret:
    """The cookie in the first lines of stdin that contain it."""
    text = ""
    while len(text) < _LONGEST_PASTE and (line := sys.stdin.readline(_LONGEST_PASTE)):
        text += line
        if "oauth2_" in line:
            break
    if not text.strip():
        raise UsageError(
            "the oauth_token cookie cannot be asked for without a terminal",
            hint="run gdrive-wa login in a terminal, or pipe the cookie in; you get it by signing"
            f" in at {EMBEDDED_SETUP}",
        )
    return parse_cookie(Secret(text))
