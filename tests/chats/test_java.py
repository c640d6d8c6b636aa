"""The one Java class that old databases hold, read within bounds."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrive_wa.chats.java import media_path
from tests.chats.store import thumb_image

PATH = "/storage/emulated/0/WhatsApp/Media/WhatsApp Voice Notes/201601/PTT-20160101-WA0001.opus"
HEAD = b"\xac\xed\x00\x05"
NULL = b"\x70"
END = b"\x78"


def name(value: str) -> bytes:
    return len(value.encode()).to_bytes(2, "big") + value.encode()


def described(kind: str, *fields: bytes, flags: int = 2, parent: bytes = NULL) -> bytes:
    head = b"\x72" + name(kind) + bytes(8) + bytes([flags]) + len(fields).to_bytes(2, "big")
    return head + b"".join(fields) + END + parent


def a_field(letter: str, called: str, kind: str = "") -> bytes:
    return letter.encode() + name(called) + (b"\x74" + name(kind) if kind else b"")


def file_of(path: bytes) -> bytes:
    field = a_field("L", "path", "Ljava/lang/String;")
    return b"\x73" + described("java.io.File", field, flags=3) + path + b"\x77\x02\x00/" + END


def calls_for(raw: bytes) -> int:
    """The number of function calls to read `raw`, which does not depend on a busy machine."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        media_path(raw)
    finally:
        sys.setprofile(before)
    return calls


def test_the_path_in_a_java_object() -> None:
    assert media_path(thumb_image(PATH)) == PATH


def test_other_fields_of_every_type_are_stepped_over() -> None:
    fields = [a_field(letter, f"f{letter}") for letter in "BCDFIJSZ"]
    fields += [a_field("[", "iv", "[B"), a_field("[", "marks", "[Lcom/whatsapp/Mark;")]
    fields += [a_field("L", "url", "Ljava/lang/String;"), a_field("L", "file", "Ljava/io/File;")]
    values = bytes(1 + 2 + 8 + 4 + 4 + 8 + 2 + 1)
    values += b"\x75" + described("[B") + (3).to_bytes(4, "big") + b"xyz"
    values += b"\x75" + described("[Lcom.whatsapp.Mark;") + (2).to_bytes(4, "big") + NULL * 2
    values += b"\x74" + name("https://example.org") + file_of(b"\x74" + name(PATH))
    parent = described("com.whatsapp.Base", a_field("I", "kept"))
    media = described("com.whatsapp.MediaData", *fields, parent=parent)
    assert media_path(HEAD + b"\x73" + media + bytes(4) + values) == PATH


def test_a_path_that_is_an_earlier_text_is_found_by_its_handle() -> None:
    fields = (a_field("L", "first", "Ljava/lang/String;"), a_field("L", "file", "Ljava/io/File;"))
    media = described("com.whatsapp.MediaData", *fields)
    # handles: the class, its two types, the object, then the text
    again = b"\x71" + (0x7E0000 + 4).to_bytes(4, "big")
    assert media_path(HEAD + b"\x73" + media + b"\x74" + name(PATH) + file_of(again)) == PATH


def test_only_a_text_is_a_path() -> None:
    media = described("com.whatsapp.MediaData", a_field("L", "file", "Ljava/io/File;"))
    nothing = described("[I") + bytes(4)
    for path in (NULL, b"\x75" + nothing, b"\x76" + described("java.lang.Class")):
        assert media_path(HEAD + b"\x73" + media + file_of(path)) is None


def test_an_object_cut_anywhere_gives_its_path_or_nothing() -> None:
    complete = thumb_image(PATH)
    for length in range(len(complete)):
        assert media_path(complete[:length]) in (None, PATH)


def test_a_damaged_object_still_gives_the_intact_text() -> None:
    cut = thumb_image(PATH)[:-4]
    assert media_path(cut.replace(b"J\x00\x08fileSize", b"?\x00\x08fileSize")) == PATH


@pytest.mark.parametrize(
    "thumb", [b"", b"\xff\xd8\xff\xe0 a picture", HEAD, HEAD + NULL, HEAD + b"\x74\x00\x01x"]
)
def test_what_is_not_a_java_object_has_no_path(thumb: bytes) -> None:
    assert media_path(thumb) is None


def a_bomb(depth: int) -> bytes:
    """Arrays that each contain the next one twice: itself, and a reference to it."""
    fields = a_field("[", "path", "[Ljava/lang/Object;")
    media = described("M", a_field("L", "file", "Ljava/io/File;"))
    raw = HEAD + b"\x73" + media + b"\x73" + described("java.io.File", fields)
    for level in range(depth):
        kind = b"\x71" + (0x7E0006).to_bytes(4, "big")
        raw += b"\x75" + (kind if level else described("[Ljava.lang.Object;")) + b"\x00\x00\x00\x02"
    raw += b"\x74" + name("Media/x")
    return raw + b"".join(
        b"\x71" + (0x7E0007 + depth - level).to_bytes(4, "big") for level in range(depth)
    )


def test_arrays_that_share_each_other_end_at_once() -> None:
    for depth in (5, 30, 200):
        assert media_path(a_bomb(depth)) in (None, "Media/x")
        assert calls_for(a_bomb(depth)) < 20 * len(a_bomb(depth))


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\x75" + described("[I") + b"\xff\xff\xff\xff",
        HEAD + b"\x75" + described("[L") + b"\xff\xff\xff\xff" + NULL * 500_000,
        HEAD + b"\x7c" + b"\xff" * 8,
        HEAD + b"\x73" * 900_000,
        HEAD + b"\x72\x00\x00" * 300_000,
        HEAD + b"\x7d\x7f\xff\xff\xff" + b"\x00" * 900_000,
        HEAD + b"\x74\x00\x06Media/" * 100_000,
    ],
    ids=["numbers", "nulls", "text", "objects", "classes", "proxies", "texts"],
)
def test_time_is_bounded_by_the_size_of_the_input(raw: bytes) -> None:
    assert calls_for(raw) < 20 * len(raw)


@settings(max_examples=300)
@given(st.binary(max_size=400), st.integers(0, 300))
def test_any_bytes_are_accepted(noise: bytes, place: int) -> None:
    for raw in (noise, HEAD + noise, thumb_image(PATH)[:place] + noise):
        found = media_path(raw)
        assert found is None or isinstance(found, str)


@settings(max_examples=300)
@given(st.integers(4, 300), st.integers(0, 255))
def test_one_changed_byte_is_not_an_error(place: int, value: int) -> None:
    raw = bytearray(thumb_image(PATH))
    raw[place % len(raw)] = value
    media_path(bytes(raw))
