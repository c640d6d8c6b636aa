"""Messages about a missing or wrong key: the lock of the backup, and swapped digits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gdrive_wa import FormatError, key_check, restore
from gdrive_wa.core.errors import KeyFailure, KeyFileError, MissingKeyError, WrongKeyError
from gdrive_wa.crypt.containers import container_key
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.header import parse_header, read_varint, write_varint
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.jobs.key_swaps import SwapFix, find_swap
from gdrive_wa.pb.backup_prefix_pb2 import BackupPrefix
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY

RIGHT = ROOT_KEY.reveal().hex()
LOCKS = {"password": 2, "passkey": 4}


def swapped(at: int, other: int, size: int = 1) -> str:
    digits = list(RIGHT)
    one, two = slice(at, at + size), slice(other, other + size)
    digits[one], digits[two] = digits[two], digits[one]
    return "".join(digits)


def phone(tmp_path: Path, lock: int = 3) -> Path:
    """A folder with one database, whose header says how the backup is locked."""
    folder = tmp_path / "WhatsApp" / "Databases"
    folder.mkdir(parents=True)
    plain, sealed = tmp_path / "plain", folder / "msgstore.db.crypt15"
    plain.write_bytes(b"SQLite format 3\x00" + bytes(5000))
    encrypt_file(plain, sealed, ROOT_KEY)
    raw = sealed.read_bytes()
    size, start = read_varint(raw)
    prefix = BackupPrefix.FromString(raw[start : start + size])
    prefix.key_type_new = lock  # type: ignore[assignment]  # its number
    body = prefix.SerializeToString()
    whole = write_varint(len(body)) + body + raw[start + size : -16]
    sealed.write_bytes(whole + hashlib.md5(whole, usedforsecurity=False).digest())
    return folder.parent


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        (swapped(29, 30), {8: (RIGHT[28] + RIGHT[30] + RIGHT[29] + RIGHT[31], RIGHT[28:32])}),
        (swapped(31, 32), {8: None, 9: None}),
        (swapped(8, 40, 4), {3: (RIGHT[40:44], RIGHT[8:12]), 11: (RIGHT[8:12], RIGHT[40:44])}),
    ],
)
def test_swapped_digits_and_groups_are_found(
    typed: str, groups: dict[int, tuple[str, str] | None]
) -> None:
    fix = find_swap(typed, lambda key: key == ROOT_KEY)
    assert fix is not None
    assert fix.correct(typed) == RIGHT
    assert set(fix.groups) == set(groups)
    for number, pair in groups.items():
        assert pair in (None, fix.groups[number])
    assert RIGHT not in repr(fix)


def test_other_differences_are_not_taken_for_swaps() -> None:
    assert find_swap(RIGHT[::-1], lambda key: key == ROOT_KEY) is None
    assert find_swap("O" + RIGHT[1:], lambda _key: True) is None
    assert find_swap(RIGHT, lambda _key: True) is None
    assert SwapFix(RIGHT, swapped(8, 40, 4)).words()[0] == "two groups are swapped"


@pytest.mark.parametrize("typed", [swapped(29, 30), swapped(8, 40, 4)])
def test_restore_and_key_check_name_the_swapped_digits(tmp_path: Path, typed: str) -> None:
    folder, key = phone(tmp_path), RootKey.from_hex(typed)
    calls = (
        lambda: restore(folder, tmp_path / "out", key=key),
        lambda: key_check(key, folder),
        lambda: key_check(key, folder / "Databases" / "msgstore.db.crypt15"),
    )
    for call in calls:
        with pytest.raises(WrongKeyError, match="swapped") as caught:
            call()
        assert RIGHT[28:32] in caught.value.hint or RIGHT[8:12] in caught.value.hint


def test_restore_names_a_mistyped_digit(tmp_path: Path) -> None:
    typed = ("1" if RIGHT[0] != "1" else "2") + RIGHT[1:]
    with pytest.raises(WrongKeyError, match="digit 1 is mistyped") as caught:
        restore(phone(tmp_path), tmp_path / "out", key=RootKey.from_hex(typed))
    assert f"in group 1 of 16, write {RIGHT[0]}" in caught.value.hint


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_named_whatever_the_key(tmp_path: Path, lock: str) -> None:
    folder = phone(tmp_path, LOCKS[lock])
    password = tmp_path / "password.txt"
    password.write_text("Correct Horse 9!")
    keys = (None, RootKey(bytes(32)), password)
    for key, kind in zip(keys, (MissingKeyError, WrongKeyError, KeyFileError), strict=True):
        with pytest.raises(kind) as caught:
            restore(folder, tmp_path / "out", key=key)
        assert f"locked with a {lock}" in caught.value.hints[0]
        assert "64-digit key" in caught.value.hints[1]
        assert caught.value.hint.count("cannot be turned into the key") == 1


def test_the_lock_is_that_of_the_newest_database(tmp_path: Path) -> None:
    folder = phone(tmp_path, LOCKS["password"]) / "Databases"
    old = folder / "msgstore-2024-01-01.1.db.crypt15"
    (folder / "msgstore.db.crypt15").rename(old)
    os.utime(old, (1_600_000_000, 1_600_000_000))
    encrypt_file(tmp_path / "plain", folder / "msgstore.db.crypt15", ROOT_KEY)
    with pytest.raises(MissingKeyError) as caught:
        restore(folder.parent, tmp_path / "out")
    assert "password" not in caught.value.hint


@pytest.mark.parametrize("lock", LOCKS)
def test_a_single_file_names_its_lock(tmp_path: Path, lock: str) -> None:
    file = phone(tmp_path, LOCKS[lock]) / "Databases" / "msgstore.db.crypt15"
    with pytest.raises(KeyFailure) as caught:
        key_check(RootKey(bytes(32)), file)
    assert f"locked with a {lock}" in caught.value.hints[0]
    with pytest.raises(MissingKeyError) as missing:
        container_key(parse_header(file.read_bytes()), None)
    assert f"locked with a {lock}" in missing.value.hints[0]


def test_key_check_takes_a_folder(tmp_path: Path) -> None:
    assert key_check(ROOT_KEY, phone(tmp_path)).opens == "msgstore.db.crypt15 (crypt15)"
    (tmp_path / "other" / "Databases").mkdir(parents=True)
    (tmp_path / "other" / "Databases" / "msgstore.db").write_bytes(b"SQLite format 3\x00")
    with pytest.raises(FormatError, match="nothing in this listing"):
        key_check(ROOT_KEY, tmp_path / "other")


def test_digits_and_a_backup_from_before_end_to_end(tmp_path: Path) -> None:
    plain, sealed = tmp_path / "plain", tmp_path / "msgstore-2024-03-02.1.db.crypt14"
    plain.write_bytes(b"SQLite format 3\x00" + bytes(100))
    encrypt_file(plain, sealed, CIPHER_KEY, format="crypt14")
    with pytest.raises(KeyFailure, match="made before end-to-end backup was turned on") as caught:
        key_check(ROOT_KEY, sealed)
    assert "make a new backup with end-to-end" in caught.value.hints[0]
    assert "rooted phone" in caught.value.hints[1]
