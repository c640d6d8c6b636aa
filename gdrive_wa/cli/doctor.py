"""``gdrive-wa doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import account_option, endpoint_option, json_option

if TYPE_CHECKING:
    from gdrive_wa.jobs.finding import Finding


@click.command("doctor")
@click.option(
    "--online",
    is_flag=True,
    help="Check Google's servers too: DNS, certificates, clock, proxy, token, services, quota."
    " Does not sign in.",
)
@account_option
@endpoint_option
@json_option
def command(*, online: bool, account: str | None, endpoint: str | None, as_json: bool) -> None:
    """Show what is set up, what is missing, and what to do about it.

    Without --online, no server is contacted. With it, the command ends with 3 if the login is
    missing or refused, and with 4 if Google cannot be reached or fails.
    """
    from gdrive_wa.jobs.doctor import doctor  # noqa: PLC0415 - ciphers are slow to import

    findings = doctor(online=online, account=account, endpoint=endpoint)
    if as_json:
        output.print_json([finding.to_json() for finding in findings])
    else:
        _show(findings)
    click.get_current_context().exit(max(finding.exit_code for finding in findings))


def _show(findings: list[Finding]) -> None:
    rows = [["ok" if each.ok else "--", each.what, each.state] for each in findings]
    output.print_table(None, ["", "", ""], rows)
    for finding in findings:
        if finding.advice:
            output.messages().hint(f"{finding.what}: {finding.advice}")
