"""Voice notes for listening elsewhere: as m4a or mp3, each alone, or a chat in one file.

    export("My voice notes", "For the car", form="mp3")
    export("My voice notes", "Audio book", joined=True)

The archive stays as it is. A chat in one file has a chapter for each note, named by when and who.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
from gdrive_wa.core.model import Outcome, Report, VoiceNote, relative_to
from gdrive_wa.core.names import folded_name, safe_name
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, make_folder, sweep

PAUSE = RATE
"""Samples of silence between two notes of one file: a second."""


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
    """Write the notes of `archive` into `dest` as files that every player knows.

    Each note becomes ``<chat>/<date> <sender>.m4a`` with title, artist, album and date in it;
    one that is there already is left alone. With `joined`, each chat becomes ``<chat>.m4a``,
    written anew each time.

    Args:
        archive: its folder.
        dest: a folder outside of it.
        form: ``m4a`` (AAC) or ``mp3``.
        chat: only chats whose name holds this text.
        joined: one file a chat, with a chapter a note and a second of silence between two.
        timezone: of the times in titles; by default this machine's.
        jobs: files written at the same time.
        progress: who is told how far it is, and who may stop it.

    Returns:
        Every note that has a file, as done, skipped or failed. One that cannot be decoded ends
        nothing; of a joined file it is left out.

    Raises:
        UsageError: PyAV is not installed, `archive` is no archive, no chat is called so,
            `dest` lies in the archive, or chapters are asked of an mp3.
        StorageError: `dest` cannot be written.
        Interrupted: the user asked to stop; files that are finished stay.
    """
    started = time.monotonic()
    source, target, reporter = Path(archive), Path(dest), progress or Silent()
    if form not in FORMATS:
        raise UsageError(f"export does not know {form!r}", hint=f"it knows {', '.join(FORMATS)}")
    if joined and form != "m4a":
        raise UsageError("only m4a keeps chapters", hint="leave out --format, or --joined")
    load_av()
    notes = _chosen(open_archive(source).notes(), chat)
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(
            "the export would lie in the archive itself", hint="name a folder outside of it"
        )
    make_folder(target)
    sweep(target)
    job = _Job(source, target, form, timezone, reporter)
    works = job.chats(notes) if joined else job.each(notes)
    reporter.begin(Stage.WRITE, items=len(notes))
    for done in _in_parallel(works, jobs, reporter):
        for outcome in done:
            reporter.advance(Stage.WRITE, items=1)
            job.report_on(outcome)
    reporter.end(Stage.WRITE)
    files = {outcome.file for outcome in job.report.done if outcome.file is not None}
    job.report.bytes = sum((target / file).stat().st_size for file in files)
    job.report.seconds = time.monotonic() - started
    return job.report


Work = Callable[[], list[Outcome]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A note, the file it has, and the one it will have."""

    note: VoiceNote
    file: PurePosixPath
    target: Path


class _Job:
    """One export: what is written where, and how it ended."""

    def __init__(
        self, source: Path, dest: Path, form: str, timezone: tzinfo | None, progress: Progress
    ) -> None:
        self.report = Report()
        self._source = source
        self._dest = dest
        self._form = form
        self._timezone = timezone
        self._progress = progress

    def report_on(self, outcome: Outcome) -> None:
        """`outcome` is one of the report's."""
        if outcome.file is None:
            self.report.failed.append(outcome)
        elif outcome.reason is not None:
            self.report.skipped.append(outcome)
        else:
            self.report.done.append(outcome)

    def each(self, notes: Iterable[VoiceNote]) -> Iterator[Work]:
        """Every note, to be written as a file of its own."""
        taken: set[str] = set()
        for note in notes:
            file = PurePosixPath(note.file or "")
            inner = PurePosixPath(*file.parts[1:])
            wanted = inner.with_name(f"{inner.stem}.{self._form}")
            if folded_name(wanted) in taken:  # two files that differed only in their suffix
                wanted = inner.with_name(f"{inner.name}.{self._form}")
            taken.add(folded_name(wanted))
            yield partial(self._one, _Wanted(note, file, self._dest / wanted))

    def chats(self, notes: Iterable[VoiceNote]) -> Iterator[Work]:
        """Every chat, to be written as one file; by folder, for two chats may share a name."""
        by_folder: dict[str, list[VoiceNote]] = defaultdict(list)
        for note in notes:
            by_folder[PurePosixPath(note.file or "").parts[1]].append(note)
        for folder, row in sorted(by_folder.items()):
            target = self._dest / safe_name(f"{folder}.{self._form}")
            yield partial(self._joined, target, row)

    def _one(self, wanted: _Wanted) -> list[Outcome]:
        path, note = wanted.file.as_posix(), wanted.note
        name = relative_to(self._dest, wanted.target)
        if wanted.target.is_file():
            return [Outcome(path=path, file=name, reason="already there")]
        check_inside(self._dest, wanted.target)
        make_folder(wanted.target.parent)
        try:
            with (
                decoded(self._source / wanted.file, near=self._dest) as samples,
                Draft(self._dest) as draft,
            ):
                with (
                    storage_errors(draft.path),
                    Encoder(draft.file, self._form, self._tags(note)) as out,
                ):
                    out.add(samples)
                size = draft.file.seek(0, 2)
                sent = None if note.sent_at is None else note.sent_at.timestamp()
                draft.commit(wanted.target, mtime=sent, durable=False)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return [Outcome.failed(path, error)]
        return [Outcome(path=path, file=name, bytes=size)]

    def _joined(self, target: Path, notes: list[VoiceNote]) -> list[Outcome]:
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

    def _append(self, out: Encoder, note: VoiceNote, target: Path) -> Outcome:
        """`note` as the next chapter of `out`; the silence before it is still the former's."""
        path = note.file or ""
        try:
            with decoded(self._source / path, near=self._dest) as samples:
                if out.position:
                    out.silence(PAUSE)
                out.chapter(tags_for(note, self._timezone)["title"])
                out.add(samples)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return Outcome.failed(path, error)
        return Outcome(path=path, file=relative_to(self._dest, target))

    def _tags(self, note: VoiceNote) -> dict[str, str]:
        tags = tags_for(note, self._timezone)
        if note.transcript:
            tags["lyrics"] = note.transcript
        return tags


def _chosen(notes: Iterable[VoiceNote], chat: str | None) -> list[VoiceNote]:
    """The notes that have a file, of chats of that name.

    Raises:
        UsageError: there are none.
    """
    available = [
        note for note in notes if note.file is not None and note.file.startswith(f"{VOICE_FOLDER}/")
    ]
    if chat is None:
        return available
    wanted = [note for note in available if chat.casefold() in note.chat.casefold()]
    if not wanted:
        known = ", ".join(sorted({note.chat for note in available})[:20]) or "none"
        raise UsageError(f"there is no chat {chat!r} with voice notes", hint=f"there is: {known}")
    return wanted


def _in_parallel(works: Iterable[Work], jobs: int, progress: Progress) -> Iterator[list[Outcome]]:
    """What `works` come to, in their order, `jobs` at a time."""
    waiting: deque[Future[list[Outcome]]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
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
