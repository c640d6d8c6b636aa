"""The contract of every source."""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.base import WHEN_EMPTY, BackupSource
from gdrive_wa.sources.whatsapp import WhatsAppServers
from tests.sources.conftest import Connect, stored_bytes
from tests.sources.places import Place, no_iphone


def read(source: BackupSource, entry: Entry, offset: int = 0) -> bytes:
    pieces = []
    with source.open(entry, offset=offset) as stream:
        assert stream.offset == offset
        while piece := stream.read(10_000):
            assert len(piece) <= 10_000
            pieces.append(piece)
        assert stream.read(10_000) == b""
    return b"".join(pieces)


def entries_of(source: BackupSource) -> list[Entry]:
    return list(source.entries(source.backups()[0]))


def longest(place: Place) -> Entry:
    return max(place.entries(), key=lambda entry: len(place.stored[entry.stored_as]))


def test_the_one_backup_is_there(place: Place) -> None:
    (backup,) = place.source.backups()
    assert backup.name
    assert backup.account
    assert backup.updated is None or backup.updated.utcoffset() == timedelta(0)
    assert not backup.uploading
    content = sum(map(len, place.stored.values()))
    assert not place.sized or (backup.size or 0) >= content  # envelopes may count as well


def test_a_backup_of_google_has_its_time_and_encryption(source: BackupSource) -> None:
    (backup,) = source.backups()
    assert backup.encrypted is True
    assert backup.updated is not None


def test_everything_stored_is_listed_once_under_its_stored_name(place: Place) -> None:
    names = [entry.stored_as for entry in place.entries()]
    assert sorted(names) == sorted(place.stored)


def test_a_second_listing_is_the_same(place: Place) -> None:
    (backup,) = place.source.backups()
    assert list(place.source.entries(backup)) == list(place.source.entries(backup))


def test_known_sizes_are_those_of_the_stored_bytes(place: Place) -> None:
    for entry in place.entries():
        assert entry.size in (None, len(place.stored[entry.stored_as]))
        assert entry.size is not None or not place.sized


def test_known_hashes_are_those_of_the_stored_bytes(place: Place) -> None:
    known = {entry.stored_as: entry.md5 for entry in place.entries() if entry.md5}
    assert known == {name: hashlib.md5(place.stored[name]).hexdigest() for name in known}


def test_google_knows_every_hash(source: BackupSource) -> None:
    if source.name != "folder":  # a folder has no list of hashes
        assert all(entry.md5 for entry in entries_of(source))


def test_the_bytes_are_the_stored_ones(place: Place) -> None:
    entries = place.entries()
    with ThreadPoolExecutor(8) as pool:  # a source is used from many threads
        contents = pool.map(lambda entry: read(place.source, entry), entries)
        assert all(
            content == place.stored[entry.stored_as]
            for entry, content in zip(entries, contents, strict=True)
        )


def test_files_read_in_place_have_the_stored_bytes(place: Place) -> None:
    for entry in place.entries():
        path = place.source.path_of(entry)
        assert path is None or Path(path).read_bytes() == place.stored[entry.stored_as]


def test_one_entry_is_opened_by_many_threads(place: Place) -> None:
    entry = longest(place)
    with ThreadPoolExecutor(8) as pool:
        contents = set(pool.map(lambda _: read(place.source, entry), range(16)))
    assert contents == {place.stored[entry.stored_as]}


def test_a_stream_starts_at_the_requested_offset(place: Place) -> None:
    entry = longest(place)
    content = place.stored[entry.stored_as]
    for offset in (1, 1000, len(content) - 1):
        assert read(place.source, entry, offset) == content[offset:]
    with place.source.open(entry, offset=5) as stream:
        assert stream.total == len(content)


def test_a_stream_can_be_abandoned(place: Place) -> None:
    entry = longest(place)
    for _ in range(3):
        with place.source.open(entry) as stream:
            assert stream.read(10)
    assert read(place.source, entry) == place.stored[entry.stored_as]


def test_a_revision_is_stable_while_the_bytes_are(place: Place) -> None:
    once, again = place.entries(), place.entries()
    assert [entry.revision for entry in once] == [entry.revision for entry in again]
    assert all(entry.revision for entry in once)


def test_known_times_are_in_utc(place: Place) -> None:
    times = [entry.modified for entry in place.entries()]
    assert all(time is None or time.tzinfo is UTC for time in times)
    assert all(times) or place.source.name == "whatsapp"


def test_an_entry_that_is_gone(place: Place) -> None:
    entry = place.vanish(longest(place))
    with pytest.raises(GoneError, match="no longer"):
        place.source.open(entry)


def test_the_key_is_checked_and_names_are_read_from_the_listing_alone(
    source: BackupSource, sample: SampleAccount, emulator: Emulator
) -> None:
    backup, entries = source.backups()[0], entries_of(source)
    if source.name == "folder":  # the account's folder has no envelopes next to the files
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


def test_another_key_is_distinguished(source: BackupSource) -> None:
    if source.name == "folder":
        return
    backup, entries = source.backups()[0], entries_of(source)
    with pytest.raises(WrongKeyError, match="does not open this backup"):
        check_key(backup, entries, RootKey(bytes(32)))


def test_the_other_kind_of_key_is_distinguished(
    source: BackupSource, plain_sample: SampleAccount
) -> None:
    backup, entries = source.backups()[0], entries_of(source)
    assert isinstance(plain_sample.key, CipherKey)
    with pytest.raises(WrongKeyTypeError, match="end-to-end encrypted") as caught:
        check_key(backup, entries, plain_sample.key)
    assert "64 digits" in caught.value.hints[0]


@pytest.mark.parametrize("name", ["backup", "appdata", "drive", "folder"])
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
        assert "158 bytes" in caught.value.hint


@pytest.mark.parametrize("name", ["backup", "appdata", "drive", "folder"])
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


def test_an_iphone_without_whatsapp_and_a_database_without_links_hold_no_backup(
    tmp_path: Path,
) -> None:
    with closing(open_folder(no_iphone(tmp_path))) as phone, closing(WhatsAppServers([])) as none:
        assert phone.backups() == none.backups() == []
        assert WHEN_EMPTY[phone.name]
        assert WHEN_EMPTY[none.name]


def test_a_copied_listing_is_as_good(sample: SampleAccount, tmp_path: Path) -> None:
    """Check that a source over `folder` lists the files there."""
    shutil.copytree(sample.folder / "backup", tmp_path / "copy")
    assert len(entries_of(open_folder(tmp_path / "copy"))) == len(stored_bytes(sample))
