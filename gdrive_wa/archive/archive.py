"""A restored archive, read: its notes, its databases, and whether it is still what was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
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
from gdrive_wa.core.model import NoteStatus, VoiceNote, relative_to
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.storage.corrupt import mark_corrupt
from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, Record, read_manifest

if TYPE_CHECKING:
    from pandas import DataFrame

_PIECE = 1024 * 1024
_REGENERATED = frozenset({PAGE_NAME, SUMS_NAME})
"""Made anew by every run; no part of what must stay as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of the files that were written.

    Attributes:
        ok: how many are as they were written.
        missing: those that are gone.
        changed: those whose bytes are others now.
        extra: files that no run wrote.
    """

    ok: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """True when nothing is missing and nothing has changed."""
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
    """The archive in the folder `path`, to be read.

    Args:
        path: the folder that ``restore`` filled.

    Returns:
        The archive: ``notes()``, ``to_dataframe()``, ``databases()`` and ``verify()`` read it.

    Raises:
        UsageError: there is no such folder, or it is not an archive.
    """
    folder = as_path(path, "path")
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="name the folder of a restore")
    if not (folder / STATE_FOLDER / MANIFEST_NAME).is_file():
        if (folder / SUMS_NAME).is_file() and (folder / INDEX_NAME).is_file():
            raise UsageError(
                f"{folder} is an archive without its hidden folder {STATE_FOLDER}",
                hint=(
                    "copy that folder too, or let the next gdrive-wa restore make a new one",
                    f"meanwhile sha256sum -c {SUMS_NAME} checks the files",
                ),
            )
        raise UsageError(
            f"{folder} is no archive of gdrive-wa",
            hint="name the folder that gdrive-wa restore wrote to",
        )
    return Archive(folder)


class Archive:
    """A restored archive. Reading it takes no lock and changes none of its files.

    Attributes:
        folder: where it lies.
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
        """The voice notes that the archive knows, by time; those without a row come last.

        Args:
            chat: only chats with this text in their name, in any case.
            sender: only senders with this text in their name, in any case.
            since: nothing older; a moment, a day, or either as ISO text.
            until: nothing newer; a whole day counts to its end.
            status: only notes that ended so, such as ``restored`` or ``missing``.
            timezone: of dates that do not say their own; by default this machine's.

        Returns:
            The notes; the `path` of each is where its file is, absolute, or None.

        Raises:
            UsageError: no restore into this folder ever ended, or an argument is wrong.
            FormatError: the index was damaged.
        """
        wanted = NoteFilter.parse(
            chat=chat, sender=sender, since=since, until=until, status=status, timezone=timezone
        )
        path = self.folder / INDEX_NAME
        if not path.is_file():
            raise UsageError(
                f"there are no voice notes in {self.folder} yet",
                hint="run gdrive-wa restore into this folder to its end",
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
        """The voice notes as a pandas ``DataFrame``, one row a note. Needs pandas.

        Args:
            chat: as for :meth:`notes`, like all the others.
            sender: see there.
            since: see there.
            until: see there.
            status: see there.
            timezone: see there.

        Returns:
            The table. `sent_at` is in UTC and knows it, `duration` is in seconds, `size` in bytes,
            `status` a category, `path` a ``pathlib.Path``; the flags are booleans, and all else
            is text. What is unknown is missing (NaT, NaN, NA; None for `path`).

        Raises:
            UsageError: pandas is not installed; else as for :meth:`notes`.
            FormatError: the index was damaged.
        """
        return to_dataframe(
            self.notes(
                chat=chat, sender=sender, since=since, until=until, status=status, timezone=timezone
            )
        )

    def databases(self) -> list[Path]:
        """The decrypted databases, by name."""
        found = (self.folder / record.path for record in self._records())
        return sorted(
            path for path in found if path.is_relative_to(self.folder / DATABASES) and path.exists()
        )

    def verify(self, *, progress: ProgressLike | None = None) -> Verification:
        """Read every file and compare it with what was written.

        Files are left as they are. Which have changed is noted in the archive's state folder, if
        that can be written: the next restore brings them anew, although no date tells.

        Args:
            progress: who is told how far it is, and who may stop it.

        Returns:
            How many files are as they were written, and which are missing, changed or extra.

        Raises:
            FormatError: the manifest is damaged or of a newer version.
            Interrupted: the user asked to stop.
        """
        reporter = as_progress(progress)
        records = self._records()
        reporter.begin(
            Stage.VERIFY, items=len(records), total_bytes=sum(record.size for record in records)
        )
        good, missing, changed = 0, [], []
        for record in sorted(records, key=lambda record: record.path):
            sha256 = _hash(self.folder / record.path, reporter)
            if sha256 is None:
                missing.append(record.path)
            elif sha256 == record.sha256:
                good += 1
            else:
                changed.append(record.path)
            reporter.advance(Stage.VERIFY, items=1)
        recorded = {record.path for record in records}
        extra = sorted(path for path in self._present() if path not in recorded)
        reporter.end(Stage.VERIFY)
        with suppress(StorageError):  # an archive on a disc, or somebody else's
            mark_corrupt(self.folder, changed)
        return Verification(
            ok=good,
            missing=tuple(missing),
            changed=tuple(changed),
            extra=tuple(path for path in extra if path not in _REGENERATED),
        )

    def _records(self) -> list[Record]:
        return read_manifest(self.folder)

    def _present(self) -> Iterator[str]:
        for root, folders, files in os.walk(self.folder):
            if Path(root) == self.folder and STATE_FOLDER in folders:
                folders.remove(STATE_FOLDER)
            links = [name for name in folders if (Path(root) / name).is_symlink()]
            for name in [*files, *links]:
                yield relative_to(self.folder, Path(root) / name)


def _hash(path: Path, progress: Progress) -> str | None:
    """SHA-256 of a file, hex; None when there is none, empty when it cannot be read."""
    if path.is_symlink() or not path.is_file():
        return None
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                progress.advance(Stage.VERIFY, moved=len(piece))
                progress.check()
    except OSError:  # a disk that no longer gives the bytes: they are not what they were
        return ""
    return digest.hexdigest()
