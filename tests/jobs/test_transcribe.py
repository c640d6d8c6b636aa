"""Recordings of the sample, transcribed by a real speech model."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from datetime import UTC
from multiprocessing import get_context
from pathlib import Path

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.transcripts import TRANSCRIPTS_NAME, read_transcripts
from gdrive_wa.core.errors import Interrupted, UsageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.progress import Silent, Stage
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.page import page
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.jobs.transcribe import NO_SPEECH, transcribe
from gdrive_wa.sources import open_folder
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LENA, SAM = "Lena", "Sam R."


@pytest.fixture(scope="module")
def restored(plain_sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restored archive without transcripts of a model. Shared: read it, never change it."""
    folder = tmp_path_factory.mktemp("restored") / "archive"
    restore(open_folder(plain_sample.folder / "backup"), folder, key=plain_sample.key, timezone=UTC)
    return folder


@pytest.fixture
def archive(restored: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "archive"
    shutil.copytree(restored, folder)
    return folder


@pytest.fixture(scope="module")
def heard(restored: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive with two chats transcribed. Shared: read it, never change it."""
    folder = tmp_path_factory.mktemp("heard") / "archive"
    shutil.copytree(restored, folder)
    for chat in (SAM, LENA):
        transcribe(folder, model=tiny_model, chat=chat, timezone="UTC")
    return folder


def said(folder: Path, chat: str | None = None) -> dict[str, tuple[str | None, str | None]]:
    notes = open_archive(folder).notes(chat=chat)
    return {note.message_id: (note.transcript_source, note.transcript) for note in notes}


def log_of(folder: Path) -> Path:
    return folder / ".gdrive-wa" / TRANSCRIPTS_NAME


def first(folder: Path, words: str) -> VoiceNote:
    return next(note for note in open_archive(folder).notes() if words in (note.transcript or ""))


def test_transcripts_are_in_the_lists_and_the_page(heard: Path) -> None:
    note = first(heard, "potato")
    assert note.chat == SAM
    assert note.transcript_source == "tiny.en"
    listed = json.loads((heard / "voice-notes.json").read_text("utf-8"))
    found = next(item for item in listed if item["message_id"] == note.message_id)
    assert (found["transcript"], found["transcript_source"]) == (note.transcript, "tiny.en")
    with (heard / "voice-notes.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = {row["message_id"]: row for row in csv.DictReader(table)}
    assert rows[note.message_id]["transcript_source"] == "tiny.en"
    assert note.transcript is not None
    assert note.transcript in (heard / "index.html").read_text("utf-8")
    assert open_archive(heard).verify().intact


def test_words_have_their_times(heard: Path) -> None:
    note = first(heard, "potato")
    assert note.duration is not None
    assert " ".join(word for _, _, word in note.words) == note.transcript
    starts = [start for start, _, _ in note.words]
    assert starts == sorted(starts)
    assert all(0 <= start <= end <= note.duration + 0.5 for start, end, _ in note.words)


def test_whatsapps_own_transcript_stays(heard: Path) -> None:
    sources = [source for source, _ in said(heard, LENA).values()]
    assert sources.count("whatsapp") == 1
    assert "tiny.en" in sources
    own = next(note for note in open_archive(heard).notes() if note.transcript_source == "whatsapp")
    assert own.words == ()


def test_other_chats_were_not_transcribed(heard: Path) -> None:
    others = [note for note in open_archive(heard).notes() if note.chat not in (LENA, SAM)]
    assert all(note.transcript_source in (None, "whatsapp") for note in others)


def test_a_second_run_transcribes_nothing_again(
    heard: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(heard, folder)
    before = log_of(folder).read_bytes()
    report = transcribe(folder, model=tiny_model, chat=SAM)
    assert (report.done, report.failed) == ([], [])
    assert {outcome.reason for outcome in report.skipped} == {"transcribed already"}
    assert log_of(folder).read_bytes() == before


class StopsAfter(Silent):
    """Asks to stop once some recordings were transcribed."""

    def __init__(self, count: int) -> None:
        self.left = count

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:  # noqa: ARG002
        self.left -= items if stage is Stage.TRANSCRIBE else 0

    def check(self) -> None:
        if self.left <= 0:
            raise Interrupted("stopped")


def test_a_run_that_was_stopped_continues(archive: Path, heard: Path, tiny_model: Path) -> None:
    with pytest.raises(Interrupted):
        transcribe(archive, model=tiny_model, chat=SAM, progress=StopsAfter(1))
    kept = read_transcripts(archive)
    assert len(kept) == 1
    assert len([source for source, _ in said(archive, SAM).values() if source == "tiny.en"]) >= 1
    report = transcribe(archive, model=tiny_model, chat=SAM)
    assert report.done
    assert "transcribed already" in {outcome.reason for outcome in report.skipped}
    assert said(archive, SAM) == said(heard, SAM)


def test_a_run_that_was_killed_continues(archive: Path, heard: Path, tiny_model: Path) -> None:
    command = [sys.executable, "-m", "gdrive_wa", "transcribe", str(archive), "--chat", SAM]
    process = subprocess.Popen(
        [*command, "--model", str(tiny_model), "--quiet"], stderr=subprocess.PIPE
    )
    wait_until(lambda: log_of(archive).is_file() and log_of(archive).stat().st_size)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with log_of(archive).open("ab") as log:
        log.write(b'{"sha256": "half of a li')
    transcribe(archive, model=tiny_model, chat=SAM)
    assert said(archive, SAM) == said(heard, SAM)


def test_another_model_replaces_the_first_transcripts(
    heard: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder, better = tmp_path / "archive", tmp_path / "better" / "model"
    shutil.copytree(heard, folder)
    shutil.copytree(tiny_model, better)
    report = transcribe(folder, model=better, chat=SAM)
    assert len(report.done) == len(open_archive(folder).notes(chat=SAM, status="restored"))
    assert {source for source, text in said(folder, SAM).values() if text} == {"better"}


def test_a_later_restore_keeps_the_transcripts(
    heard: Path, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(heard, folder)
    source = open_folder(plain_sample.folder / "backup")
    restore(source, folder, key=plain_sample.key, timezone=UTC, keep_blobs=True)
    assert said(folder) == said(heard)
    drawn = page(folder, timezone="UTC").read_text()
    without_photos = re.sub(r'"files":\{[^}]*\}', '"files":{}', drawn)  # `everything` brings them
    assert without_photos == (heard / "index.html").read_text()
    log_of(folder).unlink()  # lost, but the index still knows them
    restore(source, folder, key=plain_sample.key, timezone=UTC)
    assert said(folder) == said(heard)


def test_a_share_has_only_the_transcripts_of_its_own_notes(heard: Path, tmp_path: Path) -> None:
    share(heard, tmp_path / "out", chat=SAM, timezone="UTC")
    assert said(tmp_path / "out") == said(heard, SAM)
    others = {text for _, text in said(heard, LENA).values() if text}
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [text for text in others if text.encode() in raw]


def silence(path: Path) -> None:
    """A recording of three seconds of silence."""
    import av  # noqa: PLC0415 - not small

    with av.open(path, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        for _ in range(150):
            frame = av.AudioFrame("s16", "mono", 960)
            frame.sample_rate = 48_000
            frame.planes[0].update(bytes(1920))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def test_silence_and_damage_are_reported_and_do_not_stop_the_run(
    plain_sample: SampleAccount, tiny_model: Path, tmp_path: Path
) -> None:
    phone = tmp_path / "phone"
    voices = phone / "Media" / "WhatsApp Voice Notes" / "202501"
    voices.mkdir(parents=True)
    recordings = sorted((plain_sample.folder / "backup").rglob("*.opus"))
    assert recordings
    shutil.copy(recordings[0], voices / "PTT-20250101-WA0001.opus")
    silence(voices / "PTT-20250101-WA0002.opus")
    (voices / "PTT-20250101-WA0003.opus").write_bytes(recordings[0].read_bytes()[:150])
    restore(phone, tmp_path / "out", timezone=UTC)
    command = [sys.executable, "-m", "gdrive_wa", "transcribe", str(tmp_path / "out"), "--json"]
    ended = subprocess.run([*command, "--model", str(tiny_model)], capture_output=True, check=False)
    assert ended.returncode == 7, ended.stderr
    report = json.loads(ended.stdout)
    assert len(report["done"]) == 1
    assert [outcome["reason"] for outcome in report["skipped"]] == [NO_SPEECH]
    assert len(report["failed"]) == 1
    assert sum(bool(note.transcript) for note in open_archive(tmp_path / "out").notes()) == 1
    again = transcribe(tmp_path / "out", model=tiny_model)
    assert [outcome.reason for outcome in again.skipped].count(NO_SPEECH) == 1
    assert len(again.failed) == 1


def test_processes_give_the_same_transcripts(archive: Path, heard: Path, tiny_model: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        report = transcribe(archive, model=tiny_model, chat=SAM, executor=executor)
    assert report.done
    assert said(archive, SAM) == said(heard, SAM)


class Broken(Executor):
    """An executor with dead workers."""

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        """A future that fails."""
        future: Future[object] = Future()
        future.set_exception(ConnectionError("they are gone"))
        return future


def test_recordings_of_lost_workers_are_transcribed_here(
    archive: Path, heard: Path, tiny_model: Path
) -> None:
    lines: list[str] = []

    class Says(Silent):
        def say(self, line: str) -> None:
            lines.append(line)

    report = transcribe(archive, model=tiny_model, chat=SAM, executor=Broken(), progress=Says())
    assert not report.failed
    assert lines == ["transcribing on this machine instead of the workers: they are gone"]
    assert said(archive, SAM) == said(heard, SAM)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "giant"}, "no model or folder named 'giant'"),
        ({"model": "."}, "does not contain a model"),
        ({"language": "xx"}, "do not know the language 'xx'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"chat": "Nobody"}, "no chat has 'Nobody' in its name"),
    ],
)
def test_wrong_arguments_change_nothing(
    archive: Path, given: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.parent)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        transcribe(archive, **given)  # type: ignore[arg-type]
    assert caught.value.hints
    assert not log_of(archive).exists()


def test_a_model_that_cannot_be_downloaded_is_one_clear_line(archive: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path / "none"), "HTTPS_PROXY": "http://[::1]:9"}
    ended = subprocess.run(
        [sys.executable, "-m", "gdrive_wa", "transcribe", str(archive), "--model", "tiny"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ended.returncode == 4, ended.stderr
    said_first, *rest = ended.stderr.splitlines()
    assert said_first.startswith("downloading the model tiny (75 MB) from Hugging Face")
    assert rest[0].startswith("error: the model tiny cannot be downloaded")
    assert rest[1].startswith("hint: ")


def test_without_the_extra_the_error_says_what_to_install(archive: Path) -> None:
    code = (
        "import sys; sys.modules['faster_whisper'] = None\n"
        "from gdrive_wa.__main__ import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "transcribe", str(archive)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert 'pip install "gdrive-wa[transcribe]"' in ended.stderr
