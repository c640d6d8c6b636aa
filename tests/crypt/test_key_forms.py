"""Keys as people paste them, and the errors for text that is not a key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gdrive_wa.core.errors import KeyFileError
from gdrive_wa.crypt.key_forms import key_digits
from gdrive_wa.crypt.keys import RootKey, key_file_content, load_key
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY

DIGITS = ROOT_KEY.reveal().hex()
GROUPS = " ".join(DIGITS[at : at + 4] for at in range(0, 64, 4))
BYTES = [DIGITS[at : at + 2] for at in range(0, 64, 2)]


@pytest.mark.parametrize(
    "text",
    [
        f"0x{DIGITS}",
        f"0X{DIGITS.upper()}\n",
        ", ".join(f"0x{byte}" for byte in BYTES),
        "{" + ",".join(f"0x{byte}" for byte in BYTES) + "}",
        "".join(f"\\x{byte}" for byte in BYTES),
        f'"{GROUPS}"',
        f"\u201c{GROUPS}\u201d",
        GROUPS.replace(" ", "."),
        GROUPS.replace(" ", ", "),
        f"Key: {GROUPS}",
        f"KEY={DIGITS}",
        f"My 64-digit key, written down on 3 May 2024:\n{GROUPS}\nDo not lose it!",
        f"backup key = {DIGITS}\n",
        "".join(chr(ord(char) + 0xFEE0) for char in DIGITS),
        key_file_content(ROOT_KEY).hex(),
        key_file_content(ROOT_KEY).hex(" "),
        base64.b64encode(key_file_content(ROOT_KEY)).decode(),
    ],
)
def test_a_key_is_read_as_people_paste_it(text: str) -> None:
    assert load_key(text.encode()) == ROOT_KEY


def test_the_hex_of_a_whole_cipher_key_file_is_that_key() -> None:
    assert load_key(key_file_content(CIPHER_KEY).hex().encode()) == CIPHER_KEY
    assert load_key(CIPHER_KEY.to_bytes().hex().encode()) == CIPHER_KEY
    with pytest.raises(KeyFileError, match="whole key file"):
        RootKey.from_hex(key_file_content(ROOT_KEY).hex())


@pytest.mark.parametrize(
    "text",
    ["Correct Horse 9!", "k" * 44, "Zq7" * 40, "pass phrase of several words", "\u05d0" * 64],
)
def test_a_password_is_recognised_and_the_hint_helps(text: str) -> None:
    with pytest.raises(KeyFileError, match="looks like a password, not like a key") as caught:
        load_key(text.encode())
    assert "cannot be turned into the key outside the phone" in caught.value.hint
    assert "64-digit key" in caught.value.hint
    assert text not in caught.value.message + caught.value.hint


def test_a_pin_is_recognised() -> None:
    with pytest.raises(KeyFileError, match="a PIN or a code of 6 digits"):
        load_key(b"123456\n")


def test_few_digits_may_be_a_password_too() -> None:
    with pytest.raises(KeyFileError, match="this has 12: 52 too few") as caught:
        load_key(b"deadbeef1234")
    assert "a password cannot be turned into the key" in caught.value.hint


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04", "a document or a ZIP"),
        (b"SQLite format 3\x00", "a database"),
    ],
)
@pytest.mark.parametrize("size", [100, 5000])
def test_a_file_of_another_kind_is_recognised(start: bytes, says: str, size: int) -> None:
    with pytest.raises(KeyFileError, match=says) as caught:
        load_key(start + bytes(range(200)) * (size // 200 + 1))
    assert "type the 64 digits" in caught.value.hint


def test_32_random_bytes_may_begin_like_anything() -> None:
    assert load_key(b"PK\x03\x04" + bytes(range(200, 228))) == RootKey(
        b"PK\x03\x04" + bytes(range(200, 228))
    )


def test_the_backup_itself_is_not_its_key(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"'msgstore.db.crypt15' is a backup file, not the key"):
        load_key(tmp_path / "msgstore.db.crypt15")


def test_each_zero_typed_as_an_o_is_no_password() -> None:
    with pytest.raises(KeyFileError, match="17 of the 64 characters are not") as caught:
        key_digits(("".join(f"{each:02x}" for each in range(1, 33))).replace("0", "O"))
    assert "an O is a 0" in caught.value.hint


@pytest.mark.parametrize("mark", [".", ")", " :"])
def test_a_numbered_list_of_groups_is_a_key(mark: str) -> None:
    groups = [f"{each:04x}" for each in range(4096, 4112)]
    lines = [f"{place}{mark} {group}" for place, group in enumerate(groups, 1)]
    assert key_digits("\n".join(lines)) == "".join(groups)


@pytest.mark.parametrize("blank", ["", "\n\n", " \u00a0"])
def test_nothing_at_all_is_said_to_be_empty(blank: str) -> None:
    with pytest.raises(KeyFileError, match="the key is empty"):
        key_digits(blank)
