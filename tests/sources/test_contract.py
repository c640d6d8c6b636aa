"""What holds for every place that a backup can lie in."""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from gdrive_wa.core.errors import GoneError, WrongKeyError, WrongKeyTypeError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, Secret
from gdrive_wa.crypt.keys import CipherKey, RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.jobs.reveal import check_key, reveal
from gdrive_wa.sources.base import WHEN_EMPTY, BackupSource
from tests.sources.conftest import Connect

SOURCES = ["backup", "appdata", "drive", "folder"]


def entries_of(source: BackupSource) -> list[Entry]:
    return list(source.entries(source.backups()[0]))


def read(source: BackupSource, entry: Entry, offset: int = 0) -> bytes:
    pieces = []
    with source.open(entry, offset=offset) as stream:
        assert stream.offset == offset
        while piece := stream.read(10_000):
            assert len(piece) <= 10_000
            pieces.append(piece)
        assert stream.read(10_000) == b""
    return b"".join(pieces)


def stored_bytes(sample: SampleAccount) -> dict[str, bytes]:
    folder = sample.folder / "backup"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_one_backup_is_there(source: BackupSource) -> None:
    (backup,) = source.backups()
    assert backup.encrypted is True
    assert backup.updated is not None
    assert backup.updated.utcoffset() == timedelta(0)
    assert not backup.uploading


def test_everything_stored_is_listed_once_under_its_stored_name(
    source: BackupSource, sample: SampleAccount
) -> None:
    names = [entry.stored_as for entry in entries_of(source)]
    assert sorted(names) == sorted(stored_bytes(sample))
    assert set(sample.stored.values()) <= set(names)


def test_sizes_are_those_of_the_stored_bytes(source: BackupSource, sample: SampleAccount) -> None:
    stored = stored_bytes(sample)
    assert {entry.stored_as: entry.size for entry in entries_of(source)} == {
        name: len(content) for name, content in stored.items()
    }


def test_hashes_are_those_of_the_stored_bytes_where_they_are_told(
    source: BackupSource, sample: SampleAccount
) -> None:
    stored = stored_bytes(sample)
    hashes = {entry.stored_as: entry.md5 for entry in entries_of(source)}
    if source.name == "folder":  # nobody wrote them down
        assert set(hashes.values()) == {None}
    else:
        assert hashes == {
            name: hashlib.md5(content).hexdigest() for name, content in stored.items()
        }


def test_the_bytes_are_those_that_are_stored(source: BackupSource, sample: SampleAccount) -> None:
    stored = stored_bytes(sample)
    entries = entries_of(source)
    with ThreadPoolExecutor(8) as pool:  # a source is used from many threads
        contents = pool.map(lambda entry: read(source, entry), entries)
        assert all(
            content == stored[entry.stored_as]
            for entry, content in zip(entries, contents, strict=True)
        )


def test_a_stream_starts_where_it_is_asked_to(source: BackupSource, sample: SampleAccount) -> None:
    entry = max(entries_of(source), key=lambda entry: entry.size or 0)
    content = stored_bytes(sample)[entry.stored_as]
    for offset in (1, 1000, len(content) - 1):
        assert read(source, entry, offset) == content[offset:]
    with source.open(entry, offset=5) as stream:
        assert stream.total == len(content)


def test_a_stream_can_be_left_half_way(source: BackupSource) -> None:
    entry = max(entries_of(source), key=lambda entry: entry.size or 0)
    for _ in range(3):
        with source.open(entry) as stream:
            assert stream.read(10)
    assert len(read(source, entry)) == entry.size


def test_a_revision_stays_while_the_bytes_do(source: BackupSource) -> None:
    once, again = entries_of(source), entries_of(source)
    assert [entry.revision for entry in once] == [entry.revision for entry in again]
    assert all(entry.revision for entry in once)


def test_times_are_utc(source: BackupSource) -> None:
    assert all(entry.modified and entry.modified.tzinfo is UTC for entry in entries_of(source))


def test_the_key_is_checked_and_names_are_read_from_the_listing_alone(
    source: BackupSource, sample: SampleAccount, emulator: Emulator
) -> None:
    backup, entries = source.backups()[0], entries_of(source)
    if source.name == "folder":  # its envelopes are not beside the stored files of the account
        assert not check_key(backup, entries, sample.key)
        return
    assert check_key(backup, entries, sample.key)
    shown = list(reveal(entries, sample.key))
    media = {path for path in sample.stored if path.startswith("Media/")}
    assert {entry.path for entry in shown} >= media
    voices = [entry for entry in shown if entry.kind is Kind.VOICE]
    assert len(voices) == sum(PTT in path for path in sample.stored)
    for entry in voices:
        content = sample.contents[entry.path]
        assert (entry.plain_size, entry.plain_md5) == (
            len(content),
            hashlib.md5(content).hexdigest(),
        )
    asked = [served for served in emulator.counts.log if served.query.get("alt") == "media"]
    assert not [served.path for served in asked if served.path.endswith(".mcrypt1")]


PTT = "/PTT-"


def test_another_key_is_told_apart(source: BackupSource) -> None:
    if source.name == "folder":
        return
    backup, entries = source.backups()[0], entries_of(source)
    with pytest.raises(WrongKeyError, match="does not open this backup"):
        check_key(backup, entries, RootKey(bytes(32)))


def test_the_other_kind_of_key_is_told_apart(
    source: BackupSource, plain_sample: SampleAccount
) -> None:
    backup, entries = source.backups()[0], entries_of(source)
    assert isinstance(plain_sample.key, CipherKey)
    with pytest.raises(WrongKeyTypeError, match="end-to-end encrypted") as caught:
        check_key(backup, entries, plain_sample.key)
    assert "64 digits" in caught.value.hints[0]


def test_an_entry_that_is_gone(source: BackupSource, tmp_path: Path) -> None:
    entry = entries_of(source)[0]
    nowhere = str(tmp_path / "gone") if source.name == "folder" else f"{entry.locator}-gone"
    with pytest.raises(GoneError, match="no longer"):
        source.open(replace(entry, locator=nowhere))


@pytest.mark.parametrize("name", SOURCES)
def test_a_backup_without_end_to_end_encryption(
    name: str, plain_sample: SampleAccount, sample: SampleAccount, connect: Connect
) -> None:
    with Emulator(plain_sample.folder) as emulator:
        source = connect(name, emulator, plain_sample.token)
        (backup,) = source.backups()
        assert backup.encrypted is False
        assert backup.key_type == "server"
        entries = list(source.entries(backup))
        assert {entry.path for entry in entries} >= set(plain_sample.stored.values())
        assert all(entry.envelope is None for entry in entries)
        assert not check_key(backup, entries, plain_sample.key)
        with pytest.raises(WrongKeyTypeError, match="not end-to-end") as caught:
            check_key(backup, entries, sample.key)
        assert "158 bytes" in caught.value.hints[0]


@pytest.mark.parametrize("name", SOURCES)
def test_an_empty_place_holds_no_backup(name: str, tmp_path: Path, connect: Connect) -> None:
    (tmp_path / "backup").mkdir()
    account: dict[str, object] = {
        "email": "ann@example.org",
        "access_token": "ya29.ann",
        "backups": [],
    }
    account["my_drive"] = {"Phone backup/WhatsApp": "backup"}
    (tmp_path / "account.json").write_text(json.dumps(account))
    with Emulator(tmp_path) as emulator:
        assert connect(name, emulator, Secret("ya29.ann")).backups() == []
    assert WHEN_EMPTY[name]


def test_a_copied_listing_is_as_good(sample: SampleAccount, tmp_path: Path) -> None:
    """What `folder` shows is what lies there, wherever that is."""
    from gdrive_wa.sources import open_folder  # noqa: PLC0415 - the public way in

    shutil.copytree(sample.folder / "backup", tmp_path / "copy")
    assert len(entries_of(open_folder(tmp_path / "copy"))) == len(stored_bytes(sample))
