"""``gdrive-wa emulator``."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH
from gdrive_wa.core.errors import Interrupted
from gdrive_wa.emulation import faults
from gdrive_wa.emulation.faults import FaultKind

_PACKAGE = Path(faults.__file__).parent
_FAULTS = f"""\b
A file of faults, such as two refusals of each media file, and a slow line:
  {{"delay": 0.05, "bandwidth": 100000, "faults": [
     {{"kind": "status", "status": 503, "path": "*/files/Media/*", "times": 2}}]}}

Kinds: {", ".join(FaultKind)}.

\b
What each of them takes, and what an account holds, is told at the head of
{_PACKAGE / "faults.py"}
{_PACKAGE / "account.py"}

\b
While it runs, below the address that it prints:
  GET /_emulator/stats     what was asked and sent, by path
  POST /_emulator/faults   a file of faults in place of the ones before
  POST /_emulator/clear, expire, revoke   counts to nothing; tokens over, or for good
"""


@click.command("emulator", epilog=_FAULTS)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: a free one]")
@click.option(
    "--account",
    type=PATH,
    metavar="DIR",
    help="Serve the account in DIR; made there when DIR is not there yet."
    "  [default: a sample account that is gone afterwards]",
)
@click.option(
    "--plain", is_flag=True, help="Make the sample account without end-to-end encryption."
)
@click.option("--auto-consent", is_flag=True, help="The consent page answers itself.")
@click.option(
    "--faults",
    "fault_file",
    type=PATH,
    metavar="FILE",
    help="What goes wrong, as JSON: see below.",
)
def command(
    *, port: int, account: Path | None, plain: bool, auto_consent: bool, fault_file: Path | None
) -> None:
    """Serve a sample account on this machine the way Google would, until Ctrl-C.

    Prints what to set so that the other commands use it. Nothing of it reaches the network.
    """
    from gdrive_wa.jobs.emulator import emulator  # noqa: PLC0415 - only when run

    with (
        _ended(),
        emulator(
            account, port=port, encrypted=not plain, auto_consent=auto_consent, faults=fault_file
        ) as google,
    ):
        for name, value in google.settings.items():
            click.echo(_setting(name, value))
        messages = output.messages()
        messages.say(f"serving {google.account} on {google.root}; Ctrl-C stops it")
        messages.hint("paste the lines above into another terminal, then: gdrive-wa backups")
        messages.hint(f"or sign in: gdrive-wa login --client-secrets {google.client_secrets}")
        google.wait()


@contextmanager
def _ended() -> Iterator[None]:
    """By Ctrl-C, or by the script that started it, which may do so as soon as it has its lines:
    before anything is made that must go again.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("stopped serving", hint=()) from None


def _setting(name: str, value: str) -> str:
    """A line that this machine's shell understands."""
    return f"set {name}={value}" if os.name == "nt" else f"export {name}={shlex.quote(value)}"
