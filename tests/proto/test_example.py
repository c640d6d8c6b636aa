"""The worked example of the format page is what this package computes, and opens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gdrive_wa.crypt.decrypt import decrypt_file
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, read_file_metadata
from gdrive_wa.crypt.header import parse_header
from gdrive_wa.crypt.keys import RootKey

PAGE = Path(__file__).resolve().parents[2] / "proto" / "README.md"
KEY = RootKey(bytes(range(32)))
IV = bytes.fromhex("00112233445566778899aabbccddeeff")
CONTENT = b'{"example": true}'
PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
VOICE = b"OggS, and no more"


def computed(folder: Path) -> dict[str, str]:
    """Every row of the example's tables."""
    (folder / "plain").write_bytes(CONTENT)
    encrypt_file(folder / "plain", folder / "sealed", KEY, compress=False, iv=IV)
    sealed = (folder / "sealed").read_bytes()
    size = parse_header(sealed).size
    name, stored, envelope = encrypt_media(VOICE, KEY, FileMetadata(name=PATH), iv=IV)
    material = KEY.derive(bytes.fromhex(name), 48)
    return {
        "root key": bytes(range(32)).hex(),
        "derive(`backup encryption`, 32)": KEY.derive("backup encryption", 32).hex(),
        "derive(`metadata encryption`, 32)": KEY.derive("metadata encryption", 32).hex(),
        "derive(`metadata authentication`, 32)": KEY.derive("metadata authentication", 32).hex(),
        "varint": sealed[:1].hex(),
        "prefix": sealed[1:size].hex(),
        "ciphertext": sealed[size:-32].hex(),
        "tag": sealed[-32:-16].hex(),
        "MD5": sealed[-16:].hex(),
        "stored name": name,
        "media key": material[:32].hex(),
        "media nonce": material[32:].hex(),
        "stored bytes": stored.hex(),
        "envelope": envelope,
    }


def written() -> dict[str, str]:
    """The rows of the example's tables, as they stand on the page."""
    example = PAGE.read_text("utf-8").split("## Worked example")[1]
    return dict(re.findall(r"^\| (.+?) \| `([0-9A-Za-z+/=]+)` \|$", example, re.MULTILINE))


def test_the_page_says_what_the_package_computes(tmp_path: Path) -> None:
    assert written() == computed(tmp_path)


def test_the_pages_own_bytes_open_with_the_pages_own_key(tmp_path: Path) -> None:
    rows = written()
    key = RootKey.from_hex(rows["root key"])
    parts = ("varint", "prefix", "ciphertext", "tag", "MD5")
    container = tmp_path / "settings.json.crypt15"
    container.write_bytes(b"".join(bytes.fromhex(rows[part]) for part in parts))
    decrypt_file(container, tmp_path / "settings.json", key)
    assert (tmp_path / "settings.json").read_bytes() == CONTENT

    metadata = read_file_metadata(rows["envelope"], key)
    assert metadata.name == PATH
    blob = tmp_path / f"{rows['stored name']}.mcrypt1"
    blob.write_bytes(bytes.fromhex(rows["stored bytes"]))
    decrypt_file(blob, tmp_path / "voice.opus", key, metadata=metadata)
    assert (tmp_path / "voice.opus").read_bytes() == VOICE


@pytest.mark.parametrize("mark", ["seen", "app", "inferred"])
def test_the_page_marks_how_each_fact_is_known(mark: str) -> None:
    assert PAGE.read_text("utf-8").count(f"[{mark}]") > 1


def test_the_musts_are_numbered_without_a_gap() -> None:
    numbers = [int(n) for n in re.findall(r"\*\*M(\d+)\*\*", PAGE.read_text("utf-8"))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 30
