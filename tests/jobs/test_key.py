"""Checks of a key with a file or a listing, the mistyped digit, and key files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    DamagedError,
    FormatError,
    KeyFileError,
    StorageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.envelope import FileMetadata, seal_envelope
from gdrive_wa.crypt.keys import Key, RootKey, load_key
from gdrive_wa.jobs.key import check, check_backup, create
from gdrive_wa.sources.base import BlobStream
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY, key_for
from tests.jobs.test_decrypt_single import envelope_of, stored
from tests.jobs.test_key_check import MISTYPED

SLIPPED = RootKey.from_hex(MISTYPED)
OTHER = RootKey(bytes(32))
GOOD = seal_envelope(FileMetadata(name="Media/PTT-1.opus").to_json(), ROOT_KEY)
FORGED = seal_envelope(b"{}", OTHER)
NO_ENVELOPE = "no envelope at all"
ADVICE = "in group 11 of 16, write 4 in place of 9"


class Listing:
    """A source of one backup whose entries have these envelopes."""

    name = "listing"

    def __init__(self, *envelopes: str | None, sealed: str | None = None) -> None:
        self.backup = Backup(name="b", account="15550100", sealed=sealed, encrypted=True)
        self.envelopes = envelopes

    def backups(self) -> list[Backup]:
        return [self.backup]

    def entries(self, backup: Backup) -> Iterator[Entry]:
        assert backup == self.backup
        for number, envelope in enumerate(self.envelopes):
            yield Entry(stored_as=f"{number}.mcrypt1", path=f"{number}", envelope=envelope)

    def state(self, _backup: Backup) -> None:
        return None

    def path_of(self, _entry: Entry) -> None:
        return None

    def open(self, entry: Entry, *, offset: int = 0) -> BlobStream:
        raise AssertionError(f"nothing is to be downloaded: {entry}, {offset}")

    def close(self) -> None:
        pass


def container(folder: Path, format_: str = "crypt15") -> Path:
    """A container of a few bytes of SQLite."""
    plain, sealed = folder / "plain", folder / f"msgstore.db.{format_}"
    plain.write_bytes(b"SQLite format 3\0" + bytes(range(256)))
    encrypt_file(plain, sealed, key_for(format_), format=format_)
    return sealed


def test_a_key_opens_its_own_file(tmp_path: Path) -> None:
    opened = check(ROOT_KEY, container(tmp_path))
    assert opened.to_json() == {
        "opens": "msgstore.db.crypt15 (crypt15)",
        "fingerprint": ROOT_KEY.fingerprint,
    }
    assert (
        check(CIPHER_KEY, container(tmp_path, "crypt14")).opens == "msgstore.db.crypt14 (crypt14)"
    )


def test_a_mistyped_digit_is_found_with_every_kind_of_file(tmp_path: Path) -> None:
    blob = stored(tmp_path)
    for file in (container(tmp_path), blob, envelope_of(blob)):
        with pytest.raises(WrongKeyError, match="digit 42 is mistyped") as caught:
            check(SLIPPED, file)
        assert caught.value.hints == (ADVICE,)


def test_it_is_reported_that_no_single_digit_helps(tmp_path: Path) -> None:
    with pytest.raises(WrongKeyError) as caught:
        check(OTHER, container(tmp_path))
    assert [hint for hint in caught.value.hints if "digit" in hint] == [caught.value.hints[-1]]
    assert "more than one digit is wrong" in caught.value.hints[-1]


def test_the_key_file_of_another_generation_is_not_a_typing_error(tmp_path: Path) -> None:
    sealed = container(tmp_path, "crypt14")
    raw = bytearray(CIPHER_KEY.to_bytes())
    raw[3] ^= 1
    with pytest.raises(WrongKeyError, match="another generation") as caught:
        check(load_key(bytes(raw)), sealed)
    assert not any("digit" in hint for hint in caught.value.hints)


def test_damage_is_not_blamed_on_the_key(tmp_path: Path) -> None:
    sealed = container(tmp_path)
    sealed.write_bytes(sealed.read_bytes()[:-40])
    with pytest.raises(DamagedError):
        check(ROOT_KEY, sealed)


def test_a_listing_is_opened_without_a_download() -> None:
    for listing in (Listing(GOOD), Listing(sealed=GOOD), Listing(NO_ENVELOPE, FORGED, GOOD)):
        assert check_backup(ROOT_KEY, listing).opens == "the backup of 15550100"


@pytest.mark.parametrize(
    "listing",
    [
        Listing(GOOD),
        Listing(sealed=GOOD),
        Listing(None, NO_ENVELOPE, GOOD),
        Listing(GOOD, sealed=NO_ENVELOPE),
        Listing(FORGED, GOOD),
    ],
    ids=["an entry's", "the backup's", "after a bad one", "the backup's is bad", "after a forged"],
)
def test_a_mistyped_digit_is_found_with_a_partly_damaged_listing(listing: Listing) -> None:
    with pytest.raises(WrongKeyError, match="digit 42 is mistyped") as caught:
        check_backup(SLIPPED, listing)
    assert caught.value.hints == (ADVICE,)


def test_a_listing_without_envelopes_decides_nothing() -> None:
    for listing in (Listing(), Listing(None), Listing(NO_ENVELOPE)):
        with pytest.raises(FormatError, match="can be used to check the key"):
            check_backup(ROOT_KEY, listing)


def test_the_other_kind_of_key_is_named() -> None:
    with pytest.raises(WrongKeyTypeError):
        check_backup(CIPHER_KEY, Listing(GOOD))


@pytest.mark.parametrize(("key", "size"), [(ROOT_KEY, 59), (CIPHER_KEY, 158)])
def test_a_key_file_is_made_once(key: Key, size: int, tmp_path: Path) -> None:
    file = tmp_path / "my.key"
    create(key, file)
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (size, 0o600)
    assert load_key(file) == key
    with pytest.raises(StorageError, match="already exists"):
        create(key, file)


def test_the_keyring_takes_the_64_digits_only(tmp_path: Path) -> None:
    with pytest.raises(WrongKeyTypeError, match="keyring"):
        create(CIPHER_KEY, tmp_path / "key", keyring=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_given_as_a_path_is_refused_and_not_repeated() -> None:
    digits = bytes(range(32)).hex()
    for act in (lambda: check(ROOT_KEY, digits), lambda: create(ROOT_KEY, digits)):
        with pytest.raises(KeyFileError, match="not a path") as caught:
            act()
        assert digits[:20] not in str(caught.value)
