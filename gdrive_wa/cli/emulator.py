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
An example of a faults file: each media file fails twice, and the connection is slow:
  {{"delay": 0.05, "bandwidth": 100000, "faults": [
     {{"kind": "status", "status": 503, "path": "*/files/Media/*", "times": 2}}]}}

Kinds: {", ".join(FaultKind)}.

\b
For the fields of each kind, and for the files of an account, see the first lines of
{_PACKAGE / "faults.py"}
{_PACKAGE / "account.py"}

\b
While it runs, below the address that it prints:
  GET /_emulator/stats     requests and bytes sent, by path
  POST /_emulator/faults   replace the faults with those of a JSON document
  POST /_emulator/clear    reset the counts
  POST /_emulator/expire   let the access tokens expire
  POST /_emulator/revoke   revoke the login
"""


@click.command("emulator", epilog=_FAULTS)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: a free one]")
@click.option(
    "--account",
    type=PATH,
    metavar="DIR",
    help="Serve the account in DIR, which is created if it does not exist."
    "  [default: a temporary sample account]",
)
@click.option(
    "--plain", is_flag=True, help="Make the sample account without end-to-end encryption."
)
@click.option("--auto-consent", is_flag=True, help="Give consent without a click.")
@click.option(
    "--faults",
    "fault_file",
    type=PATH,
    metavar="FILE",
    help="JSON file with the faults to inject; see below.",
)
def command(
    *, port: int, account: Path | None, plain: bool, auto_consent: bool, fault_file: Path | None
) -> None:
    """Imitate Google with a sample account on this machine, until Ctrl-C.

    Prints the variables to set so that the other commands use it. It listens on 127.0.0.1 only.
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
    """Turn Ctrl-C and SIGTERM into a clean end. Must be entered before anything temporary is
    created, because a script may end the server as soon as it has read its output.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("the emulator was stopped", hint=()) from None


def _setting(name: str, value: str) -> str:
    """The line that sets a variable in this machine's shell."""
    return f"set {name}={value}" if os.name == "nt" else f"export {name}={shlex.quote(value)}"
