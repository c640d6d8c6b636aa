"""What a file reveals without a key; the sizes of its parts add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.core.errors import DamagedError, FormatError, TruncatedError, UsageError
from gdrive_wa.crypt.envelope import seal_envelope
from gdrive_wa.crypt.inspect import inspect
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY, Seal

PARTS = ("header_size", "ciphertext_size", "tag_size", "checksum_size", "tail_size")

ENVELOPE = seal_envelope(b"{}", ROOT_KEY, iv=bytes(16))  # the same for every worker of pytest


def parts_add_up(path: Path) -> dict[str, object]:
    found = inspect(path).to_json()
    assert sum(found[part] for part in PARTS) == path.stat().st_size == found["size"]  # type: ignore[misc]
    return found


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("format_", ["crypt12", "crypt14", "crypt15"])
def test_inspecting_a_container_shows_its_format_and_parts(
    format_: str, checksum: bool, seal: Seal
) -> None:
    found = parts_add_up(seal(format_, checksum=checksum))
    assert found["format"] == format_
    assert found["checksum"] == ("ok" if checksum else "absent")
    assert found["checksum_size"] == (16 if checksum else 0)
    assert found["tag_size"] == 16
    assert found["key_type"] == ("end-to-end" if format_ == "crypt15" else "server")
    assert len(bytes.fromhex(str(found["iv"]))) == 16
    if format_ != "crypt15":
        assert found["server_salt"] == CIPHER_KEY.server_salt.hex()
        assert found["key_version"] == 2


def test_a_header_shows_version_and_number(seal: Seal) -> None:
    found = parts_add_up(seal("crypt15"))
    assert (found["app_version"], found["jid_suffix"]) == ("2.25.1.1", "00")


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("A1" * 32 + ".mcrypt1", bytes(100), "mcrypt1"),
        (
            "A1" * 32 + ".mcrypt1-metadata",
            ENVELOPE.encode(),
            "envelope",
        ),
        ("x", ENVELOPE.encode() + b"\n", "envelope"),
        ("x", ENVELOPE[:-4].encode(), "unknown"),
        ("x.enc", b"\xf3" * 42, "enc"),
        ("msgstore.db", b"SQLite format 3\0" + bytes(84), "sqlite"),
        ("x.zip", b"PK\3\4" + bytes(30), "zip"),
        ("x", b"\x78\x9c" + bytes(30), "zlib"),
        ("x.opus", b"OggS" + bytes(30), "media"),
        ("x.json", b'{"a": 1}', "json"),
        ("x", b"\xff\xff\xff" + bytes(30), "unknown"),
        ("x.enc", b"\xf3", "enc"),
    ],
)
def test_other_files_are_distinguished(
    name: str, content: bytes, format_: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert parts_add_up(path)["format"] == format_


@pytest.mark.parametrize("format_", ["crypt12", "crypt14", "crypt15"])
def test_the_parts_of_a_cut_file_add_up_too(format_: str, seal: Seal) -> None:
    sealed = seal(format_, content=b"\x01", compress=False)
    whole = sealed.read_bytes()
    header_size = inspect(sealed).header_size
    for size in range(1, len(whole)):
        sealed.write_bytes(whole[:size])
        if size < header_size:
            with pytest.raises(TruncatedError):
                inspect(sealed)
        else:
            parts_add_up(sealed)


def test_an_unreadable_file_is_a_clear_error(tmp_path: Path) -> None:
    empty, nonsense = tmp_path / "empty", tmp_path / "msgstore.db.crypt15"
    empty.touch()
    nonsense.write_bytes(b"\x05nonsense")
    with pytest.raises(TruncatedError):
        inspect(empty)
    with pytest.raises(FormatError):
        inspect(nonsense)
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError):
            inspect(path)


def test_the_hint_of_inspect_does_not_lead_back_to_inspect(tmp_path: Path) -> None:
    page = tmp_path / "msgstore.db.crypt15"
    for content in (b"<html>not found</html>" * 9, b"\xff" * 99, b"\0\0"):
        page.write_bytes(content)
        with pytest.raises(DamagedError) as caught:
            inspect(page)
        assert not any("inspect" in hint for hint in caught.value.hints)
