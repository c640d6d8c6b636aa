"""``gdrive-wa demo``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output, summary
from gdrive_wa.cli.options import PATH, json_option


@click.command("demo")
@click.argument("dest", type=PATH, default=Path("gdrive-wa-demo"))
@json_option
def command(*, dest: Path, as_json: bool) -> int:
    """Restore a sample backup into DEST (by default ./gdrive-wa-demo).

    It needs no account, no key and no network: a small server on this machine imitates Google.
    """
    from gdrive_wa.jobs.demo import demo  # noqa: PLC0415 - only when run

    messages = output.messages()
    with interrupt.graceful():
        report = demo(dest, say=messages.say, progress=output.progress())
    code = output.print_report(report, "restored", as_json=as_json)
    summary.print_archive(dest, report.notes)
    return code
