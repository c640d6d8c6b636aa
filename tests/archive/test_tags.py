"""Who and when in the file itself; the audio bit for bit as it was."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.oggopus import OggOpus

from gdrive_wa.archive.tags import audio_digest, is_opus, pages, tagged, tags_for
from gdrive_wa.core.errors import FormatError
from tests.archive.phone import BERLIN, note, path_of, recording, run
from tests.hostile import HOSTILE


def packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every packet with the time of the page it ends on, read without the code under test."""
    at, open_packet = 0, b""
    while at < len(content):
        assert content[at : at + 4] == b"OggS"
        (granule,) = struct.unpack_from("<q", content, at + 6)
        lacing = content[at + 27 : at + 27 + content[at + 26]]
        at += 27 + len(lacing)
        for length in lacing:
            open_packet += content[at : at + length]
            at += length
            if length < 255:
                yield granule, open_packet
                open_packet = b""
    assert open_packet == b""


def tags_of(content: bytes) -> dict[str, list[str]]:
    opus = OggOpus(io.BytesIO(content))  # type: ignore[no-untyped-call]
    return {name.lower(): opus[name] for name in opus}


@pytest.mark.parametrize("number", range(14))
def test_every_audio_packet_stays_as_it_was(number: int) -> None:
    before = recording(number)
    after = tagged(before, tags_for(note(1), BERLIN))
    head, comments, *audio = packets(before)
    new_head, new_comments, *new_audio = packets(after)
    assert new_head == head
    assert new_comments != comments
    assert new_audio == audio
    assert len(audio) > 10


def test_the_tags_of_a_note() -> None:
    after = tags_of(tagged(recording(1), tags_for(note(1, chat="Sunday lunch"), BERLIN)))
    assert after["title"] == ["2024-01-01 11:01 Mum"]
    assert after["artist"] == ["Mum"]
    assert after["album"] == ["Sunday lunch"]
    assert after["date"] == ["2024-01-01T11:01:00+01:00"]
    assert after["whatsapp_message_id"] == ["3EB0C4310001"]
    assert after["whatsapp_chat_id"] == ["15550101@s.whatsapp.net"]


def test_comments_that_were_there_stay() -> None:
    before = tags_of(recording(1))
    after = tags_of(tagged(recording(1), tags_for(note(1), BERLIN)))
    assert before
    assert before.items() <= after.items()


def test_tagging_twice_is_tagging_once() -> None:
    once = tagged(recording(1), tags_for(note(1), BERLIN))
    assert tagged(once, tags_for(note(1), BERLIN)) == once


def test_the_same_note_gives_the_same_bytes() -> None:
    tags = tags_for(note(1), BERLIN)
    assert tagged(recording(1), tags) == tagged(recording(1), tags)


def test_a_note_without_a_time_is_named_after_its_file() -> None:
    tags = tags_for(note(1, sent_at=None), BERLIN)
    assert tags["title"] == "PTT-20240101-WA0001 Mum"
    assert "date" not in tags


def test_without_tags_the_file_is_the_phones_bit_for_bit(tmp_path: Path) -> None:
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)}, tags=False)
    assert (tmp_path / (ran.notes[0].file or "")).read_bytes() == recording(1)


def test_with_tags_the_file_on_disk_is_the_recording_with_tags(tmp_path: Path) -> None:
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)})
    content = (tmp_path / (ran.notes[0].file or "")).read_bytes()
    assert [packet for _, packet in packets(content)][2:] == [
        packet for _, packet in packets(recording(1))
    ][2:]
    assert tags_of(content)["artist"] == ["Mum"]


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_hostile_names_are_only_text_in_a_tag(hostile: str) -> None:
    tags = tags_for(note(1, sender=hostile, chat=hostile), BERLIN)
    after = tagged(recording(1), tags)
    assert tags_of(after)["album"] == [hostile.encode("utf-8", "replace").decode()]


@pytest.mark.parametrize(
    "spoilt",
    [
        b"OggS" + b"\x00" * 24 + b"OpusHead",
        recording(1)[:-1],
        recording(1)[:60],
        recording(1) + b"rubbish",
        recording(1) + recording(2),
        recording(1)[:200] + b"\xff" * 40 + recording(1)[240:],
    ],
    ids=["head", "cut", "cut early", "trailing", "two streams", "rotten"],
)
def test_a_file_that_cannot_be_tagged_is_kept_as_it_is_and_told(
    tmp_path: Path, spoilt: bytes
) -> None:
    ran = run(tmp_path, [note(1, spoilt)], {path_of(1): spoilt})
    content = (tmp_path / (ran.notes[0].file or "")).read_bytes()
    if content != spoilt:
        before, after = list(packets(spoilt)), list(packets(content))
        assert before[2:] == after[2:]
        assert len(before) == len(after)
    else:
        assert any("kept without tags" in line for line in ran.said)


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x18ftypM4A ", b"#!AMR\n\x3c", b"ID3\x04", b""])
def test_what_is_no_opus_is_left_alone_in_silence(tmp_path: Path, content: bytes) -> None:
    ran = run(tmp_path, [note(1, content)], {path_of(1): content})
    assert (tmp_path / (ran.notes[0].file or "")).read_bytes() == content
    assert ran.said == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 13), st.data())
def test_any_damage_is_refused_or_leaves_the_audio_alone(number: int, data: st.DataObject) -> None:
    raw = bytearray(recording(number))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    spoilt = bytes(raw[: data.draw(st.integers(300, len(raw)))])
    try:
        after = tagged(spoilt, {"artist": "Mum"})
    except FormatError:
        return
    assert audio_digest(after) == audio_digest(spoilt)


@given(st.binary(max_size=300))
def test_any_bytes_are_pages_or_refused(raw: bytes) -> None:
    try:
        found = list(pages(b"OggS" + raw))
    except FormatError:
        return
    assert all(sum(page.lacing) == len(page.body) for page in found)


def test_what_opus_looks_like() -> None:
    assert is_opus(recording(1))
    assert not is_opus(b"OggS" + b"\x00" * 60)
    assert not is_opus(b"")


def test_times_before_daylight_saving_and_after() -> None:
    summer = tags_for(note(1, sent_at=datetime(2024, 7, 1, 10, tzinfo=UTC)), BERLIN)
    assert summer["date"] == "2024-07-01T12:00:00+02:00"
