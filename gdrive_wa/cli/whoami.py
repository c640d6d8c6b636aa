"""``gdrive-wa whoami``."""

from __future__ import annotations

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import account_option, json_option


@click.command("whoami")
@account_option
@json_option
def command(*, account: str | None, as_json: bool) -> None:
    """Show which login would be used."""
    from gdrive_wa.google.naming import NOT_NAMED_YET, UNNAMED  # noqa: PLC0415 - as below
    from gdrive_wa.jobs.whoami import whoami  # noqa: PLC0415 - slow to import

    found, messages = whoami(account), output.messages()
    if found.token_variable is not None:
        messages.say(f"using the token in {found.token_variable}; its owner is unknown")
    if as_json:
        output.print_json(found.to_json())
    elif found.account is not None:
        click.echo(found.account)
        messages.say(f"provider {found.provider}, stored in {found.kept_in}")
        if found.account == UNNAMED:
            messages.say(NOT_NAMED_YET)
        if found.others:
            messages.say(f"other logins: {', '.join(found.others)} (choose with --account)")
