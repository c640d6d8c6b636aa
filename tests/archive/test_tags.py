"""Sender and date in the file itself; the audio stays the same bit for bit."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrive_wa.archive.tags import LONGEST_COMMENTS, is_opus, tagged, tags_for
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.ogg import pages
from tests.archive.phone import BERLIN, note, path_of, recording, run
from tests.core.test_ogg import holds
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


def comments(content: bytes) -> list[bytes]:
    """The comments, read without the code under test."""
    raw = list(packets(content))[1][1]
    assert raw.startswith(b"OpusTags")
    at = 12 + int.from_bytes(raw[8:12], "little")
    count, at = int.from_bytes(raw[at : at + 4], "little"), at + 4
    found = []
    for _ in range(count):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        found.append(raw[at + 4 : end])
        at = end
    return found


def tags_of(content: bytes) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for comment in comments(content):
        name, _, text = comment.decode().partition("=")
        tags.setdefault(name.lower(), []).append(text)
    return tags


def with_comments(content: bytes, packet: bytes) -> bytes:
    """`content` with `packet` as its second header, on one page with a wrong checksum."""
    first = 27 + content[26] + sum(content[27 : 27 + content[26]])
    lacing = content[first + 27 : first + 27 + content[first + 26]]
    behind = first + 27 + len(lacing) + sum(lacing)
    sizes = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
    page = content[first : first + 26] + bytes([len(sizes)]) + sizes + packet
    return content[:first] + page + content[behind:]


def opus_tags(*found: bytes, behind: bytes = b"") -> bytes:
    raw = b"OpusTags" + struct.pack("<I4sI", 4, b"test", len(found))
    return raw + b"".join(struct.pack("<I", len(each)) + each for each in found) + behind


def frames(content: bytes) -> list[bytes]:
    with av.open(io.BytesIO(content), mode="r", format="ogg") as opened:
        return [bytes(frame.planes[0]) for frame in opened.decode(audio=0)]


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


def test_tagging_twice_changes_nothing() -> None:
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
def test_a_file_that_cannot_be_tagged_is_kept_and_reported(tmp_path: Path, spoilt: bytes) -> None:
    ran = run(tmp_path, [note(1, spoilt)], {path_of(1): spoilt})
    content = (tmp_path / (ran.notes[0].file or "")).read_bytes()
    if content != spoilt:
        before, after = list(packets(spoilt)), list(packets(content))
        assert before[2:] == after[2:]
        assert len(before) == len(after)
    else:
        assert any("kept without tags" in line for line in ran.said)


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x18ftypM4A ", b"#!AMR\n\x3c", b"ID3\x04", b""])
def test_other_formats_are_not_tagged_and_not_reported(tmp_path: Path, content: bytes) -> None:
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
    assert list(packets(after))[2:] == list(packets(spoilt))[2:]


@pytest.mark.parametrize("length", [64_500, 65_025, 70_000, 300_000])
def test_comments_longer_than_a_page_move_the_audio_and_do_not_change_it(length: int) -> None:
    before = recording(1)
    after = tagged(before, {"comment": "x" * length})
    assert list(packets(after))[2:] == list(packets(before))[2:]
    assert tags_of(after)["comment"] == ["x" * length]
    assert frames(after) == frames(before)
    found = list(pages(after))
    assert [page.number for page in found] == list(range(len(found)))
    assert holds(after)
    back = tagged(after, {"comment": "y"})
    assert back == tagged(before, {"comment": "y"})


def test_all_audio_pages_keep_their_bytes() -> None:
    before = recording(1)
    after = tagged(before, tags_for(note(1), BERLIN))
    audio = list(pages(before))[2].start
    assert after.endswith(before[audio:])
    assert after.startswith(before[: list(pages(before))[1].start])
    assert holds(after)


def test_another_player_reads_the_tags_and_plays_the_same() -> None:
    before = recording(1)
    after = tagged(before, tags_for(note(1), BERLIN))
    with av.open(io.BytesIO(after), mode="r", format="ogg") as opened:
        metadata = {name.lower(): text for name, text in opened.streams.audio[0].metadata.items()}
    assert metadata["artist"] == "Mum"
    assert metadata["title"] == "2024-01-01 11:01 Mum"
    assert frames(after) == frames(before)


def test_comments_of_others_stay_even_if_they_are_not_text() -> None:
    strange = [b"\xff\xfe=\x80", b"no equals sign", b"", b"ARTIST=somebody", b"artist=else"]
    after = tagged(with_comments(recording(1), opus_tags(*strange)), {"artist": "Mum"})
    assert comments(after) == [*strange[:3], b"artist=Mum"]


@pytest.mark.parametrize(("behind", "kept"), [(b"\0" * 50, b""), (b"\1 kept", b"\1 kept")])
def test_padding_is_removed_and_data_marked_as_kept_stays(behind: bytes, kept: bytes) -> None:
    raw = with_comments(recording(1), opus_tags(b"a=b", behind=behind))
    packet = list(packets(tagged(raw, {"c": "d"})))[1][1]
    assert packet == opus_tags(b"a=b", b"c=d", behind=kept)


@pytest.mark.parametrize(
    "packet",
    [
        b"OpusTags",
        b"OpusTags" + struct.pack("<I", 2**32 - 1),
        b"OpusTags" + struct.pack("<I4sI", 4, b"test", 2**32 - 1),
        b"OpusTags" + struct.pack("<I4sII", 4, b"test", 1, 5),
        b"AnythingElse",
    ],
    ids=["no vendor", "vendor", "count", "length", "magic"],
)
def test_comments_that_do_not_add_up_are_refused(packet: bytes) -> None:
    with pytest.raises(FormatError, match="comments cannot be read"):
        tagged(with_comments(recording(1), packet), {"artist": "Mum"})


def test_comments_without_end_are_not_read() -> None:
    raw = tagged(recording(1), {"comment": "x" * LONGEST_COMMENTS})
    with pytest.raises(FormatError, match="comments cannot be read"):
        tagged(raw, {"artist": "Mum"})


def test_headers_without_audio_are_refused() -> None:
    raw = recording(1)
    with pytest.raises(FormatError):
        tagged(raw[: list(pages(raw))[2].start], {"artist": "Mum"})


def test_opus_files_are_recognised() -> None:
    assert is_opus(recording(1))
    assert not is_opus(b"OggS" + b"\x00" * 60)
    assert not is_opus(b"")


def test_times_before_daylight_saving_and_after() -> None:
    summer = tags_for(note(1, sent_at=datetime(2024, 7, 1, 10, tzinfo=UTC)), BERLIN)
    assert summer["date"] == "2024-07-01T12:00:00+02:00"
