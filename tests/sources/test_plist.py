"""Property lists: the root values of a real one, and bombs."""

from __future__ import annotations

import os
import plistlib
import struct
import time
import tracemalloc
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gdrive_wa.sources.plist import is_bounded, read_plist, text_in

CONTENT = {
    "OwnJabberID": "15550100@s.whatsapp.net",
    "FullUserName": "Ana Müller \U0001f600",
    "IsEncrypted": True,
    "WasPasscodeSet": False,
    "Version": 24,
    "Date": datetime(2024, 3, 1),  # noqa: DTZ001 - property lists have no zones
    "Nested": {"IsEncrypted": False, "FullUserName": ["no"]},
    "Data": b"raw",
    "Long": "x" * 300,
}
SCALARS = {name: CONTENT[name] for name in CONTENT if name not in ("Date", "Nested", "Data")}


@pytest.mark.timeout(30)
def test_neither_a_pipe_nor_a_link_is_read(tmp_path: Path) -> None:
    outside, link, pipe = (tmp_path / name for name in ("outside", "link.plist", "pipe.plist"))
    outside.write_bytes(plistlib.dumps(CONTENT))
    link.symlink_to(outside)
    os.mkfifo(pipe)
    assert read_plist(link) == read_plist(pipe) == {}


@pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_texts_numbers_and_switches_of_the_root_are_read(
    tmp_path: Path, form: plistlib.PlistFormat
) -> None:
    path = tmp_path / "x.plist"
    path.write_bytes(plistlib.dumps(CONTENT, fmt=form))
    found = read_plist(path)
    assert found == SCALARS
    assert text_in(found, "FullUserName") == CONTENT["FullUserName"]
    assert text_in(found, "Version") == text_in(found, "none") == ""


@pytest.mark.parametrize("raw", [b"", b"bplist00", b"<plist><array/></plist>", b"<a", b"\x00" * 99])
def test_anything_else_is_empty(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.plist").write_bytes(raw)
    assert read_plist(tmp_path / "x.plist") == {}
    assert read_plist(tmp_path) == {}


def shared_arrays(count: int = 60_000) -> bytes:
    """A binary property list of arrays that all contain each other."""
    array = (
        b"\xaf\x12"
        + struct.pack(">I", count)
        + b"".join(map(struct.Struct(">H").pack, range(count)))
    )
    root = b"\xd1" + struct.pack(">HH", count, 0)
    body = b"bplist00" + array + root + b"\x51a"
    at = len(body)
    offsets = [8] * count + [8 + len(array) + len(root), 8 + len(array)]
    table = b"".join(struct.pack(">I", offset) for offset in offsets)
    return body + table + struct.pack(">6xBBQQQ", 4, 2, count + 2, count + 1, at)


@pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_only_a_real_list_is_parsed_completely(form: plistlib.PlistFormat) -> None:
    assert is_bounded(plistlib.dumps(CONTENT, fmt=form))
    assert not is_bounded(shared_arrays())
    assert not is_bounded(b"<plist>" + b" " * (5 << 20))
    assert is_bounded(b"bplist00")


ENTITIES = (
    b'<!DOCTYPE a [<!ENTITY a "xxxxxxxxxx">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><plist><dict><key>FullUserName</key><string>&m;</string></dict></plist>"
)


@pytest.mark.no_cover  # to count lines would double its time
@pytest.mark.parametrize(
    "raw",
    [
        shared_arrays(),
        ENTITIES,
        b"<plist><dict><key>a</key>" + b"<array>" * 1_000_000,
        b"<plist><dict><key>a</key><array>" + b"<true/>" * 1_000_000 + b"</array></dict></plist>",
        b"<plist><dict>" + b"<key>a</key><true/>" * 400_000 + b"</dict></plist>",
        b"<plist><dict><key>a</key><integer>" + b"9" * 9_000_000 + b"</integer></dict></plist>",
    ],
    ids=["shared", "entities", "deep", "many", "keys", "digits"],
)
def test_a_bomb_costs_seconds_and_little_memory(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x.plist"
    path.write_bytes(raw)
    begun = time.thread_time()
    tracemalloc.start()
    assert set(read_plist(path)) <= {"a"}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.thread_time() - begun < 15
    assert peak < 4 * len(raw) + (20 << 20)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda raw: b"bplist00" + raw),
        st.binary(max_size=60).map(lambda raw: b"<plist><dict>" + raw),
    )
)
@example(b"bplist00" + b"\xff" * 32)
@example(b"<plist><dict><key>a</key><integer>\xd9\xa3</integer></dict></plist>")
@settings(max_examples=200, deadline=None)
def test_reading_is_total(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "x.plist"
    path.write_bytes(raw)
    assert isinstance(read_plist(path), dict)
