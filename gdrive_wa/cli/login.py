"""``gdrive-wa login``."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH, endpoint_option
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret

EMBEDDED_SETUP = "https://accounts.google.com/EmbeddedSetup"


@click.command("login")
@click.option(
    "--provider",
    type=click.Choice(["oauth", "android"]),
    default="oauth",
    show_default=True,
    help="oauth: a browser and your own OAuth client. android: the way a phone signs in;"
    " unofficial, and the stored token gives access to your whole account.",
)
@click.option(
    "--client-secrets",
    type=PATH,
    metavar="FILE",
    help="Your OAuth client file.  [default: client_secrets.json in the config folder]",
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
    provider: str,
    client_secrets: Path | None,
    account: str | None,
    drive: bool,
    no_browser: bool,
    port: int,
    timeout: int,
    endpoint: str | None,
) -> None:
    """Sign in to Google, and store the login for later.

    The login is stored in this machine's keyring, or in a file that only you can read.
    """
    from gdrive_wa.google.logins import providers  # noqa: PLC0415 - slow to import
    from gdrive_wa.jobs.login import login as sign_in  # noqa: PLC0415 - slow to import

    messages, before, oauth_token = output.messages(), providers(), None
    if provider == "android":
        if account is None:
            raise UsageError(
                "--provider android needs an account", hint="give it with --account EMAIL"
            )
        oauth_token = _cookie()
    elif no_browser:
        way = f"{port}:127.0.0.1:{port}" if port else "8085:127.0.0.1:8085"
        fixed = "" if port else "run this with --port 8085, and "
        messages.hint(f"browser on another machine? {fixed}run there: ssh -L {way} THIS_MACHINE")
    login = sign_in(
        provider,
        account=account,
        client_secrets=client_secrets,
        oauth_token=oauth_token,
        drive=drive,
        open_browser=not no_browser,
        port=port,
        timeout=timeout,
        endpoint=endpoint,
        say=functools.partial(click.echo, err=True) if no_browser else messages.say,
    )
    messages.say(f"signed in as {login.account}")
    if before.get(login.account, provider) != provider:
        messages.say(f"this replaced the {before[login.account]} login of {login.account}")
    if login.kept_in != "keyring":
        messages.say(f"warning: this machine has no keyring; the login is kept in {login.kept_in}")
    where = " --source drive --folder PATH" if drive and provider == "oauth" else ""
    messages.hint(f"see your backups with: gdrive-wa backups{where}")


def _cookie() -> Secret:
    """Ask for the cookie at a hidden prompt, or read it from stdin; it is never an argument."""
    if not sys.stdin.isatty():
        text = sys.stdin.readline().strip()
        if not text:
            raise UsageError(
                "the oauth_token cookie cannot be asked for without a terminal",
                hint=f"run it in a terminal, or pipe the cookie in; it comes from {EMBEDDED_SETUP}",
            )
        return Secret(text)
    output.messages().say(
        f"1. Open {EMBEDDED_SETUP} in a browser, and sign in as the owner of the phone.\n"
        "2. Agree. The page then keeps loading and never finishes; that is normal.\n"
        "3. In the browser's developer tools, find the cookie named oauth_token; copy its value."
    )
    return Secret(str(click.prompt("oauth_token (hidden)", hide_input=True, err=True)).strip())
