"""Options that several commands share, each worded once, and what they are turned into."""

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
from gdrive_wa.core.model import Choice

if TYPE_CHECKING:
    from gdrive_wa.sources.base import BackupSource

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = ("backup", "appdata", "drive", "folder")


class _Path(click.Path):
    """A path as it is typed; whether it can be used, the command finds out.

    An empty one is refused: it is a variable of a script that holds nothing, and would mean the
    folder in which the script happens to run.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value):
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(readable=False, path_type=Path)
PLACE = _Path(readable=False)
"""What may be a path here or a name at Google, or ends with a slash that counts: as text."""

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
jobs_option = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    help="How many files at the same time.",
)
cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Open the files on the workers of a Dask cluster, such as tcp://192.0.2.1:8786, which"
    " see the same folders.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Only tell what would be done, with sizes."
)
timezone_option = click.option(
    "--timezone",
    "zone",
    metavar="ZONE",
    help="Time zone of names and the page, such as Europe/Berlin.  [default: this machine's]",
)
endpoint_option = click.option(
    "--endpoint",
    envvar="GDRIVE_WA_ENDPOINT",
    metavar="URL",
    help="Another server in Google's place (https, or http on this machine)."
    "  [also: GDRIVE_WA_ENDPOINT]",
)
account_option = click.option("--account", metavar="EMAIL", help="Which stored login to use.")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a backup comes from, as the options say it."""

    source: str
    folder: str | None
    endpoint: str | None
    account: str | None

    @property
    def keyless(self) -> bool:
        """It is an iPhone's backup: nothing in it is sealed with a key of WhatsApp's."""
        from gdrive_wa.sources.iphone import is_iphone  # noqa: PLC0415 - sqlite3 is slow to import

        return self.source == "folder" and is_iphone(Path(self.folder or "").expanduser())

    def connect(self) -> BackupSource:
        """The source itself."""
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
        """The source, which is closed at the end."""
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
        help="Where the backup lies.  [default: backup; folder when --folder names one here]",
    )
    @click.option("--folder", type=PLACE, metavar="PATH", help="The folder, for drive and folder.")
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
    """``--key-file``; the key itself is never an argument."""
    return click.option(
        "--key-file",
        envvar="GDRIVE_WA_KEY_FILE",
        metavar="FILE",
        type=PATH,
        help="The key: 64 digits as text, encrypted_backup.key, or key."
        "  [also: GDRIVE_WA_KEY_FILE, GDRIVE_WA_KEY, the keyring, else it is asked for]",
    )(command)


def choice_options(command: F) -> F:
    """``--only``, ``--include``, ``--exclude``, ``--since``, ``--until`` as one, ``choice``."""

    @click.option(
        "--only",
        metavar="KINDS",
        help="Only these, with commas: " + ", ".join(kind for kind in Kind if kind != "unknown"),
    )
    @click.option("--include", multiple=True, metavar="GLOB", help="Only paths that match.")
    @click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out paths that match.")
    @click.option(
        "--since", metavar="DATE", help="Nothing older, such as 2025-03-01, but all databases."
    )
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
        choice = Choice(
            only=parse_kinds(only),
            include=include,
            exclude=exclude,
            since=earliest,
            until=latest,
        )
        return command(*args, choice=choice, **rest)

    return wrapped  # type: ignore[return-value]


def parse_kinds(text: str | None) -> frozenset[Kind]:
    """``voice,image`` as kinds.

    Raises:
        UsageError: a word that is no kind.
    """
    words = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    try:
        return frozenset(Kind(word) for word in words)
    except ValueError as error:
        known = ", ".join(kind for kind in Kind if kind != "unknown")
        raise UsageError(f"--only does not know {text!r}", hint=f"it knows: {known}") from error


def parse_span(
    since: str | None, until: str | None, *, zone: tzinfo | None = None
) -> tuple[datetime | None, datetime | None]:
    """What ``--since`` and ``--until`` say, in `zone` unless they say otherwise, as UTC.

    Raises:
        UsageError: one is not a date, or nothing lies between them.
    """
    return as_span(since, until, zone=zone, names=("--since", "--until"))
