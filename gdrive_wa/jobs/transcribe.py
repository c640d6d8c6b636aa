"""``gdrive-wa transcribe``: write down what is said in an archive's voice notes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import tzinfo
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self

from gdrive_wa.archive.archive import Archive
from gdrive_wa.archive.transcripts import read_transcripts, transcript_log
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.arguments import (
    PathLike,
    ProgressLike,
    as_optional_text,
    as_path,
    as_progress,
    as_text,
    as_zone,
)
from gdrive_wa.core.errors import DamagedError, UsageError
from gdrive_wa.core.model import WHATSAPP, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import POLL_SECONDS, Progress, Stage
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive, as_executor
from gdrive_wa.jobs.cluster import workers_of
from gdrive_wa.jobs.speech import Transcription, transcribe_recording
from gdrive_wa.jobs.speech_model import DEFAULT_MODEL, Settings, parse_settings, prepare
from gdrive_wa.pages.page import write_page
from gdrive_wa.storage.manifest import STATE_FOLDER, read_manifest

NO_SPEECH = "no speech was found"
_AHEAD = 2
"""Recordings queued on this machine, so that the model is never idle."""
_AHEAD_ELSEWHERE = 64
"""Recordings queued on a given executor."""


class _Recording(NamedTuple):
    """A recording to transcribe: its file, its hash without tags, and its size in bytes."""

    path: str
    sha256: str
    size: int


def transcribe(
    archive: ArchiveLike,
    *,
    model: PathLike = DEFAULT_MODEL,
    language: str | None = None,
    chat: str | None = None,
    device: str = "auto",
    executor: Executor | None = None,
    cluster: str | None = None,
    timezone: tzinfo | str | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Write down what is said, with a Whisper model on this machine. Needs the extra
    ``transcribe``.

    The transcripts are added to the archive's lists and its page, marked with the model's name.
    Notes with WhatsApp's own transcript keep it. Recordings that an earlier run transcribed with
    the same model are skipped. No recording is sent to a service.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        model: a Whisper model's name, such as ``tiny``, ``base``, ``small`` or ``large-v3``, or a
            folder with a model for faster-whisper. A name is downloaded once if necessary.
        language: the code of the language that is spoken, such as ``de``; by default it is
            detected for each note.
        chat: only chats with this text in their name, ignoring case.
        device: ``cpu``, ``cuda``, or ``auto`` for a graphics card if there is one.
        executor: transcribes the recordings in place of this process: any
            :class:`concurrent.futures.Executor` with access to the same folders.
        cluster: the address of a Dask scheduler whose workers transcribe the recordings instead.
        timezone: the time zone of the page, or its name; by default this machine's.
        progress: receives progress, and may stop the job; finished transcripts are kept.

    Returns:
        Every note that has a file, as done, skipped (transcribed already, or without speech) or
        failed.

    Raises:
        UsageError: the extra is not installed, the model, chat or archive does not exist, or an
            argument is wrong.
        NetworkError: the model cannot be downloaded, or the cluster does not answer.
        StorageError: the archive cannot be written, or another run uses it.
        Interrupted: the user asked to stop; the next run continues.
    """
    opened, reporter, zone = as_archive(archive), as_progress(progress), as_zone(timezone)
    name = as_text(model, "model") if isinstance(model, str) else str(as_path(model, "model"))
    settings = parse_settings(
        name, as_optional_text(language, "language"), as_text(device, "device")
    )
    executor, cluster = as_executor(executor), as_optional_text(cluster, "cluster")
    started, report = time.monotonic(), Report()
    with (
        workers_of(executor, cluster, reporter) as workers,
        ArchiveWriter(opened.folder, timezone=zone, progress=reporter) as writer,
    ):
        wanted = _wanted(opened, settings, as_optional_text(chat, "chat"), report)
        try:
            if wanted:
                prepare(settings, reporter.say)
                _transcribe_all(opened.folder, settings, wanted, workers, report, reporter)
        finally:
            write_page(opened.folder, writer.finish(), timezone=zone)
    report.seconds = time.monotonic() - started
    return report


def _wanted(
    archive: Archive, settings: Settings, chat: str | None, report: Report
) -> dict[_Recording, list[VoiceNote]]:
    """The recordings to transcribe, each once, with the notes that have it."""
    notes = archive.notes(chat=chat)
    if chat is not None and not notes:
        raise UsageError(
            f"no chat has '{chat}' in its name", hint="list the chats with gdrive-wa notes"
        )
    transcripts = read_transcripts(archive.folder)
    hashes = {record.path: record.content_sha256 for record in read_manifest(archive.folder)}
    wanted: dict[_Recording, list[VoiceNote]] = {}
    for note in notes:
        sha256 = hashes.get(note.file or "")
        if note.path is None or note.file is None or sha256 is None:
            continue
        known = transcripts.get(sha256)
        if note.transcript_source == WHATSAPP:
            report.skipped.append(_outcome(note, "it has WhatsApp's own transcript"))
        elif known is not None and known.model == settings.name:
            report.skipped.append(
                _outcome(note, "transcribed already" if known.text else NO_SPEECH)
            )
        else:
            recording = _Recording(str(note.path), sha256, note.size or 0)
            same = next((each for each in wanted if each.sha256 == sha256), recording)
            wanted.setdefault(same, []).append(note)
    return wanted


def _transcribe_all(
    folder: Path,
    settings: Settings,
    wanted: dict[_Recording, list[VoiceNote]],
    executor: Executor | None,
    report: Report,
    progress: Progress,
) -> None:
    """Transcribe all recordings, and store each transcript as soon as it is finished."""
    size = sum(recording.size for recording in wanted)
    progress.begin(Stage.TRANSCRIBE, items=len(wanted), total_bytes=size)
    with (
        transcript_log(folder) as log,
        _Transcriber(settings, folder, executor, progress) as transcriber,
    ):
        for recording, result in transcriber.each(wanted):
            if result.transcript is not None:
                log.add(result.transcript)
            for note in wanted[recording]:
                _report(report, note, result)
            report.bytes += recording.size
            progress.advance(Stage.TRANSCRIBE, items=1, moved=recording.size)
    progress.end(Stage.TRANSCRIBE)


class _Transcriber:
    """Transcribes recordings in order, on a thread of this process or on a given executor."""

    def __init__(
        self, settings: Settings, folder: Path, executor: Executor | None, progress: Progress
    ) -> None:
        self._settings = settings
        self._near = str((folder / STATE_FOLDER).absolute())
        self._given = executor
        self._progress = progress
        self._stopped = Event()
        self._own = ThreadPoolExecutor(1, thread_name_prefix="gdrive-wa transcribe")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._own.shutdown(wait=True, cancel_futures=True)

    def each(self, recordings: Iterable[_Recording]) -> Iterator[tuple[_Recording, Transcription]]:
        """Each recording with its result, in order.

        Raises:
            Interrupted: the user asked to stop.
        """
        waiting: deque[tuple[_Recording, Future[Transcription]]] = deque()
        most = _AHEAD if self._given is None else _AHEAD_ELSEWHERE
        try:
            for recording in recordings:
                waiting.append((recording, self._submit(recording)))
                while len(waiting) > most:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()

    def _submit(self, recording: _Recording) -> Future[Transcription]:
        if self._given is not None:
            try:
                return self._given.submit(
                    transcribe_recording,
                    self._settings,
                    recording.path,
                    recording.sha256,
                    self._near,
                )
            except Exception as error:  # noqa: BLE001 - whatever the executor raises
                self._give_up(error)
        return self._here(recording)

    def _here(self, recording: _Recording) -> Future[Transcription]:
        return self._own.submit(
            transcribe_recording,
            self._settings,
            recording.path,
            recording.sha256,
            self._near,
            self._stopped.is_set,
        )

    def _next(
        self, waiting: deque[tuple[_Recording, Future[Transcription]]]
    ) -> tuple[_Recording, Transcription]:
        recording, future = waiting.popleft()
        while True:
            self._progress.check()
            try:
                return recording, future.result(timeout=POLL_SECONDS)
            except NotYet:
                continue
            except Exception as error:  # noqa: BLE001 - a worker died: this machine does it
                self._give_up(error)
                future = self._here(recording)

    def _give_up(self, error: Exception) -> None:
        if self._given is not None:
            self._given = None
            reason = str(error) or type(error).__name__
            self._progress.say(f"transcribing on this machine instead of the workers: {reason}")


def _report(report: Report, note: VoiceNote, result: Transcription) -> None:
    if result.transcript is None:
        report.failed.append(_outcome(note, result.reason, exit_code=DamagedError.exit_code))
    elif result.transcript.text:
        report.done.append(_outcome(note))
    else:
        report.skipped.append(_outcome(note, NO_SPEECH))


def _outcome(note: VoiceNote, reason: str | None = None, *, exit_code: int = 0) -> Outcome:
    path = note.whatsapp_path or note.file or ""
    return Outcome(path=path, file=note.file, reason=reason, exit_code=exit_code)
