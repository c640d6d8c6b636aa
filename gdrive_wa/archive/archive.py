"""Read a restored archive: its voice notes, its databases, and the integrity of its files."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from gdrive_wa.archive.dataframe import to_dataframe
from gdrive_wa.archive.index import read_index
from gdrive_wa.archive.layout import (
    DATABASES,
    INDEX_NAME,
    PAGE_NAME,
    SUMS_NAME,
)
from gdrive_wa.archive.note_filter import NoteFilter
from gdrive_wa.core.arguments import DateLike, PathLike, ProgressLike, as_path, as_progress
from gdrive_wa.core.errors import StorageError, UsageError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.storage.corrupt import mark_corrupt
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, Record, read_manifest
from gdrive_wa.storage.tree import Tree

if TYPE_CHECKING:
    from pandas import DataFrame

_PIECE = 1024 * 1024
_REGENERATED = frozenset({PAGE_NAME, SUMS_NAME})
"""Files that every run rewrites, so they are not verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of verifying an archive.

    Attributes:
        ok: number of files whose content is unchanged.
        missing: paths of files that no longer exist.
        changed: paths of files with different content.
        extra: paths of files that neither gdrive-wa nor the system wrote.
    """

    ok: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """True if nothing is missing and nothing has changed."""
        return not self.missing and not self.changed

    def to_json(self) -> dict[str, object]:
        """The keys of ``verify --json``."""
        return {
            "ok": self.ok,
            "missing": list(self.missing),
            "changed": list(self.changed),
            "extra": list(self.extra),
        }


def open_archive(path: PathLike) -> Archive:
    """Open the archive in the folder `path` for reading.

    Args:
        path: the folder that ``restore`` wrote to.

    Returns:
        The archive. Read it with ``notes()``, ``to_dataframe()``, ``databases()`` and ``verify()``.

    Raises:
        UsageError: the folder does not exist or is not an archive.
    """
    folder = as_path(path, "path")
    if not folder.is_dir():
        raise UsageError(
            f"no folder named '{folder}'",
            hint="check the spelling; the archive is the folder that gdrive-wa restore wrote to",
        )
    tree = Tree(folder)
    with storage_errors(folder):
        restored = tree.lexists(f"{STATE_FOLDER}/{MANIFEST_NAME}")
    if not restored:
        if tree.is_file(SUMS_NAME) and tree.is_file(INDEX_NAME):
            raise UsageError(
                f"the archive '{folder}' lacks its hidden folder {STATE_FOLDER}",
                hint=(
                    "copy that folder too, or run gdrive-wa restore again to create a new one",
                    f"to check the files without it, run in this folder: sha256sum -c {SUMS_NAME}",
                ),
            )
        raise UsageError(
            f"'{folder}' is not a gdrive-wa archive",
            hint="choose the folder that gdrive-wa restore wrote to",
        )
    return Archive(folder)


class Archive:
    """A restored archive. Reading it needs no lock and does not change its files.

    Attributes:
        folder: path of the archive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Archive({str(self.folder)!r})"

    def notes(
        self,
        *,
        chat: str | None = None,
        sender: str | None = None,
        since: DateLike | None = None,
        until: DateLike | None = None,
        status: NoteStatus | str | None = None,
        timezone: tzinfo | str | None = None,
    ) -> list[VoiceNote]:
        """The voice notes in the archive's index, by time; undated ones come last.

        Args:
            chat: only chats with this text in their name, ignoring case.
            sender: only senders with this text in their name, ignoring case.
            since: only notes sent at or after this date or datetime; ISO text is accepted.
            until: only notes sent at or before this; a date includes the whole day.
            status: only notes with this status, such as ``restored`` or ``missing``.
            timezone: for dates without one; by default this machine's.

        Returns:
            The notes. The `path` of each is the absolute path of its file, or None.

        Raises:
            UsageError: no restore into this folder has finished, or an argument is invalid.
            FormatError: the index was damaged.
        """
        wanted = NoteFilter.parse(
            chat=chat, sender=sender, since=since, until=until, status=status, timezone=timezone
        )
        path = self.folder / INDEX_NAME
        if not Tree(self.folder).lexists(INDEX_NAME):
            raise UsageError(
                f"no voice notes in '{self.folder}' yet",
                hint="run gdrive-wa restore into this folder and let it finish",
            )
        notes = read_index(path, folder=self.folder.absolute())
        return notes if wanted == NoteFilter() else [note for note in notes if wanted.admits(note)]

    def to_dataframe(
        self,
        *,
        chat: str | None = None,
        sender: str | None = None,
        since: DateLike | None = None,
        until: DateLike | None = None,
        status: NoteStatus | str | None = None,
        timezone: tzinfo | str | None = None,
    ) -> DataFrame:
        """The voice notes as a pandas ``DataFrame``, one row per note. Needs pandas.

        Args:
            chat: see :meth:`notes`.
            sender: see :meth:`notes`.
            since: see :meth:`notes`.
            until: see :meth:`notes`.
            status: see :meth:`notes`.
            timezone: see :meth:`notes`.

        Returns:
            The table. `sent_at` is timezone-aware (UTC), `duration` is in seconds, `size` in
            bytes, `status` is a category and `path` a ``pathlib.Path``. Flags are booleans, and
            all other columns are text. Unknown values are NaT, NaN or NA; None for `path`.

        Raises:
            UsageError: pandas is not installed; or see :meth:`notes`.
            FormatError: the index was damaged.
        """
        return to_dataframe(
            self.notes(
                chat=chat, sender=sender, since=since, until=until, status=status, timezone=timezone
            )
        )

    def databases(self) -> list[Path]:
        """Paths of the decrypted databases that are in the archive, sorted.

        Raises:
            FormatError: the manifest is damaged, or a newer gdrive-wa wrote it.
        """
        tree = Tree(self.folder)
        return sorted(
            self.folder / record.path
            for record in self._records()
            if record.path.startswith(f"{DATABASES}/") and tree.is_file(record.path)
        )

    def verify(self, *, progress: ProgressLike | None = None) -> Verification:
        """Read every file and compare it with its recorded checksum.

        The files are not modified. If the archive's state folder is writable, changed files are
        recorded there, so that the next restore fetches them again.

        Args:
            progress: receives progress events and may stop the run.

        Returns:
            The number of unchanged files, and the paths of missing, changed and extra ones.

        Raises:
            FormatError: the manifest is damaged, or a newer gdrive-wa wrote it.
            Interrupted: the user asked to stop.
        """
        reporter, tree = as_progress(progress), Tree(self.folder)
        records = self._records()
        reporter.begin(
            Stage.VERIFY, items=len(records), total_bytes=sum(record.size for record in records)
        )
        good, missing, changed = 0, [], []
        for record in sorted(records, key=lambda record: record.path):
            sha256 = _hash(tree, record.path, reporter)
            if sha256 is None:
                missing.append(record.path)
            elif sha256 == record.sha256:
                good += 1
            else:
                changed.append(record.path)
            reporter.advance(Stage.VERIFY, items=1)
        recorded = {record.path for record in records}
        present = tree.walk(without=STATE_FOLDER)
        extra = sorted(path for path in present if path not in recorded)
        reporter.end(Stage.VERIFY)
        with suppress(StorageError):  # a read-only archive
            mark_corrupt(tree, changed)
        return Verification(
            ok=good,
            missing=tuple(missing),
            changed=tuple(changed),
            extra=tuple(path for path in extra if path not in _REGENERATED and not is_junk(path)),
        )

    def _records(self) -> list[Record]:
        return read_manifest(self.folder)


def _hash(tree: Tree, path: str, progress: Progress) -> str | None:
    """SHA-256 of a file, hex; None if it does not exist, empty if it cannot be read."""
    if not tree.is_file(path):
        return None
    digest = hashlib.sha256()
    try:
        with tree.open(path) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                progress.advance(Stage.VERIFY, moved=len(piece))
                progress.check()
    except OSError:  # an unreadable file counts as changed
        return ""
    return digest.hexdigest()
