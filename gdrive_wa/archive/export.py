"""Export voice notes as m4a or mp3, one file per note or one per chat.

    export("My voice notes", "For the car", form="mp3")
    export("My voice notes", "Audio book", joined=True)

The archive is not modified. A joined file has a chapter for each note, titled by date and sender.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path, PurePosixPath

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.audio import FORMATS, RATE, Encoder, decoded, load_av
from gdrive_wa.archive.layout import VOICE_FOLDER
from gdrive_wa.archive.store import check_inside
from gdrive_wa.archive.tags import tags_for
from gdrive_wa.core.errors import GdriveWaError, Interrupted, StorageError, UsageError
from gdrive_wa.core.model import Outcome, Report, VoiceNote
from gdrive_wa.core.names import folded_name, safe_name
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.core.threads import ThreadExecutor
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, make_folder, sweep
from gdrive_wa.storage.tree import Tree

PAUSE = RATE
"""Silence between two notes of a joined file, in samples: one second."""


def export(
    archive: str | Path,
    dest: str | Path,
    *,
    form: str = "m4a",
    chat: str | None = None,
    joined: bool = False,
    timezone: tzinfo | None = None,
    jobs: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Write the notes of `archive` into `dest` in a format that every player supports.

    Each note becomes ``<chat>/<date> <sender>.m4a`` with title, artist, album and date tags;
    existing files are skipped. With `joined`, each chat becomes ``<chat>.m4a``, which is
    rewritten on every run.

    Args:
        archive: folder of the archive.
        dest: a folder outside the archive.
        form: ``m4a`` (AAC) or ``mp3``.
        chat: only chats with this text in their name, ignoring case.
        joined: write one file per chat, with a chapter per note and a second of silence between.
        timezone: for the times in titles; by default this machine's.
        jobs: number of files to write at the same time.
        progress: receives progress events and may stop the run.

    Returns:
        Every note that has a file, as done, skipped or failed. A note that cannot be decoded
        does not stop the run; a joined file omits it.

    Raises:
        UsageError: PyAV is not installed, `archive` is not an archive, no chat has that name,
            `dest` is inside the archive, or `joined` was combined with mp3.
        StorageError: `dest` cannot be written.
        Interrupted: the user asked to stop; finished files are kept.
    """
    started = time.monotonic()
    source, target, reporter = Path(archive), Path(dest), progress or Silent()
    if form not in FORMATS:
        raise UsageError(
            f"unknown export format {form!r}", hint=f"choose one of: {', '.join(FORMATS)}"
        )
    if joined and form != "m4a":
        raise UsageError(
            "joined files need chapters, which only m4a supports",
            hint="leave out --format, or --joined",
        )
    load_av()
    notes = _chosen(open_archive(source).notes(), chat)
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"'{dest}' is inside the archive", hint="choose a folder outside of it")
    make_folder(target)
    tree = Tree(target)
    sweep(tree)
    run = _Export(Tree(source), tree, form, timezone, reporter)
    works = run.chats(notes) if joined else run.each(notes)
    reporter.begin(Stage.WRITE, items=len(notes))
    for done in _in_parallel(works, jobs, reporter):
        for outcome in done:
            reporter.advance(Stage.WRITE, items=1)
            run.report_on(outcome)
    reporter.end(Stage.WRITE)
    files = {outcome.file for outcome in run.report.done if outcome.file is not None}
    run.report.bytes = sum(tree.lstat(file).st_size for file in files)
    run.report.seconds = time.monotonic() - started
    return run.report


Work = Callable[[], list[Outcome]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A note, its file in the archive, and the target of the export."""

    note: VoiceNote
    file: str
    target: str


class _Export:
    """One export: its settings and its report."""

    def __init__(
        self, source: Tree, dest: Tree, form: str, timezone: tzinfo | None, progress: Progress
    ) -> None:
        self.report = Report()
        self._source = source
        self._dest = dest
        self._form = form
        self._timezone = timezone
        self._progress = progress

    def report_on(self, outcome: Outcome) -> None:
        """Add `outcome` to the report."""
        if outcome.file is None:
            self.report.failed.append(outcome)
        elif outcome.reason is not None:
            self.report.skipped.append(outcome)
        else:
            self.report.done.append(outcome)

    def each(self, notes: Iterable[VoiceNote]) -> Iterator[Work]:
        """One task per note, each writing one file."""
        taken: set[str] = set()
        for note in notes:
            file = PurePosixPath(note.file or "")
            inner = PurePosixPath(*file.parts[1:])
            wanted = inner.with_name(f"{inner.stem}.{self._form}")
            if folded_name(wanted) in taken:  # two files that differ only in their suffix
                wanted = inner.with_name(f"{inner.name}.{self._form}")
            taken.add(folded_name(wanted))
            yield partial(self._one, _Wanted(note, file.as_posix(), wanted.as_posix()))

    def chats(self, notes: Iterable[VoiceNote]) -> Iterator[Work]:
        """One task per chat, grouped by folder because two chats may share a name."""
        by_folder: dict[str, list[VoiceNote]] = defaultdict(list)
        for note in notes:
            by_folder[PurePosixPath(note.file or "").parts[1]].append(note)
        for folder, row in sorted(by_folder.items()):
            target = safe_name(f"{folder}.{self._form}")
            yield partial(self._joined, target, row)

    def _one(self, wanted: _Wanted) -> list[Outcome]:
        path, name, note = wanted.file, wanted.target, wanted.note
        check_inside(self._dest, name)
        if self._dest.is_file(name):
            return [Outcome(path=path, file=name, reason="already there")]
        try:
            with (
                decoded(self._source, path, near=self._dest) as samples,
                Draft(self._dest) as draft,
            ):
                with (
                    storage_errors(draft.path),
                    Encoder(draft.file, self._form, self._tags(note)) as out,
                ):
                    out.add(samples)
                size = draft.file.seek(0, 2)
                sent = None if note.sent_at is None else note.sent_at.timestamp()
                draft.commit(name, mtime=sent, durable=False)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return [Outcome.failed(path, error)]
        return [Outcome(path=path, file=name, bytes=size)]

    def _joined(self, target: str, notes: list[VoiceNote]) -> list[Outcome]:
        check_inside(self._dest, target)
        tags = {"title": notes[0].chat, "album": notes[0].chat}
        first = tags_for(notes[0], self._timezone).get("date")
        if first is not None:
            tags["date"] = first
        outcomes: list[Outcome] = []
        with Draft(self._dest) as draft:
            with storage_errors(draft.path), Encoder(draft.file, self._form, tags) as out:
                for note in notes:
                    self._progress.check()
                    outcomes.append(self._append(out, note, target))
            if any(outcome.file for outcome in outcomes):
                draft.commit(target)
        return outcomes

    def _append(self, out: Encoder, note: VoiceNote, target: str) -> Outcome:
        """Append `note` to `out` as a chapter; the silence before it ends the previous chapter."""
        path = note.file or ""
        try:
            with decoded(self._source, path, near=self._dest) as samples:
                if out.position:
                    out.silence(PAUSE)
                out.chapter(tags_for(note, self._timezone)["title"])
                out.add(samples)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return Outcome.failed(path, error)
        return Outcome(path=path, file=target)

    def _tags(self, note: VoiceNote) -> dict[str, str]:
        tags = tags_for(note, self._timezone)
        if note.transcript:
            tags["lyrics"] = note.transcript
        return tags


def _chosen(notes: Iterable[VoiceNote], chat: str | None) -> list[VoiceNote]:
    """The notes that have a file, filtered by the name of their chat.

    Raises:
        UsageError: no chat has that name.
    """
    available = [
        note for note in notes if note.file is not None and note.file.startswith(f"{VOICE_FOLDER}/")
    ]
    if chat is None:
        return available
    wanted = [note for note in available if chat.casefold() in note.chat.casefold()]
    if not wanted:
        known = ", ".join(sorted({note.chat for note in available})[:20]) or "none"
        raise UsageError(
            f"no chat with voice notes is named {chat!r}", hint=f"available chats: {known}"
        )
    return wanted


def _in_parallel(works: Iterable[Work], jobs: int, progress: Progress) -> Iterator[list[Outcome]]:
    """Run `works`, `jobs` at a time, and yield their results in order."""
    waiting: deque[Future[list[Outcome]]] = deque()
    with ThreadExecutor(jobs, "gdrive-wa export") as pool:
        try:
            for work in works:
                waiting.append(pool.submit(work))
                if len(waiting) > 2 * jobs:
                    yield waiting.popleft().result()
                    progress.check()
            while waiting:
                yield waiting.popleft().result()
                progress.check()
        finally:
            for future in waiting:
                future.cancel()
