"""Exported notes are decoded again and compared."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.export import PAUSE, export
from gdrive_wa.archive.tags import tags_for
from gdrive_wa.core.errors import Interrupted, StorageError, UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.ogg import one_packet, pages
from gdrive_wa.core.progress import Silent
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.restore import restore
from gdrive_wa.sources import open_folder

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Heard:
    """The streams of a decoded file; times in seconds, loudness from 0 to 1."""

    codec: str
    seconds: float
    loud: float
    tags: dict[str, str]
    chapters: list[tuple[str, float, float]]


def listen(path: Path) -> Heard:
    samples, power = 0, 0.0
    with av.open(path) as recording:
        stream = recording.streams.audio[0]
        resampler = av.AudioResampler("s16", "mono", 48_000)
        for frame in recording.decode(stream):
            for piece in resampler.resample(frame):
                samples += piece.samples
                power += float(np.square(piece.to_ndarray().astype(float)).sum())
        return Heard(
            codec=stream.codec_context.name,
            seconds=samples / 48_000,
            loud=math.sqrt(power / samples) / 32_768,
            tags=dict(recording.metadata),
            chapters=[
                (
                    chapter["metadata"]["title"],
                    float(chapter["start"] * (chapter["time_base"] or 0)),
                    float(chapter["end"] * (chapter["time_base"] or 0)),
                )
                for chapter in recording.chapters()
            ],
        )


@pytest.fixture(scope="module")
def archive(plain_sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restored archive. Shared: read it, never change it."""
    folder = tmp_path_factory.mktemp("restored") / "archive"
    source = open_folder(plain_sample.folder / "backup")
    restore(source, folder, key=plain_sample.key, timezone=UTC)
    return folder


@pytest.fixture
def own(archive: Path, tmp_path: Path) -> Path:
    """A copy of the archive that a test may change."""
    folder = tmp_path / "own"
    for path in archive.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(archive)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def notes_of(archive: Path, chat: str = "") -> list[VoiceNote]:
    notes = open_archive(archive).notes()
    return [note for note in notes if note.file is not None and chat in note.chat]


def longest_chat(archive: Path) -> str:
    return Counter(note.chat for note in notes_of(archive)).most_common(1)[0][0]


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(("form", "codec"), [("m4a", "aac"), ("mp3", "mp3")])
def test_each_note_sounds_as_long_as_before_and_keeps_its_tags(
    archive: Path, tmp_path: Path, form: str, codec: str
) -> None:
    chat = notes_of(archive)[0].chat
    report = export(archive, tmp_path / "out", form=form, chat=chat, timezone=UTC)
    notes = notes_of(archive, chat)
    assert (len(report.done), report.skipped, report.failed) == (len(notes), [], [])
    for note in notes:
        assert note.file is not None
        was = listen(archive / note.file)
        path = tmp_path / "out" / Path(note.file).relative_to("Voice notes").with_suffix(f".{form}")
        heard = listen(path)
        assert heard.codec.startswith(codec)
        assert heard.seconds == pytest.approx(was.seconds, abs=0.05)
        assert heard.loud == pytest.approx(was.loud, rel=0.1)
        wanted = tags_for(note, UTC)
        assert {name: heard.tags[name] for name in ("title", "artist", "album", "date")} == {
            name: wanted[name] for name in ("title", "artist", "album", "date")
        }
        assert note.sent_at is not None
        assert path.stat().st_mtime == note.sent_at.timestamp()


def test_all_notes_of_all_chats_and_the_archive_stays_as_it_is(
    archive: Path, tmp_path: Path
) -> None:
    before = tree(archive)
    report = export(archive, tmp_path / "out", form="mp3")
    assert len(report.done) == len(notes_of(archive))
    assert report.bytes == sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.mp3"))
    assert tree(archive) == before
    again = export(archive, tmp_path / "out", form="mp3")
    assert (again.done, len(again.skipped)) == ([], len(report.done))


def test_a_chat_in_one_file_has_a_chapter_a_note_with_silence_between(
    archive: Path, tmp_path: Path
) -> None:
    chat = longest_chat(archive)
    notes = notes_of(archive, chat)
    assert len(notes) > 2
    report = export(archive, tmp_path / "out", joined=True, chat=chat, timezone=UTC)
    assert len(report.done) == len(notes)
    (path,) = (tmp_path / "out").rglob("*")
    heard = listen(path)
    pause = PAUSE / 48_000
    lengths = [listen(archive / str(note.file)).seconds for note in notes]
    assert heard.seconds == pytest.approx(sum(lengths) + pause * (len(notes) - 1), abs=0.1)
    assert heard.tags["title"] == heard.tags["album"] == chat
    assert [title for title, _, _ in heard.chapters] == [
        f"{note.sent_at:%Y-%m-%d %H:%M} {note.sender}" for note in notes
    ]
    at = 0.0
    for (_, start, end), length in zip(heard.chapters, lengths, strict=True):
        assert start == pytest.approx(at, abs=0.01)
        at += length + pause
        assert end == pytest.approx(min(at, heard.seconds), abs=0.1)


def test_each_chat_becomes_a_file(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "out", joined=True)
    folders = {path.name for path in (archive / "Voice notes").iterdir()}
    assert {path.stem for path in (tmp_path / "out").iterdir()} == folders


def test_tags_that_are_not_utf_8_do_not_prevent_export(own: Path, tmp_path: Path) -> None:
    note = notes_of(own)[0]
    assert note.file is not None
    seconds = listen(own / note.file).seconds
    content = (own / note.file).read_bytes()
    page = list(pages(content))[1]
    packet = content[page.body : page.end].replace(b"artist=", b"artis\xe9=")
    assert b"\xe9=" in packet
    (new,) = one_packet(packet, serial=page.serial, number=page.number)
    (own / note.file).write_bytes(content[: page.start] + new + content[page.end :])
    report = export(own, tmp_path / "out", form="m4a", chat=note.chat)
    assert report.failed == []
    name = Path(note.file).relative_to("Voice notes").with_suffix(".m4a")
    assert listen(tmp_path / "out" / name).seconds == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("joined", [False, True])
def test_a_note_that_cannot_be_decoded_does_not_stop_the_others(
    own: Path, tmp_path: Path, *, joined: bool
) -> None:
    notes = notes_of(own, "Mum") or notes_of(own, notes_of(own)[0].chat)
    broken, gone, playlist, cut = (own / str(note.file) for note in notes[:4])
    broken.write_bytes(b"OggS" + bytes(500))
    gone.unlink()
    playlist.write_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    cut.write_bytes(b"")
    report = export(own, tmp_path / "out", chat=notes[0].chat, joined=joined)
    failed = {own / outcome.path: outcome.reason for outcome in report.failed}
    assert set(failed) == {broken, gone, playlist, cut}
    assert "is missing" in str(failed[gone])
    assert "not in a supported audio format" in str(failed[playlist])
    assert len(report.done) == len(notes) - 4
    if joined:
        (path,) = (tmp_path / "out").iterdir()
        assert len(listen(path).chapters) == len(notes) - 4


def test_a_playlist_or_reference_to_other_files_is_never_followed(
    own: Path, tmp_path: Path
) -> None:
    note = notes_of(own)[0]
    canary = tmp_path / "canary.opus"
    canary.write_bytes((own / str(notes_of(own)[1].file)).read_bytes())
    for text in (
        f"#EXTM3U\n#EXTINF:1,\n{canary}\n",
        f"ffconcat version 1.0\nfile {canary}\n",
        "<?xml version='1.0'?><MPD/>",
    ):
        (own / str(note.file)).write_text(text)
        report = export(own, tmp_path / "out", chat=note.chat, joined=True)
        assert report.failed[0].path == note.file


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_nothing_is_written_or_read_through_a_link(own: Path, tmp_path: Path) -> None:
    note = notes_of(own)[0]
    chat, outside = Path(note.file or "").parent, tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / chat.name).symlink_to(outside)
    with pytest.raises(StorageError, match="is a symbolic link, which is not followed"):
        export(own, tmp_path / "out", chat=note.chat)
    assert list(outside.iterdir()) == []
    (own / chat).rename(tmp_path / "aside")
    (own / chat).symlink_to(tmp_path / "aside")
    report = export(own, tmp_path / "other", chat=note.chat)
    assert report.done == []
    assert report.failed


def test_two_files_that_differ_in_their_suffix_stay_two(own: Path, tmp_path: Path) -> None:
    index = own / "voice-notes.json"
    rows = json.loads(index.read_text("utf-8"))
    row = next(row for row in rows if row["file"] is not None)
    twin = str(Path(row["file"]).with_suffix(".ogg"))
    (own / twin).write_bytes((own / row["file"]).read_bytes())
    index.write_text(json.dumps([*rows, {**row, "file": twin, "message_id": "twin"}]), "utf-8")
    report = export(own, tmp_path / "out", chat=row["chat"])
    assert len({outcome.file for outcome in report.done}) == len(report.done)
    assert not report.skipped


def test_invalid_arguments_are_refused(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no chat .* is named 'nobody'"):
        export(archive, tmp_path / "out", chat="nobody")
    with pytest.raises(UsageError, match="chapters"):
        export(archive, tmp_path / "out", form="mp3", joined=True)
    with pytest.raises(UsageError, match="unknown export format 'wav'"):
        export(archive, tmp_path / "out", form="wav")
    with pytest.raises(UsageError, match="is inside the archive"):
        export(archive, archive / "Exported")
    with pytest.raises(UsageError, match="is not a gdrive-wa archive"):
        export(tmp_path, tmp_path / "out")


def test_a_stopped_export_leaves_complete_files_and_can_be_continued(
    archive: Path, tmp_path: Path
) -> None:
    class Impatient(Silent):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 3:
                raise Interrupted("stopped")

    chat = longest_chat(archive)
    with pytest.raises(Interrupted):
        export(archive, tmp_path / "out", chat=chat, jobs=1, progress=Impatient())
    kept = tree(tmp_path / "out")
    assert kept
    assert all(name.endswith(".m4a") for name in kept)
    assert len(kept) < len(notes_of(archive, chat))
    export(archive, tmp_path / "out", chat=chat)
    after = tree(tmp_path / "out")
    assert len(after) == len(notes_of(archive, chat))
    assert {name: after[name] for name in kept} == kept


def test_missing_notes_are_left_out_silently(archive: Path, tmp_path: Path) -> None:
    missing = [n for n in open_archive(archive).notes() if n.status is NoteStatus.MISSING]
    report = export(archive, tmp_path / "out", form="mp3", chat=missing[0].chat)
    assert len(report.done) == len(notes_of(archive, missing[0].chat))


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gdrive_wa", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_exports_the_same(archive: Path, tmp_path: Path) -> None:
    chat = notes_of(archive)[0].chat
    ended = run("export", archive, tmp_path / "out", "--joined", "--chat", chat, "--json")
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert len(report["done"]) == len(notes_of(archive, chat))
    done = len(report["done"])
    assert f"exported {done} voice note{'' if done == 1 else 's'}," in ended.stderr


def test_without_the_extra_the_command_explains_how_to_install_it(
    archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('not installed')\n")
    ended = run("export", archive, tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 2
    assert 'hint: install it with: pip install "gdrive-wa[audio]"' in ended.stderr
    assert not (tmp_path / "out").exists()
