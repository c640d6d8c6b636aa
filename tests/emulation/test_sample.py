from __future__ import annotations

import hashlib
import io
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import av
import pytest

from gdrive_wa.core.errors import FormatError, UsageError
from gdrive_wa.core.model import NoteStatus
from gdrive_wa.crypt.keys import load_key
from gdrive_wa.emulation.account import read_account
from gdrive_wa.emulation.bulk import make_bulk
from gdrive_wa.emulation.ogg import seconds_of, with_serial
from gdrive_wa.emulation.sample import SampleAccount, make_sample
from gdrive_wa.emulation.story import read_recordings
from gdrive_wa.jobs.decrypt_file import decrypt_file
from tests.core.test_ogg import holds


@pytest.fixture(params=["sample", "plain_sample"])
def either(request: pytest.FixtureRequest) -> SampleAccount:
    account = request.getfixturevalue(request.param)
    assert isinstance(account, SampleAccount)
    return account


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path, either: SampleAccount) -> None:
    make_sample(tmp_path, encrypted=either.encrypted)
    assert files_of(tmp_path) == files_of(either.folder)


def test_another_seed_makes_another_key(tmp_path: Path, sample: SampleAccount) -> None:
    assert make_sample(tmp_path, seed=7).key != sample.key


def test_the_key_file_holds_the_key(either: SampleAccount) -> None:
    assert load_key(either.key_file) == either.key
    assert either.key_file.stat().st_size == (59 if either.encrypted else 158)


def test_every_container_opens_with_the_key(tmp_path: Path, either: SampleAccount) -> None:
    containers = {path: name for path, name in either.stored.items() if ".crypt1" in name}
    assert len(containers) == 4
    for path, stored in containers.items():
        decrypt_file(either.folder / "backup" / stored, tmp_path / "plain", either.key)
        assert (tmp_path / "plain").read_bytes() == either.contents[path]


def test_every_voice_note_plays_and_no_two_are_alike(sample: SampleAccount) -> None:
    assert len(sample.notes) == 42
    hashes = {note.sha256 for note in sample.notes}
    assert len(hashes) == len(sample.notes)
    for note in sample.notes:
        if note.status is NoteStatus.MISSING:
            assert note.whatsapp_path not in sample.contents
            continue
        audio = sample.contents[note.whatsapp_path or ""]
        assert hashlib.sha256(audio).hexdigest() == note.sha256
        assert note.duration is not None
        length = seconds_of(audio)
        assert length == pytest.approx(note.duration, abs=0.5)
        assert len(note.waveform) == 64
        assert max(note.waveform) == 100


def test_the_sample_has_one_note_of_each_kind(sample: SampleAccount) -> None:
    notes = sample.notes
    assert Counter(note.status for note in notes) == {
        NoteStatus.RESTORED: 41,
        NoteStatus.MISSING: 1,
    }
    assert len({note.chat_jid for note in notes}) == 8
    assert {note.chat_jid.partition("@")[2] for note in notes} == {"s.whatsapp.net", "g.us", "lid"}
    assert any(note.starred for note in notes)
    assert any(note.forwarded for note in notes)
    assert any(note.view_once for note in notes)
    assert any(note.transcript for note in notes)
    assert list(notes) == sorted(notes, key=lambda note: note.sent_at or 0)


def test_the_database_is_intact_and_contains_what_is_expected(
    tmp_path: Path, sample: SampleAccount
) -> None:
    path = tmp_path / "msgstore.db"
    path.write_bytes(sample.contents["Databases/msgstore.db"])
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute(
            "SELECT key_id, file_path FROM message JOIN message_media ON message_row_id = _id"
            " WHERE origin = 1 AND message_type IN (2, 82) ORDER BY timestamp, _id"
        ).fetchall()
        attached = database.execute(
            "SELECT COUNT(*) FROM message WHERE message_type = 2 AND origin = 0"
        ).fetchone()
    assert rows == [(note.message_id, note.whatsapp_path) for note in sample.notes]
    assert attached == (1,)


def test_a_recording_under_another_serial_keeps_its_audio() -> None:
    recording = read_recordings()["mum"]
    other = with_serial(recording.audio, 0xDEADBEEF)
    assert len(other) == len(recording.audio)
    assert other != recording.audio
    assert other[14:18] == bytes.fromhex("efbeadde")
    assert holds(other)
    assert seconds_of(other) == seconds_of(recording.audio)


def test_a_recording_is_as_long_as_another_player_reports() -> None:
    for recording in read_recordings().values():
        with av.open(io.BytesIO(recording.audio), mode="r", format="ogg") as opened:
            assert opened.duration is not None
            assert seconds_of(recording.audio) == pytest.approx(opened.duration / 1e6, abs=0.02)


def test_the_recordings_stay_small() -> None:
    recordings = read_recordings().values()
    assert sum(len(recording.audio) for recording in recordings) < 150_000
    assert all(recording.words for recording in recordings)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_bulk_account_has_the_size_asked_for(tmp_path: Path, *, encrypted: bool) -> None:
    bulk = make_bulk(tmp_path, count=5, size=3000, encrypted=encrypted)
    (backup,) = read_account(bulk.folder).backups
    sizes = {blob.size for blob in backup.blobs.values()}
    assert len(backup.blobs) == 5
    assert sizes == {3016 if encrypted else 3000}
    assert len({blob.md5 for blob in backup.blobs.values()}) == 5


def test_a_folder_that_is_not_an_account_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not an account"):
        read_account(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"email": "x", "clients": [{"id": 1}]}'])
def test_an_invalid_account_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "account.json").write_text(text)
    with pytest.raises(FormatError):
        read_account(tmp_path)


def test_an_account_crafted_by_hand_takes_its_data_from_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text('{"email": "ann@example.org"}')
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "a.txt").write_bytes(b"one")
    (blob,) = read_account(tmp_path).backups[0].blobs.values()
    before = blob.md5
    (tmp_path / "backup" / "a.txt").write_bytes(b"other")
    assert (blob.size, blob.md5) == (5, hashlib.md5(b"other").hexdigest())
    assert before == hashlib.md5(b"one").hexdigest()
