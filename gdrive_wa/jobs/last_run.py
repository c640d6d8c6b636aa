"""Whether a restore has anything to do: the same files, asked for in the same way, all in place.

A run that ended without a failure leaves a digest of what it was asked and of what its source
lock. When the next run is asked the same, finds the same and every file of the archive is as it
was recorded, there is nothing to open and nothing to write. The digest is derived: without it,
or when anything differs, the run goes its whole way.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import NoteCounts, Outcome, Report, VoiceNote
from gdrive_wa.core.version import VERSION
from gdrive_wa.jobs.run_report import write_run_report
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.intact import all_intact
from gdrive_wa.storage.lock import hold_folder
from gdrive_wa.storage.manifest import LOCK_NAME, STATE_FOLDER

NAME = "last-run.json"
ALREADY_THERE = "already there, verified"


class LastRun:
    """What the last run into an archive was asked.

    Args:
        dest: the archive's folder.
        state: of the source, as :meth:`~gdrive_wa.sources.base.BackupSource.state` gives it;
            None where only a listing tells, and then no run is like another.
        asked: everything else that decides what a run does, as its ``repr``.
        read: files that it reads beside the source, such as an address book.
        written: names of files that it writes anew each time, such as the page.
    """

    def __init__(
        self,
        dest: Path,
        state: str | None,
        asked: Sequence[object],
        *,
        read: Sequence[Path | None] = (),
        written: Sequence[str] = (),
    ) -> None:
        self._dest = dest
        self._path = dest / STATE_FOLDER / NAME
        self._written = written
        stamps = [_stamp(path) for path in read if path is not None]
        text = repr((VERSION, time.tzname, state, asked, stamps))
        self._digest = None if state is None else hashlib.sha256(text.encode()).hexdigest()

    def repeated(self) -> Report | None:
        """What this run would do, when that is nothing; else None.

        Raises:
            StorageError: another run holds the archive.
        """
        started, clock = datetime.now(UTC), time.monotonic()
        if self._digest is None or not self._path.is_file():
            return None
        try:
            last = json.loads(self._path.read_bytes())
            if last["digest"] != self._digest or last["stamps"] != self._stamps():
                return None
            counts = NoteCounts(last["notes"], last["chats"])
            lock = hold_folder(self._path.with_name(LOCK_NAME))
            try:
                if not all_intact(self._dest):
                    return None
            finally:
                lock.close()
            skipped = [Outcome(path=path, file=file, reason=why) for path, file, why in last["all"]]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        report = Report(skipped=skipped, seconds=time.monotonic() - clock, notes=counts)
        write_run_report(self._dest, started, report)
        return report

    def remember(self, report: Report, notes: Sequence[VoiceNote]) -> None:
        """This run has ended: put its counts into `report`, and remember what it was asked,
        unless something failed and should be tried again.
        """
        counts = Counter(str(note.status) for note in notes)
        report.notes = NoteCounts(dict(counts), len({note.chat_jid for note in notes}))
        if self._digest is None or report.failed:
            self._path.unlink(missing_ok=True)
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
            "all": outcomes,
        }
        with suppress(StorageError):  # it only saves time
            write_file(self._path, json.dumps(last).encode())

    def _stamps(self) -> list[list[int] | None]:
        return [_stamp(self._dest / name) for name in self._written]


def _stamp(path: Path) -> list[int] | None:
    """What changes whenever the file at `path` does; None when there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]
