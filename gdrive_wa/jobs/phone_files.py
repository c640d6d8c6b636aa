"""Choose among the databases of a backup: the newest by content, and others that complete it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.archive.layout import database_name
from gdrive_wa.chats.extract import newest_of_chats, write_extract
from gdrive_wa.chats.same_account import same_phone
from gdrive_wa.chats.tables import Tables
from gdrive_wa.core.errors import (
    DamagedError,
    DatabaseError,
    GdriveWaError,
    Interrupted,
    KeyFailure,
    StorageError,
    UnsafeNameError,
)
from gdrive_wa.core.kinds import is_encrypted
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.database_groups import CHATS, NAMES, DatabaseGroup
from gdrive_wa.jobs.database_run import DatabaseRun
from gdrive_wa.storage.draft_file import DraftFile

_LEFTOVER = (KeyFailure, DamagedError, UnsafeNameError)
"""Errors of files that no later run will open either."""
_AGAIN = "if the phone still has it, copy it again: it may contain more"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Failure = tuple[Entry, GdriveWaError]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A database of chats that opens.

    Attributes:
        entry: its entry.
        draft: its content.
        newest: when its latest message was sent; None if no message has a time.
    """

    entry: Entry
    draft: DraftFile
    newest: datetime | None

    @property
    def path(self) -> Path:
        """The path of its content."""
        return Path(self.draft.path)


@dataclass(frozen=True, slots=True)
class OlderDatabase:
    """A database of chats that may add to the newest one.

    Attributes:
        entry: its entry.
        path: a copy of the rows that are needed.
        newest: when its latest message was sent; None if no message has a time.
        foreign: it belongs to another account.
    """

    entry: Entry
    path: Path
    newest: datetime | None
    foreign: bool = False


class PhoneFiles:
    """Chooses from groups with several databases, or with one in an unusual place.

    Args:
        databases: opens and places them.
        backup: the folder of the backup; empty if it is not a folder. Files outside it may belong
            to another account.
        keep_all: place older databases of chats too, under their own names.
        progress: receives a message about the chosen one.

    Attributes:
        older: the databases of chats besides the placed one, the newest first.
        names: the databases of names besides the placed one.
        failures: databases that could not be opened, if no other one could replace them, or if a
            later run may succeed.
    """

    def __init__(
        self, databases: DatabaseRun, *, backup: str, keep_all: bool, progress: Progress
    ) -> None:
        self.older: list[OlderDatabase] = []
        self.names: list[Path] = []
        self.failures: list[Failure] = []
        self._databases = databases
        self._backup = backup
        self._keep_all = keep_all
        self._progress = progress
        self._number = 0

    def take(self, group: DatabaseGroup) -> bool:
        """Place one database of a group; False if none opens, with errors in :attr:`failures`."""
        if len(group.entries) == 1 and self._databases.is_there(with_log(group)):
            return True
        takers = {CHATS: self._take_chats, NAMES: self._take_names}
        return takers.get(group.name, self._take_first)(group)

    def _take_chats(self, group: DatabaseGroup) -> bool:
        best: Candidate | None = None
        failed: list[Failure] = []
        opened = 0
        for candidate in self._candidates(group, failed):
            opened += 1
            if best is None:
                best = candidate
            elif self._is_better(candidate, best):
                self._keep_extract(best, failed)
                best = candidate
            else:
                self._keep_extract(candidate, failed)
        if best is None:
            self.failures += failed
            return False
        self.older.sort(key=lambda each: each.newest or _LONG_AGO, reverse=True)
        self.older = [
            replace(each, foreign=not self._is_own(each.entry, each.path, best))
            for each in self.older
        ]
        self._databases.put(with_log(group, best.entry), best.draft, CHATS)
        self._say_choice(best, opened)
        self._leave_out(failed)
        return True

    def _candidates(self, group: DatabaseGroup, failed: list[Failure]) -> Iterator[Candidate]:
        for entry in sorted(group.entries, key=self._is_elsewhere):
            draft = self._open(entry, group.logs.get(entry.stored_as), failed)
            if draft is None:
                continue
            try:
                newest = newest_of_chats(Path(draft.path))
            except DamagedError:
                self._databases.discard(draft)
                error = DatabaseError("its content is not a database of chats, or it is damaged")
                failed.append((entry, error))
            else:
                yield Candidate(entry, draft, newest)

    def _open(self, entry: Entry, log: Entry | None, failed: list[Failure]) -> DraftFile | None:
        """The content of a database; None if it does not open."""
        try:
            return self._databases.open(entry, log)
        except (Interrupted, StorageError):
            raise
        except _LEFTOVER as error:
            failed.append((entry, error))
        except GdriveWaError as error:  # such as a network failure: a later run may succeed
            self.failures.append((entry, error))
        return None

    def _is_better(self, candidate: Candidate, best: Candidate) -> bool:
        if (candidate.newest or _LONG_AGO) <= (best.newest or _LONG_AGO):
            return False
        return not self._is_elsewhere(candidate.entry) or self._is_own(
            candidate.entry, candidate.path, best
        )

    def _is_own(self, entry: Entry, path: Path, best: Candidate) -> bool:
        """True unless a database seems to belong to another account than `best`.

        Files that one key opens belong to one account, and so do those in a phone's usual folders.
        Other files are taken for another account's if no message that the owner sent is in both
        databases; after damage or on a new phone, that may also be so for the same account.
        """
        stored = (entry.stored_as, best.entry.stored_as)
        if all(map(is_encrypted, stored)):
            return True
        if not (self._is_elsewhere(entry) or self._is_elsewhere(best.entry)):
            return True
        return same_phone(path, best.path) is not False

    def _is_elsewhere(self, entry: Entry) -> bool:
        """True for a database outside a phone's usual folders."""
        outside = bool(self._backup) and not entry.locator.startswith(self._backup)
        return outside or "databases" not in entry.stored_as.lower().split("/")[:-1]

    def _keep_extract(self, candidate: Candidate, failed: list[Failure]) -> None:
        """Keep only the needed rows of an older database."""
        entry, draft = candidate.entry, candidate.draft
        try:
            path = self._new_path(database_name(entry.path))
            write_extract(Path(draft.path), path)
        except DamagedError as error:
            failed.append((entry, error))
            self._databases.discard(draft)
            return
        self.older.append(OlderDatabase(entry, path, candidate.newest))
        if self._keep_all and database_name(entry.path) != CHATS:
            self._databases.put(entry, draft, database_name(entry.path))
        else:
            self._databases.leave_out(entry, "used for what the newest database of chats lacks")
            self._databases.discard(draft)

    def _new_path(self, name: str) -> Path:
        self._number += 1
        return self._databases.new_folder(str(self._number)) / name

    def _say_choice(self, best: Candidate, opened: int) -> None:
        chosen = f"the chats are read from '{best.entry.path}'"
        if opened > 1:
            until = "" if best.newest is None else f", which goes up to {best.newest:%Y-%m-%d}"
            self._progress.say(
                f"{chosen}, the newest of {opened} databases{until};"
                " older ones only add what it has lost"
            )
        elif database_name(best.entry.path) != CHATS:
            self._progress.say(f"{chosen}, the only database of chats that opens")

    def _leave_out(self, failed: Sequence[Failure]) -> None:
        for entry, error in failed:
            self._databases.leave_out(entry, f"it was left out: {error.message}")
        if failed:
            (entry, error), *more = failed
            others = f", and {len(more)} more" if more else ""
            again = f"; {_AGAIN}" if isinstance(error, DamagedError) else ""
            self._progress.say(f"left out: '{entry.path}'{others}: {error.message}{again}")

    def _take_names(self, group: DatabaseGroup) -> bool:
        found: list[tuple[Entry, DraftFile]] = []
        failed: list[Failure] = []
        for entry in group.entries:
            draft = self._open(entry, group.logs.get(entry.stored_as), failed)
            if draft is not None:
                found.append((entry, draft))
        if not found:
            self.failures += failed
            return False
        found.sort(key=lambda each: not _has_names(Path(each[1].path)))  # backups have empty ones
        (entry, draft), *others = found
        self._databases.put(with_log(group, entry), draft, NAMES)
        for entry, draft in others:
            path = self._new_path(NAMES)
            self._databases.move(draft, path)
            self.names.append(path)
            self._databases.leave_out(entry, f"used for names that another {NAMES} lacks")
        self._leave_out(failed)
        return True

    def _take_first(self, group: DatabaseGroup) -> bool:
        failed: list[Failure] = []
        placed = False
        for entry in group.entries:
            if placed:
                self._databases.leave_out(entry, "another copy of it was used")
                continue
            draft = self._open(entry, group.logs.get(entry.stored_as), failed)
            if draft is not None:
                self._databases.put(with_log(group, entry), draft, group.name)
                placed = True
        if not placed:
            self.failures += failed
        else:
            self._leave_out(failed)
        return placed


def with_log(group: DatabaseGroup, entry: Entry | None = None) -> Entry:
    """An entry of a group, with a revision that changes with its log as well."""
    entry = entry or group.entries[0]
    log = group.logs.get(entry.stored_as)
    if log is None:
        return entry
    return replace(entry, revision=f"{entry.revision} {log.revision or log.md5}", md5=None)


def _has_names(path: Path) -> bool:
    try:
        with Tables(path) as tables:
            return any(tables.count(table, "1") for table in ("wa_contacts", "wa_address_book"))
    except DatabaseError:
        return False
