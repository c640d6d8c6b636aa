"""``gdrive-wa logout``."""

from __future__ import annotations

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import account_option, endpoint_option


@click.command("logout")
@account_option
@endpoint_option
def command(*, account: str | None, endpoint: str | None) -> None:
    """Revoke a login at Google, and remove it from this machine."""
    from gdrive_wa.jobs.login import logout  # noqa: PLC0415 - slow to import

    messages = output.messages()
    name = logout(account, endpoint=endpoint, say=messages.say)
    messages.say(f"logged out: {name}")
