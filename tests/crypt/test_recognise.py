"""The kind of a file, by its name where its bytes are random, and the name of its content."""

from __future__ import annotations

import pytest

from gdrive_wa.core.errors import FormatError
from gdrive_wa.crypt.recognise import plain_name, recognise, suffix_of

DIGITS = "A1" * 32


def test_media_are_recognised_by_their_digits_and_renamed_ones_are_not_plain() -> None:
    noise = bytes(range(200, 232))
    assert recognise(noise, f"{DIGITS}.mcrypt1") == ("mcrypt1", None)
    with pytest.raises(FormatError, match="derived from its name") as caught:
        recognise(noise, "renamed.mcrypt1")
    assert "64 digits" in caught.value.hints[0]
    assert recognise(b"OggS" + noise, "renamed.mcrypt1") == ("media", None)


@pytest.mark.parametrize(
    ("stored_as", "payload", "start", "name"),
    [
        ("Databases/msgstore.db.crypt15", "sqlite", b"", "Databases/msgstore.db"),
        (f"{DIGITS}.mcrypt1", "media", b"OggS", f"Media/{DIGITS}.opus"),
        (f"deep/{DIGITS.lower()}.mcrypt1", "zip", b"PK\3\4", f"Media/{DIGITS}.zip"),
        (f"{DIGITS}.mcrypt1", "unknown", b"", f"Media/{DIGITS}.bin"),
        ("plain.opus", "media", b"OggS", "plain.opus"),
    ],
)
def test_content_without_metadata_gets_a_name(
    stored_as: str, payload: str, start: bytes, name: str
) -> None:
    assert plain_name(stored_as, payload, start) == name


@pytest.mark.parametrize(
    ("start", "suffix"),
    [
        (b"\x89PNG\r\n\x1a\n", ".png"),
        (b"GIF89a", ".gif"),
        (b"ID3\3", ".mp3"),
        (b"\xff\xfb\x90\0", ".mp3"),
        (b"\xff\xf1\x50\0", ".aac"),
        (b"#!AMR\n", ".amr"),
        (b"BEGIN:VCARD\r\n", ".vcf"),
        (b"RIFF\0\0\0\0WAVEfmt ", ".wav"),
        (b"RIFF\0\0\0\0AVI LIST", ".avi"),
        (b"RIFF\0\0\0\0????", ".bin"),
        (b"\0\0\0\x14ftypqt  ", ".mov"),
        (b"\0\0\0\x14ftypheic", ".heic"),
        (b"\0\0\0\x14ftypisom", ".mp4"),
    ],
)
def test_the_first_bytes_determine_the_suffix(start: bytes, suffix: str) -> None:
    assert suffix_of(start) == suffix
