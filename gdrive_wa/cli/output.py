"""Output of the command line: data on stdout, messages on stderr.

A run has one :class:`Messages`, set by the global options; commands get it from :func:`messages`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from gdrive_wa.cli.formatting import plain, size
from gdrive_wa.core.errors import PartialError
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.core.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.console import Console


_BEYOND_ASCII = re.compile(r"[^\n\x20-\x7e]+")


@dataclass(slots=True)
class Messages:
    """Messages to the user on stderr.

    Attributes:
        quiet: errors only.
        verbose: tracebacks too.
        printed: the run has printed its JSON document.
    """

    quiet: bool = False
    verbose: bool = False
    printed: bool = False

    def say(self, line: str) -> None:
        """Print a message, unless the run is quiet."""
        if not self.quiet:
            click.echo(line, err=True)

    def hint(self, line: str) -> None:
        """Print a hint about what to do next."""
        self.say(f"hint: {line}")


_CONTROLS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Characters that control a terminal and that JSON does not escape by itself."""
_MESSAGES = Messages()


def messages() -> Messages:
    """The messages of this run."""
    return _MESSAGES


def wants_traceback() -> bool:
    """True if the user asked to see where an error happened."""
    return _MESSAGES.verbose


def print_error(message: str, hints: tuple[str, ...], *, detail: str = "") -> None:
    """Print an error: one line with what is wrong, then the hints. If the run is verbose, the
    server's own words come between them."""
    click.echo(
        f"{click.style('error:', fg='red') if colours() else 'error:'} {plain(message)}", err=True
    )
    _print_detail(detail)
    for hint in hints:
        click.echo(f"hint: {plain(hint)}", err=True)


def _print_detail(detail: str) -> None:
    if detail and _MESSAGES.verbose:
        click.echo(f"the server's answer: {plain(detail)}", err=True)


def colours() -> bool:
    """True if stderr is a terminal and ``NO_COLOR`` is not set."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def print_json(data: object) -> None:
    """Print the JSON document of this run on stdout. Characters that a terminal would interpret
    or hide, such as control characters and direction marks, are escaped.
    """
    _MESSAGES.printed = True
    text = json.dumps(data, ensure_ascii=False, indent=2)
    click.echo(_BEYOND_ASCII.sub(lambda run: _escaped(run[0]), text))


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def print_json_error(message: str, hints: tuple[str, ...], code: int) -> None:
    """Print an error as the JSON document of this run, unless it has printed one."""
    if not _MESSAGES.printed:
        error = {"message": message, "hints": list(hints), "exit_code": code}
        print_json({"error": error})


def print_table(title: str | None, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout: aligned on a terminal, otherwise tab-separated for scripts."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(plain(cell) for cell in row))
        return
    from rich.table import Table  # noqa: PLC0415 - slow to import, and --help never needs it
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        title=title,
        title_justify="left",
        box=None,
        header_style="" if os.environ.get("NO_COLOR") else "bold",
        pad_edge=False,
        show_header=any(columns),
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    _stdout().print(table)


def print_report(report: Report, verb: str, *, as_json: bool, what: str = "file") -> int:
    """Print how a run ended, and return its exit code. `what` is the noun, in the singular, for
    the things that the run counts.

    Bytes are mentioned only if some were transferred or written: local files are read in place.
    """
    if as_json:
        print_json(report.to_json())
    _print_failed(report.failed)
    counted = what if len(report.done) == 1 else f"{what}s"
    moved = f"; {size(report.bytes)}" if report.bytes else ""
    _MESSAGES.say(
        f"{verb} {len(report.done)} {counted}, skipped {len(report.skipped)}, "
        f"failed {len(report.failed)}{moved} in {report.seconds:.1f} s"
    )
    return exit_code(report)


def _print_failed(failed: Iterable[Outcome]) -> None:
    """Print a line for each failure, and each hint once for all failures that share it."""
    alike: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in failed:
        alike.setdefault(outcome.hints, []).append(outcome)
    for hints, outcomes in alike.items():
        for outcome in outcomes:
            line = f"failed: {plain(outcome.path)}: {plain(outcome.reason or '')}"
            click.echo(line, err=True)
            _print_detail(outcome.detail)
        for hint in hints:
            click.echo(f"hint: {plain(hint)}", err=True)


def exit_code(report: Report) -> int:
    """0 if nothing failed, 7 if something failed. If nothing succeeded and everything failed for
    the same kind of reason, such as a wrong key: the exit code of that reason.
    """
    if not report.failed:
        return 0
    codes = {outcome.exit_code or PartialError.exit_code for outcome in report.failed}
    if len(codes) == 1 and not report.done and not report.skipped:
        return codes.pop()
    return PartialError.exit_code


def progress() -> Progress:
    """Bars on a terminal, otherwise plain lines; nothing if the run is quiet."""
    if _MESSAGES.quiet:
        return Silent()
    if sys.stderr.isatty():
        from gdrive_wa.cli.bars import Bars  # noqa: PLC0415 - rich is slow to import

        return Bars(colour=colours())
    from gdrive_wa.cli.lines import Lines  # noqa: PLC0415 - not for --help

    return Lines()


def _stdout() -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False)
