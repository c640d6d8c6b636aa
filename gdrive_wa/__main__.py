"""``gdrive-wa`` and ``python -m gdrive_wa``: turn an error into a message and an exit code."""

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
from gdrive_wa.cli.output import (
    messages,
    print_error,
    print_json_error,
    wants_traceback,
)
from gdrive_wa.core.errors import GdriveWaError, Interrupted, StorageError
from gdrive_wa.core.limits import collect_garbage_seldom, limit_reached, use_little_memory

EXIT_ERROR = 1
EXIT_USAGE = 2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def main(arguments: list[str] | None = None) -> int:
    """Run one command, and return its exit code; the README lists the codes."""
    _prepare_streams()
    messages().printed = False
    use_little_memory()
    collect_garbage_seldom()
    try:
        result = app.main(args=arguments, prog_name="gdrive-wa", standalone_mode=False)
        sys.stdout.flush()  # fails here if the disk is full or the pipe is closed
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - every error becomes one line
        if wants_traceback():
            traceback.print_exc()
        return _explain(error, as_json=_wants_json(arguments))
    return result if isinstance(result, int) else 0


def _prepare_streams() -> None:
    """Make sure that stdin, stdout and stderr can be used.

    A closed stream (``2>&-``, or a window without a console) is replaced by /dev/null. Output to
    a file or a pipe is UTF-8 even where the system's encoding is not, as on Windows: otherwise a
    name with a character that the encoding lacks would end the command. Bytes of a file name
    that are not UTF-8 are shown as backslash escapes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - never closed
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding=None if out.isatty() else "utf-8", errors="backslashreplace")


def _drop_output() -> None:
    """Discard what is still buffered for stdout, which cannot be written any more."""
    with suppress(OSError):  # stdout has no open descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _wants_json(arguments: list[str] | None) -> bool:
    """True if the command was called with ``--json``, even if it could not be parsed."""
    given = sys.argv[1:] if arguments is None else arguments
    return "--json" in given[: given.index("--")] if "--" in given else "--json" in given


def _explain(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong and what to do, and return the exit code."""
    if isinstance(error, NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    if isinstance(error, BrokenPipeError):  # the reader of stdout has closed it
        _drop_output()
        return EXIT_ERROR
    if isinstance(error, OSError) and error.errno in _FULL:
        _drop_output()  # only stdout: file writers raise StorageError
        as_json = False
    message, hints, code = _words(error)
    print_error(message, hints, detail=getattr(error, "detail", ""))
    if as_json:
        with suppress(OSError):
            print_json_error(message, hints, code)
            sys.stdout.flush()
    return code


def _words(error: BaseException) -> tuple[str, tuple[str, ...], int]:
    """The message, the hints and the exit code of an error."""
    match error:
        case GdriveWaError():
            return error.message, error.hints, error.exit_code
        case click.Abort() | KeyboardInterrupt():
            return "stopped", Interrupted.default_hints, Interrupted.exit_code
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "gdrive-wa"
            return _one_line(error.format_message()), (f"{where} --help",), EXIT_USAGE
        case click.ClickException():
            return _one_line(error.format_message()), (), EXIT_ERROR
        case _:
            failure = _failure(error)
            return failure.message, failure.hints, failure.exit_code


def _failure(error: BaseException) -> GdriveWaError:
    """Convert an exception that is not a :class:`GdriveWaError` into one."""
    limit = limit_reached(error)
    if limit is not None:
        return limit
    if isinstance(error, OSError) and error.errno in _FULL:
        from gdrive_wa.storage.disk import explain  # noqa: PLC0415 - not for --help

        return explain(error, "standard output")
    if isinstance(error, OSError) and error.errno is not None:
        return _refused(error)
    return GdriveWaError(
        f"an error in gdrive-wa itself ({type(error).__name__})",
        hint="please report it; run the command again with --verbose to see where it happened",
    )


def _refused(error: OSError) -> GdriveWaError:
    """Convert an error of the operating system, such as a file that cannot be read."""
    reason = (error.strerror or "error").lower()
    name = "" if error.filename is None else f": '{os.fsdecode(error.filename)}'"
    hint = "run the command again with --verbose to see where it happened"
    if isinstance(error, PermissionError) and name:
        hint = "change its permissions so that you can read it, and run the command again"
    return StorageError(f"{reason}{name}", hint=hint)


def _one_line(message: str) -> str:
    text = " ".join(message.split()).rstrip(".")
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    sys.exit(main())
