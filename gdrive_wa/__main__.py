"""``gdrive-wa`` and ``python -m gdrive_wa``: where an error becomes a line and an exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import click
from click.exceptions import NoArgsIsHelpError

from gdrive_wa.cli.app import app
from gdrive_wa.cli.output import print_error, wants_traceback
from gdrive_wa.core.errors import GdriveWaError, Interrupted

EXIT_ERROR = 1
EXIT_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is in the README's table."""
    _prepare_streams()
    try:
        result = app.main(args=arguments, prog_name="gdrive-wa", standalone_mode=False)
        sys.stdout.flush()  # what is still buffered may find the disk full or the reader gone
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is ends in one line
        if wants_traceback():
            traceback.print_exc()
        return _explain(error)
    return result if isinstance(result, int) else 0


def _prepare_streams() -> None:
    """Give this process the three streams that everybody writes to.

    One that was closed (``2>&-``, or a window without a console) is as good as /dev/null. What
    goes to a file or a pipe is UTF-8, also where the machine's own encoding is another, as on
    Windows: a name that it lacks would end the command, and JSON is UTF-8 anyway. A file name
    that is no UTF-8 is shown with a backslash.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - for good
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding=None if out.isatty() else "utf-8", errors="backslashreplace")


def _drop_output() -> None:
    """Stdout takes nothing more: what is still buffered for it goes nowhere on the way out."""
    with suppress(OSError):  # it has no descriptor, or none that is open
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _explain(error: BaseException) -> int:
    """Say what went wrong, and what to do; the exit code that says so too."""
    match error:
        case GdriveWaError():
            print_error(error.message, error.hints)
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            print_error("stopped", Interrupted.default_hints)
            return Interrupted.exit_code
        case NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return EXIT_USAGE
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "gdrive-wa"
            print_error(_one_line(error.format_message()), (f"{where} --help",))
            return EXIT_USAGE
        case click.ClickException():
            print_error(_one_line(error.format_message()), ())
            return EXIT_ERROR
        case BrokenPipeError():  # the reader of stdout has seen enough
            _drop_output()
            return EXIT_ERROR
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):  # whoever writes files says so itself
            from gdrive_wa.storage.disk import explain  # noqa: PLC0415 - not for --help

            _drop_output()
            failure = explain(error, "standard output")
            print_error(failure.message, failure.hints)
            return failure.exit_code
        case _:
            hint = "please report it; run again with --verbose to see where it happened"
            print_error(f"an error in gdrive-wa itself ({type(error).__name__})", (hint,))
            return EXIT_ERROR


def _one_line(message: str) -> str:
    text = " ".join(message.split()).rstrip(".")
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    sys.exit(main())
