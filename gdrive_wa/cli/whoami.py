"""``gdrive-wa whoami``."""

from __future__ import annotations

import os

import click

from gdrive_wa.cli import talk
from gdrive_wa.cli.options import account_option, json_option


@click.command("whoami")
@account_option
@json_option
def command(*, account: str | None, as_json: bool) -> None:
    """Tell which login would be used."""
    from gdrive_wa.google.access import TOKEN_VARIABLE  # noqa: PLC0415 - slow to import
    from gdrive_wa.google.login import whoami  # noqa: PLC0415 - slow to import
    from gdrive_wa.google.logins import Login, accounts  # noqa: PLC0415

    if os.environ.get(TOKEN_VARIABLE, "").strip() and account is None:
        talk.voice().say(f"the token in {TOKEN_VARIABLE} is used as it is, whosever it is")
        if not accounts():
            if as_json:
                given = Login(account="", provider="token", kept_in=TOKEN_VARIABLE)
                talk.print_json({**given.to_json(), "account": None})
            return
    login = whoami(account)
    if as_json:
        talk.print_json(login.to_json())
        return
    click.echo(login.account)
    talk.voice().say(f"provider {login.provider}, kept in {login.kept_in}")
    others = [name for name in accounts() if name != login.account]
    if others:
        talk.voice().say(f"other logins: {', '.join(others)} (choose with --account)")
