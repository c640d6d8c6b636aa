"""Options that several commands share, and the values they are parsed into."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gdrive_wa.cli.keys import find_passphrase
from gdrive_wa.core.arguments import as_span, as_zone
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.selection import Selection

if TYPE_CHECKING:
    from gdrive_wa.sources.base import BackupSource

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = ("backup", "appdata", "drive", "folder")


class _Path(click.Path):
    """A path as it was typed; the command checks whether it can be used.

    An empty path is refused: it usually comes from an unset variable of a script, and would mean
    the current folder.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value):
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(readable=False, path_type=Path)
TEXT_PATH = _Path(readable=False)
"""A path as text: the argument may also be a name at Google, and a slash at its end matters."""

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
jobs_option = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    help="How many files to process at the same time.",
)
cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Do the work on the Dask cluster at ADDRESS, such as tcp://192.0.2.1:8786. Its workers"
    " must see the same folders.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Only show what would be done, with sizes."
)
timezone_option = click.option(
    "--timezone",
    "zone",
    metavar="ZONE",
    help="Time zone for file names and the page, such as Europe/Berlin.  [default: this machine's]",
)
endpoint_option = click.option(
    "--endpoint",
    envvar="GDRIVE_WA_ENDPOINT",
    metavar="URL",
    help="Use this server instead of Google's (https, or http on this machine)."
    "  [also: GDRIVE_WA_ENDPOINT]",
)
account_option = click.option("--account", metavar="EMAIL", help="The stored login to use.")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a backup comes from, as given by the options."""

    source: str
    folder: str | None
    endpoint: str | None
    account: str | None

    @property
    def keyless(self) -> bool:
        """True for an iPhone backup and for exported chats, in which nothing is encrypted with a
        WhatsApp key."""
        from gdrive_wa.sources.exports import holds_exports  # noqa: PLC0415 - as below
        from gdrive_wa.sources.iphone import is_iphone  # noqa: PLC0415 - sqlite3 is slow to import

        path = Path(self.folder or "").expanduser()
        return self.source == "folder" and (is_iphone(path) or holds_exports(path))

    def connect(self) -> BackupSource:
        """Open the source; the caller closes it."""
        from gdrive_wa import connect, open_folder  # noqa: PLC0415 - Google's libraries are slow

        if self.source == "folder":
            if self.folder is None:
                raise UsageError(
                    "--source folder needs a folder", hint="name it with --folder PATH"
                )
            path = Path(self.folder).expanduser()
            return open_folder(path, passphrase=find_passphrase(path))
        return connect(
            self.source, account=self.account, endpoint=self.endpoint, folder=self.folder
        )

    @contextmanager
    def open(self) -> Iterator[BackupSource]:
        """Open the source, and close it at the end."""
        source = self.connect()
        try:
            yield source
        finally:
            source.close()


def source_options(command: F) -> F:
    """``--source``, ``--folder``, ``--endpoint``, ``--account`` as one argument, ``where``."""

    @click.option(
        "--source",
        type=click.Choice(SOURCES),
        default=None,
        help="Where the backup is.  [default: folder if --folder is given, otherwise backup]",
    )
    @click.option(
        "--folder",
        type=TEXT_PATH,
        metavar="PATH",
        help="The folder, for --source drive and folder; or the ZIP of an exported chat.",
    )
    @endpoint_option
    @account_option
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        source: str | None,
        folder: str | None,
        endpoint: str | None,
        account: str | None,
        **rest: Any,
    ) -> Any:
        chosen = source or ("folder" if folder else "backup")
        return command(*args, where=Where(chosen, folder, endpoint, account), **rest)

    return wrapped  # type: ignore[return-value]


def key_option(command: F) -> F:
    """``--key-file``. The key itself is never an argument."""
    return click.option(
        "--key-file",
        envvar="GDRIVE_WA_KEY_FILE",
        metavar="FILE",
        type=PATH,
        help="The key: 64 digits as text, encrypted_backup.key, or key."
        "  [also: GDRIVE_WA_KEY_FILE, GDRIVE_WA_KEY, the keyring, or a hidden prompt]",
    )(command)


def selection_options(command: F) -> F:
    """``--only``, ``--include``, ``--exclude``, ``--since``, ``--until`` as one argument,
    ``selection``."""

    @click.option(
        "--only",
        metavar="KINDS",
        help="Only these, with commas: " + ", ".join(kind for kind in Kind if kind != "unknown"),
    )
    @click.option("--include", multiple=True, metavar="GLOB", help="Only paths that match.")
    @click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out paths that match.")
    @click.option("--since", metavar="DATE", help="Nothing older, such as 2025-03-01.")
    @click.option("--until", metavar="DATE", help="Nothing newer; the day itself counts.")
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        only: str | None,
        include: tuple[str, ...],
        exclude: tuple[str, ...],
        since: str | None,
        until: str | None,
        **rest: Any,
    ) -> Any:
        zone = as_zone(rest.get("zone"))
        earliest, latest = parse_span(since, until, zone=zone)
        selection = Selection(
            only=parse_kinds(only),
            include=include,
            exclude=exclude,
            since=earliest,
            until=latest,
        )
        return command(*args, selection=selection, **rest)

    return wrapped  # type: ignore[return-value]


def parse_kinds(text: str | None) -> frozenset[Kind]:
    """``voice,image`` as kinds.

    Raises:
        UsageError: a word is not the name of a kind.
    """
    words = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    try:
        return frozenset(Kind(word) for word in words)
    except ValueError as error:
        choices = ", ".join(kind for kind in Kind if kind != "unknown")
        raise UsageError(f"{text!r} is not valid for --only", hint=f"use: {choices}") from error


def parse_span(
    since: str | None, until: str | None, *, zone: tzinfo | None = None
) -> tuple[datetime | None, datetime | None]:
    """The times that ``--since`` and ``--until`` name, in UTC. A date without a time zone is in
    `zone`.

    Raises:
        UsageError: one is not a date, or nothing lies between them.
    """
    return as_span(since, until, zone=zone, names=("--since", "--until"))
