"""``gdrive-wa login``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH, endpoint_option

if TYPE_CHECKING:
    from gdrive_wa.google.logins import Login


@click.command("login")
@click.option(
    "--provider",
    type=click.Choice(["oauth", "android"]),
    help="android: the way a phone signs in, for WhatsApp's own backup; unofficial, and the stored"
    " token gives access to your whole account. oauth: a browser and your own OAuth client, for"
    " copies in your own Drive.  [default: asked]",
)
@click.option(
    "--client-secrets",
    type=PATH,
    metavar="FILE",
    help="Your OAuth client file.  [default: client_secrets.json in the config folder, or the"
    " client of the stored login]",
)
@click.option("--account", metavar="EMAIL", help="The Google account of the phone.")
@click.option("--drive", is_flag=True, help="Read your own Drive too, for --source drive.")
@click.option("--no-browser", is_flag=True, help="Show the address instead of opening a browser.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port for the browser's answer, such as for an SSH tunnel.  [default: a free one]",
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=300,
    show_default=True,
    help="Seconds to wait for the browser.",
)
@endpoint_option
def command(
    *,
    provider: str | None,
    client_secrets: Path | None,
    account: str | None,
    drive: bool,
    no_browser: bool,
    port: int,
    timeout: int,
    endpoint: str | None,
) -> None:
    """Sign in to Google, and store the login for later.

    You need no login for the surest way, a cable to the phone: see restore --folder. The login is
    stored in this machine's keyring, or in a file that only you can read.
    """
    from gdrive_wa.cli.sign_in import SignIn, choose, read_cookie  # noqa: PLC0415
    from gdrive_wa.google.logins import providers  # noqa: PLC0415 - slow to import
    from gdrive_wa.jobs.login import login as sign_in  # noqa: PLC0415 - slow to import

    messages, before = output.messages(), providers()
    chosen = choose(
        SignIn(
            provider=provider,
            account=account,
            client_secrets=client_secrets,
            drive=drive,
            through_browser=no_browser or port > 0,
        )
    )
    if chosen is None:
        return
    android = chosen.provider == "android"
    login = sign_in(
        chosen.provider or "oauth",
        account=chosen.account,
        client_secrets=chosen.client_secrets,
        oauth_token=read_cookie() if android else None,
        drive=chosen.drive,
        open_browser=not no_browser,
        port=port,
        timeout=timeout,
        endpoint=endpoint,
        say=functools.partial(click.echo, err=True) if no_browser else messages.say,
    )
    messages.say(f"signed in as {login.account}")
    if before.get(login.account, login.provider) != login.provider:
        messages.say(f"this replaced the {before[login.account]} login of {login.account}")
    if login.kept_in != "keyring":
        messages.say(f"warning: this machine has no keyring; the login is kept in {login.kept_in}")
    _hint_at_backups(login)


def _hint_at_backups(login: Login) -> None:
    """Show what this login can read, and how."""
    from gdrive_wa.google.login import DRIVE_SCOPE  # noqa: PLC0415 - slow to import
    from gdrive_wa.google.ways import ANDROID, WHAT_A_CLIENT_IS  # noqa: PLC0415

    hint = output.messages().hint
    if login.provider == "android":
        hint("see your backups with: gdrive-wa backups")
    elif DRIVE_SCOPE in login.scopes:
        hint("see your backups with: gdrive-wa backups --source drive --folder PATH")
    else:
        hint(f"{WHAT_A_CLIENT_IS}; to read those, run: gdrive-wa login --drive")
        hint(ANDROID)
