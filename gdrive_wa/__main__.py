"""``gdrive-wa`` and ``python -m gdrive_wa``: where an error becomes a line and an exit code."""

from __future__ import annotations

import sys
import traceback

import click
from click.exceptions import NoArgsIsHelpError

from gdrive_wa.cli.app import app
from gdrive_wa.cli.talk import complain, wants_traceback
from gdrive_wa.errors import GdriveWaError, Interrupted

EXIT_ERROR = 1
EXIT_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is in the README's table."""
    try:
        result = app.main(args=arguments, prog_name="gdrive-wa", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is ends in one line
        if wants_traceback():
            traceback.print_exc()
        return _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: BaseException) -> int:
    """Say what went wrong, and what to do; the exit code that says so too."""
    match error:
        case GdriveWaError():
            complain(error.message, error.hints)
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            complain("stopped", Interrupted.default_hints)
            return Interrupted.exit_code
        case NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return EXIT_USAGE
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "gdrive-wa"
            complain(_one_line(error.format_message()), (f"{where} --help",))
            return EXIT_USAGE
        case click.ClickException():
            complain(_one_line(error.format_message()), ())
            return EXIT_ERROR
        case BrokenPipeError():  # the reader of stdout has seen enough
            sys.stderr.close()
            return EXIT_ERROR
        case _:
            hint = "please report it; run again with --verbose to see where it happened"
            complain(f"an error in gdrive-wa itself ({type(error).__name__})", (hint,))
            return EXIT_ERROR


def _one_line(message: str) -> str:
    text = " ".join(message.split()).rstrip(".")
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    sys.exit(main())
