"""A single file: its target, its name, and the use of its envelope."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    ChecksumError,
    FormatError,
    GdriveWaError,
    StorageError,
    UnsafeNameError,
    UsageError,
)
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, seal_envelope
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from gdrive_wa.jobs.decrypt_single import decrypt_single
from tests.crypt.fixtures import OTHER_ROOT_KEY, ROOT_KEY, Seal
from tests.crypt.hostile.refusal import snapshot
from tests.crypt.hostile.test_envelopes import ENVELOPES

SENT = datetime(2023, 12, 31, 22, 58, tzinfo=UTC)
PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
VOICE = b"OggS" + bytes(range(256)) * 20


class Listener(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def stored(folder: Path, content: bytes = VOICE, path: str = PATH) -> Path:
    """A media file with its envelope."""
    folder.mkdir(exist_ok=True)
    name, sealed, envelope = encrypt_media(content, ROOT_KEY, FileMetadata(name=path, updated=SENT))
    blob = folder / f"{name}.mcrypt1"
    blob.write_bytes(sealed)
    envelope_of(blob).write_text(envelope)
    return blob


def envelope_of(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}-metadata")


def test_media_get_their_name_and_time_from_their_envelope(tmp_path: Path) -> None:
    blob = stored(tmp_path)
    report = decrypt_single(blob, key=ROOT_KEY)
    note = tmp_path / "PTT-20231231-WA0001.opus"
    assert note.read_bytes() == VOICE
    assert note.stat().st_mtime == SENT.timestamp()
    (done,) = report.done
    assert (done.path, done.file, done.bytes) == (str(blob), str(note), len(VOICE))


def test_the_target_may_be_a_folder_or_a_file_name(tmp_path: Path) -> None:
    blob, folder = stored(tmp_path / "in"), tmp_path / "out"
    folder.mkdir()
    decrypt_single(blob, folder, ROOT_KEY)
    assert (folder / "PTT-20231231-WA0001.opus").read_bytes() == VOICE
    decrypt_single(blob, tmp_path / "deep" / "mine.opus", ROOT_KEY)
    mine = tmp_path / "deep" / "mine.opus"
    assert (mine.read_bytes(), mine.stat().st_mtime) == (VOICE, SENT.timestamp())


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (VOICE, ".opus"),
        (b"\xff\xd8\xff\xe0 a photo", ".jpg"),
        (b"\0\0\0\x18ftypmp42 a film", ".mp4"),
        (b"\0\0\0\x18ftypM4A  a song", ".m4a"),
        (b"\0\0\0\x18ftyp3gp4 a film", ".3gp"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", ".webp"),
        (b"%PDF-1.7", ".pdf"),
        (b"PK\x03\x04 a document", ".zip"),
        (b"what is this", ".bin"),
        (b"", ".bin"),
    ],
)
def test_without_an_envelope_the_hash_is_the_name_and_the_content_gives_the_suffix(
    content: bytes, suffix: str, tmp_path: Path
) -> None:
    blob = stored(tmp_path, content)
    envelope_of(blob).unlink()
    decrypt_single(blob, key=ROOT_KEY)
    assert blob.with_suffix(suffix).read_bytes() == content


@pytest.mark.parametrize("sealed", [sealed for sealed, _ in ENVELOPES.values()], ids=ENVELOPES)
def test_an_unusable_envelope_loses_the_name_and_not_the_content(
    sealed: str, tmp_path: Path
) -> None:
    blob, listener = stored(tmp_path), Listener()
    envelope_of(blob).write_text(sealed, encoding="utf-8")
    report = decrypt_single(blob, key=ROOT_KEY, progress=listener)
    assert blob.with_suffix(".opus").read_bytes() == VOICE
    (said,) = listener.said
    assert "metadata file cannot be used" in said
    assert (report.failed, report.done[0].reason) == ([], said.removeprefix(f"{blob.name}: "))


def test_the_envelope_of_another_file_is_not_used(tmp_path: Path) -> None:
    blob, other = stored(tmp_path), stored(tmp_path / "other", b"OggS other", "Media/other.opus")
    envelope_of(other).replace(envelope_of(blob))
    report = decrypt_single(blob, key=ROOT_KEY)
    assert blob.with_suffix(".opus").read_bytes() == VOICE
    assert "another file" in (report.done[0].reason or "")
    assert not (tmp_path / "other.opus").exists()


def test_a_name_that_leads_out_is_refused_and_nothing_written(tmp_path: Path) -> None:
    blob = stored(tmp_path / "in", path="Media/../../../out.opus")
    before = snapshot(tmp_path)
    with pytest.raises(UnsafeNameError):
        decrypt_single(blob, key=ROOT_KEY)
    assert snapshot(tmp_path) == before


def test_a_damaged_or_foreign_blob_leaves_nothing(tmp_path: Path) -> None:
    blob = stored(tmp_path)
    with pytest.raises(GdriveWaError) as wrong:
        decrypt_single(blob, key=OTHER_ROOT_KEY)
    assert wrong.value.exit_code == 5
    blob.write_bytes(b"\0" + blob.read_bytes()[1:])
    before = snapshot(tmp_path)
    with pytest.raises(ChecksumError):
        decrypt_single(blob, key=ROOT_KEY)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["renamed.mcrypt1", "A1 (1).mcrypt1", "voice.MCRYPT1"])
def test_renamed_media_are_distinguished_from_other_files(name: str, tmp_path: Path) -> None:
    blob = stored(tmp_path / "in")
    envelope_of(blob).unlink()
    renamed = blob.rename(blob.with_name(name))
    with pytest.raises(FormatError, match="derived from its name"):
        decrypt_single(renamed, key=ROOT_KEY)
    report = decrypt_tree(tmp_path / "in", tmp_path / "out", ROOT_KEY)
    assert [outcome.path for outcome in report.failed] == [name]
    assert "derived from its name" in str(report.failed[0].reason)


def test_a_container_loses_the_suffix_of_its_encryption(seal: Seal, database: Path) -> None:
    sealed = seal("crypt15")
    decrypt_single(sealed, key=ROOT_KEY)
    assert sealed.with_name("msgstore.db").read_bytes() == database.read_bytes()


def test_nothing_is_written_over_itself(database: Path, tmp_path: Path) -> None:
    plain = tmp_path / "msgstore.db"
    plain.write_bytes(database.read_bytes())
    for dest in (None, plain, tmp_path):
        with pytest.raises(UsageError, match="would be overwritten"):
            decrypt_single(plain, dest, ROOT_KEY)
    blob = stored(tmp_path)
    sealed = seal_envelope(json.dumps({"name": f"Media/{blob.name}"}).encode(), ROOT_KEY)
    envelope_of(blob).write_text(sealed)
    with pytest.raises(UsageError, match="would be overwritten"):
        decrypt_single(blob, key=ROOT_KEY)


def test_a_name_that_ends_with_a_slash_is_a_folder_even_if_it_does_not_exist(
    tmp_path: Path,
) -> None:
    decrypt_single(stored(tmp_path / "in"), f"{tmp_path}/new/", ROOT_KEY)
    assert (tmp_path / "new" / "PTT-20231231-WA0001.opus").read_bytes() == VOICE


def test_a_pipe_or_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    blob = stored(tmp_path / "in")
    for name in ("pipe", "PTT-20231231-WA0001.opus"):
        os.mkfifo(tmp_path / name)
    before = sorted(tmp_path.iterdir())
    for make in (
        lambda: decrypt_single(blob, tmp_path / "pipe", ROOT_KEY),
        lambda: decrypt_single(blob, tmp_path, ROOT_KEY),
        lambda: decrypt_file(blob, tmp_path / "pipe", ROOT_KEY),
    ):
        with pytest.raises(StorageError, match="is not a regular file"):
            make()
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "pipe").is_fifo()
