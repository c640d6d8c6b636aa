"""Detect a restore that would change nothing, because the last run did the same.

A run without failures stores a digest of its options and of the state of its source. If the next
run has the same digest, and every file of the archive is unchanged, nothing has to be opened or
written. Without the digest, or if anything differs, the run proceeds as usual.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import NoteCounts, Outcome, Report, VoiceNote
from gdrive_wa.core.version import VERSION
from gdrive_wa.jobs.run_report import write_run_report
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.intact import all_intact
from gdrive_wa.storage.lock import hold_folder
from gdrive_wa.storage.manifest import LOCK_NAME, STATE_FOLDER
from gdrive_wa.storage.tree import Tree

NAME = "last-run.json"
_PATH = f"{STATE_FOLDER}/{NAME}"
ALREADY_THERE = "already there, verified"


class LastRun:
    """The record of the last run into an archive.

    Args:
        dest: the archive's folder.
        state: the state of the source, from
            :meth:`~gdrive_wa.sources.base.BackupSource.state`; with None, every run counts as
            different.
        options: everything else that affects the result of a run; compared by ``repr``.
        read: other files that a run reads, such as an address book.
        written: names of files that each run rewrites, such as the page.
    """

    def __init__(
        self,
        dest: Path,
        state: str | None,
        options: Sequence[object],
        *,
        read: Sequence[Path | None] = (),
        written: Sequence[str] = (),
    ) -> None:
        self._tree = Tree(dest)
        self._written = written
        stamps = [_stamp(path) for path in read if path is not None]
        text = repr((VERSION, time.tzname, state, options, stamps))
        self._digest = None if state is None else hashlib.sha256(text.encode()).hexdigest()

    def repeated(self) -> Report | None:
        """The report of this run if it would change nothing, otherwise None.

        Raises:
            StorageError: another run is using the archive.
        """
        started, clock = datetime.now(UTC), time.monotonic()
        if self._digest is None or not self._tree.is_file(_PATH):
            return None
        try:
            last = json.loads(self._tree.read(_PATH))
            if last["digest"] != self._digest or last["stamps"] != self._stamps():
                return None
            counts = NoteCounts(last["notes"], last["chats"], tuple(last["remarks"]))
            lock = hold_folder(f"{STATE_FOLDER}/{LOCK_NAME}", self._tree)
            try:
                if not all_intact(self._tree):
                    return None
            finally:
                lock.close()
            skipped = [Outcome(path=path, file=file, reason=why) for path, file, why in last["all"]]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        report = Report(skipped=skipped, seconds=time.monotonic() - clock, notes=counts)
        write_run_report(self._tree, started, report)
        return report

    def remember(
        self, report: Report, notes: Sequence[VoiceNote], remarks: tuple[str, ...] = ()
    ) -> None:
        """At the end of a run, add its counts to `report`, and store its digest, unless something
        failed and should be tried again.
        """
        counts = Counter(str(note.status) for note in notes)
        report.notes = NoteCounts(dict(counts), len({note.chat_jid for note in notes}), remarks)
        if self._digest is None or report.failed:
            with storage_errors(self._tree.shown(_PATH)):
                self._tree.unlink(_PATH)
            return
        outcomes = [(each.path, each.file, ALREADY_THERE) for each in report.done]
        outcomes += [
            (each.path, each.file, each.reason or ALREADY_THERE) for each in report.skipped
        ]
        last = {
            "digest": self._digest,
            "stamps": self._stamps(),
            "notes": report.notes.statuses,
            "chats": report.notes.chats,
            "remarks": remarks,
            "all": outcomes,
        }
        with suppress(StorageError):  # it only saves time
            write_file(_PATH, json.dumps(last).encode(), tree=self._tree)

    def _stamps(self) -> list[list[int] | None]:
        return [_stamp(self._tree.path(name), self._tree.lstat) for name in self._written]


def _stamp(path: str | Path, lstat: Callable[[str], os.stat_result] = os.lstat) -> list[int] | None:
    """A mark that changes whenever the file at `path` changes; None if there is no file."""
    try:
        found = lstat(str(path))
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]
