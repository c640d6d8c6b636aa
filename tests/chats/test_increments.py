"""Increments: decrypted to their ZIP, and read down to the voice notes."""

from __future__ import annotations

import contextlib
import io
import json
import time
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.chats.increment_notes import MessageReader
from gdrive_wa.chats.increment_zip import read_messages
from gdrive_wa.chats.increments import (
    Increment,
    in_order,
    increment_number,
    read_increment,
)
from gdrive_wa.core.errors import FormatError, PayloadError, UnsafeNameError, UsageError
from gdrive_wa.core.model import MediaLink, VoiceNote
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.header import write_varint
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Conversation,
    HistorySync,
    HistorySyncMsg,
    Message,
    MessageKey,
    WebMessageInfo,
    Wrapper,
)
from tests.chats.wire import SPOKEN, a_conversation, wire
from tests.crypt.fixtures import ROOT_KEY

CHAT = "15550100@s.whatsapp.net"
GROUP = "15550100-1600000000@g.us"
FRIEND = "15550101@s.whatsapp.net"
LID = "98765432100001@lid"


def audio(**changes: object) -> AudioMessage:
    fields: dict[str, object] = {
        "url": "https://media.invalid/x.enc",
        "mimetype": "audio/ogg; codecs=opus",
        "file_sha256": b"\1" * 32,
        "file_length": 4321,
        "seconds": 7,
        "ptt": True,
        "media_key": b"\2" * 32,
        "file_enc_sha256": b"\3" * 32,
        "direct_path": "/v/x.enc",
        "waveform": bytes(range(64)),
    }
    return AudioMessage(**{**fields, **changes})  # type: ignore[arg-type]


def sent(message: Message, key: MessageKey, **fields: object) -> HistorySyncMsg:
    info = WebMessageInfo(key=key, message=message, message_timestamp=1_704_063_480, **fields)  # type: ignore[arg-type]
    return HistorySyncMsg(message=info)


def an_increment(path: Path, *conversations: Conversation, raw: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", '{"version": 1}')
        if raw is None:
            raw = b"".join(
                write_varint(len(body)) + body
                for body in (
                    HistorySync(conversations=[one]).SerializeToString() for one in conversations
                )
            )
        archive.writestr("messages.bin", raw)
    return path


def notes(path: Path) -> list[VoiceNote]:
    return [found.note for found in read_increment(path)]


def test_a_voice_note_has_every_field_of_its_message(tmp_path: Path) -> None:
    group = Conversation(
        id=GROUP,
        name="The choir",
        messages=[
            sent(
                Message(audio_message=audio()),
                MessageKey(remote_jid=GROUP, id="3EB0A1", participant=FRIEND),
                participant=FRIEND,
                push_name="Anna",
                starred=True,
            )
        ],
    )
    (found,) = read_increment(an_increment(tmp_path / "increment.zip", group))
    assert found.note == VoiceNote(
        chat="The choir",
        chat_jid=GROUP,
        sender="Anna",
        sender_jid=FRIEND,
        from_me=False,
        sent_at=datetime(2023, 12, 31, 22, 58, tzinfo=UTC),
        duration=7.0,
        size=4321,
        mime_type="audio/ogg; codecs=opus",
        starred=True,
        message_id="3EB0A1",
        sha256="01" * 32,
        waveform=tuple(range(64)),
    )
    assert found.link == MediaLink(
        url="https://media.invalid/x.enc",
        direct_path="/v/x.enc",
        media_key=b"\2" * 32,
        enc_sha256="03" * 32,
        chat_jid=found.note.chat_jid,
        message_id="3EB0A1",
        sha256="01" * 32,
        size=4321,
        mime_type="audio/ogg; codecs=opus",
    )
    assert "\\x02" not in repr(found)


def test_only_voice_notes_are_taken_and_wrappers_opened(tmp_path: Path) -> None:
    voice = Message(audio_message=audio())
    once = Message(view_once_2_extension=Wrapper(message=voice))
    chat = Conversation(
        id=CHAT,
        messages=[
            sent(Message(), MessageKey(id="text")),
            sent(
                Message(audio_message=audio(ptt=False, mimetype="audio/mpeg")),
                MessageKey(id="music"),
            ),
            sent(voice, MessageKey(id="mine", from_me=True)),
            sent(Message(ephemeral=Wrapper(message=voice)), MessageKey(id="fading")),
            sent(Message(ephemeral=Wrapper(message=once)), MessageKey(id="once")),
        ],
    )
    found = notes(an_increment(tmp_path / "increment.zip", chat))
    assert [(note.message_id, note.from_me, note.view_once) for note in found] == [
        ("mine", True, False),
        ("fading", False, False),
        ("once", False, True),
    ]
    assert [note.sender_jid for note in found] == [None, CHAT, CHAT]
    assert {note.chat_jid for note in found} == {CHAT}


def test_endless_wrappers_end(tmp_path: Path) -> None:
    message = Message(audio_message=audio())
    for _ in range(30):
        message = Message(ephemeral=Wrapper(message=message))
    chat = Conversation(id=CHAT, messages=[sent(message, MessageKey(id="deep"))])
    assert notes(an_increment(tmp_path / "increment.zip", chat)) == []


def test_invalid_values_are_left_out(tmp_path: Path) -> None:
    odd = audio(file_sha256=b"short", waveform=b"\xff" * 64)
    message = sent(Message(audio_message=odd), MessageKey(id="odd"))
    message.message.message_timestamp = 2**63
    chat = Conversation(id=CHAT, messages=[message])
    (note,) = notes(an_increment(tmp_path / "increment.zip", chat))
    assert (note.sha256, note.waveform, note.sent_at) == (None, (), None)


WRAPPERS = {
    "view once": 37,
    "ephemeral": 40,
    "document with caption": 53,
    "view once 2": 55,
    "edited": 58,
    "view once 2 extension": 59,
    "group mentioned": 62,
    "bot invoke": 67,
    "comment": 77,
    "status mention": 87,
    "associated child": 91,
    "group status mention": 92,
    "status add yours": 95,
    "group status": 96,
    "limit sharing": 99,
    "question": 101,
    "group status 2": 103,
    "bot forwarded": 104,
    "question reply": 106,
    "spoiler": 118,
}


def by_numbers(path: Path, *syncs: bytes) -> Path:
    return an_increment(path, raw=b"".join(write_varint(len(sync)) + sync for sync in syncs))


def in_chat(info: bytes) -> bytes:
    return wire(2, wire(1, CHAT) + wire(2, wire(1, wire(1, wire(3, "A1")) + info)))


@pytest.mark.parametrize("number", WRAPPERS.values(), ids=list(WRAPPERS))
def test_a_voice_note_is_found_in_every_wrapper(number: int, tmp_path: Path) -> None:
    message = wire(number, wire(1, SPOKEN))
    (note,) = notes(by_numbers(tmp_path / "increment.zip", in_chat(wire(2, message))))
    assert (note.duration, note.chat_jid) == (7.0, CHAT)
    assert note.view_once == (number in (37, 55, 59))


def test_a_voice_note_from_another_device_of_the_owner_is_found(tmp_path: Path) -> None:
    message = wire(31, wire(1, CHAT) + wire(2, wire(40, wire(1, SPOKEN))))
    (note,) = notes(by_numbers(tmp_path / "increment.zip", in_chat(wire(2, message))))
    assert note.duration == 7.0


def test_a_voice_note_in_a_status_update_is_found(tmp_path: Path) -> None:
    status = wire(1, wire(3, "S1")) + wire(2, SPOKEN) + wire(5, FRIEND)
    (note,) = notes(by_numbers(tmp_path / "increment.zip", wire(3, status)))
    assert (note.chat_jid, note.sender_jid, note.message_id) == ("status@broadcast", FRIEND, "S1")


def test_the_path_on_the_phone_and_the_forwarded_mark_are_read(tmp_path: Path) -> None:
    path = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
    spoken = wire(8, wire(6, 1) + wire(17, wire(22, 1)))
    for stored in (path, f"/storage/emulated/0/WhatsApp/{path}"):
        info = wire(2, spoken) + wire(38, wire(1, stored))
        (note,) = notes(by_numbers(tmp_path / "increment.zip", in_chat(info)))
        assert (note.whatsapp_path, note.forwarded) == (path, True)


def test_names_and_numbers_outside_the_chats_are_used(tmp_path: Path) -> None:
    lid, other = "98765432100001@lid", "98765432100002@lid"
    names = wire(7, wire(1, FRIEND) + wire(2, "Anna")) + wire(15, wire(1, FRIEND) + wire(2, lid))
    said = wire(1, wire(1, other) + wire(3, "A1")) + wire(2, SPOKEN) + wire(5, lid)
    chat = wire(2, wire(1, other) + wire(39, CHAT) + wire(38, "Ben") + wire(2, wire(1, said)))
    in_group = wire(1, wire(1, GROUP) + wire(3, "A2")) + wire(2, SPOKEN) + wire(5, lid)
    group = wire(2, wire(1, GROUP) + wire(13, "The choir") + wire(2, wire(1, in_group)))
    alone, together = notes(by_numbers(tmp_path / "increment.zip", chat, group, names))
    assert (alone.chat, alone.chat_jid) == (alone.sender, alone.sender_jid) == ("Ben", CHAT)
    assert (together.chat, together.chat_jid) == ("The choir", GROUP)
    assert (together.sender, together.sender_jid) == ("Anna", FRIEND)


@pytest.mark.parametrize("wrapped", [True, False], ids=["zlib round the ZIP", "bare ZIP"])
def test_an_increment_decrypts_to_its_zip(wrapped: bool, tmp_path: Path) -> None:
    chat = Conversation(
        id=CHAT, messages=[sent(Message(audio_message=audio()), MessageKey(id="1"))]
    )
    plain = an_increment(tmp_path / "increment.zip", chat)
    sealed = tmp_path / "msgstore-increment-1-2024-01-01.db.crypt15"
    encrypt_file(plain, sealed, ROOT_KEY, compress=wrapped)
    assert decrypt_file(sealed, tmp_path / "out.zip", ROOT_KEY).payload == "zip"
    assert notes(tmp_path / "out.zip") == notes(plain)


@pytest.mark.parametrize("suffix", ["", ".crypt14", ".crypt15"])
def test_increments_are_recognised_by_each_form_of_their_names(suffix: str) -> None:
    newest = "9999-99-99"
    for name, number in {
        "msgstore-increment-12.db": (newest, 12, 0),
        "msgstore-increment-12-2024-02-03.db": ("2024-02-03", 12, 0),
        "Databases/msgstore-increment-2-2024-09-09.1.db": ("2024-09-09", 2, 1),
    }.items():
        assert increment_number(name + suffix) == number


@pytest.mark.parametrize(
    "name",
    [
        "msgstore-2024-02-03.1.db.crypt15",
        "msgstore.db.crypt15",
        "msgstore-increment-.db",
        "msgstore-increment-1.1.db",
        "msgstore-increment-1.db.crypt16",
        "msgstore-increment-1.db.crypt15.tmp",
        "xmsgstore-increment-1.db",
    ],
)
def test_other_names_are_not_increments(name: str) -> None:
    assert increment_number(name) is None


def test_increments_come_in_the_order_in_which_phones_wrote_them() -> None:
    ordered = [
        "msgstore-increment-9-2024-02-03.db",
        "msgstore-increment-10-2024-02-03.db",
        "msgstore-increment-1-2024-09-09.1.db",
        "msgstore-increment-1-2024-09-09.2.db",
        "msgstore-increment-2.db",
        "msgstore-increment-9.db",
        "msgstore-increment-10.db",
    ]
    assert in_order([*reversed(ordered), "msgstore.db", "wa.db"]) == ordered


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\x05abc", "ends inside"),
        (b"\x80", "length"),
        (b"\xff" * 12, "length"),
        (write_varint(1 << 40), "more than any real one"),
        (b"\x03\xff\xff\xff", "is damaged"),
    ],
)
def test_invalid_messages_are_refused(raw: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(PayloadError, match=says):
        notes(an_increment(tmp_path / "increment.zip", raw=raw))


def test_a_file_that_is_not_an_increment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"PK no zip")
    with pytest.raises(FormatError, match="not a ZIP"):
        notes(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "")
    with pytest.raises(FormatError, match=r"does not contain messages\.bin"):
        notes(path)
    for missing in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UsageError):
            notes(missing)


def test_a_zip_that_is_damaged_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    chat = Conversation(
        id=CHAT, messages=[sent(Message(audio_message=audio()), MessageKey(id="1"))]
    )
    whole = an_increment(tmp_path / "increment.zip", chat).read_bytes()
    damaged = tmp_path / "damaged.zip"
    for place in range(len(whole)):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(FormatError, PayloadError, UnsafeNameError):
            notes(damaged)


@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_our_error(raw: bytes) -> None:
    with contextlib.suppress(PayloadError):
        reader = MessageReader()
        for message in read_messages(io.BytesIO(raw)):
            assert all(found.note.chat_jid is not None for found in reader.notes(message))


def test_the_checksum_of_the_zip_is_checked(tmp_path: Path) -> None:
    raw = write_varint(0) * 5000
    plain = an_increment(tmp_path / "increment.zip", raw=raw)
    crc = zlib.crc32(raw).to_bytes(4, "little")
    plain.write_bytes(plain.read_bytes().replace(crc, bytes(4)))
    with pytest.raises(FormatError):
        notes(plain)


def with_tables(path: Path, tables: dict[str, object], *syncs: bytes) -> Path:
    """An increment with changes of other tables as well as messages."""
    by_numbers(path, *syncs)
    with zipfile.ZipFile(path, "a") as archive:
        for table, rows in tables.items():
            archive.writestr(f"{table}_modified_1.json", json.dumps({table: rows}))
    return path


def test_names_of_people_and_groups_are_read(tmp_path: Path) -> None:
    contact = wire(1, FRIEND) + wire(2, LID) + wire(3, "Anna Hill") + wire(4, "Anna")
    raw = (
        a_conversation(CHAT, name="Ben Example")
        + a_conversation(GROUP, name="\u200eThe choir", sender=LID, number="2")
        + a_conversation("15550109@s.whatsapp.net", name="+1 555 0109", number="3")
        + wire(20, contact)
    )
    increment = read_increment(by_numbers(tmp_path / "increment.zip", raw))
    assert increment.saved_names == {CHAT: "Ben Example", FRIEND: "Anna Hill", LID: "Anna Hill"}
    assert increment.subjects == {GROUP: "The choir"}
    assert increment.lid_numbers == {LID: FRIEND}
    assert [(note.chat, note.sender) for note in notes(tmp_path / "increment.zip")] == [
        ("Ben Example", "Ben Example"),
        ("The choir", "Anna Hill"),
        ("15550109@s.whatsapp.net", "15550109@s.whatsapp.net"),
    ]


def test_a_hidden_id_is_paired_with_its_number(tmp_path: Path) -> None:
    chat = wire(2, wire(1, CHAT) + wire(42, LID))
    assert read_increment(by_numbers(tmp_path / "increment.zip", chat)).lid_numbers == {LID: CHAT}


def test_forwarded_notes_without_the_mark_are_notes(tmp_path: Path) -> None:
    opus, ogg, mp3 = (
        wire(2, kind) for kind in ("audio/ogg; codecs=opus", "audio/ogg", "audio/mp3")
    )
    forwarded = wire(17, wire(22, 1))
    audios = (opus, ogg + wire(19, bytes(64)), mp3 + forwarded, opus + forwarded)
    raw = b"".join(
        a_conversation(CHAT, number=str(place), message=wire(8, audio))
        for place, audio in enumerate(audios)
    )
    increment = read_increment(by_numbers(tmp_path / "increment.zip", raw))
    assert [(each.note.message_id, each.note.forwarded) for each in increment] == [
        ("INC0", False),
        ("INC1", False),
        ("INC3", True),
    ]
    assert increment.attached == 1


@pytest.mark.parametrize(
    "content",
    ["", "[", "null", "7", '{"jid": 7}', '{"other": []}', "[" * 100_000, "1" * 10_000, "\ud800"],
    ids=["nothing", "cut", "null", "number", "no rows", "other", "deep", "long", "half a letter"],
)
def test_tables_of_an_unknown_layout_lose_only_names(tmp_path: Path, content: str) -> None:
    path = by_numbers(tmp_path / "increment.zip", a_conversation(CHAT))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("jid_modified_1.json", content.encode("utf-8", "surrogatepass"))
        archive.writestr("chat_modified_2.json", '[{"_id": 1, "jid_row_id": "x"}, 5, null]')
    increment = read_increment(path)
    assert len(increment) == 1
    assert increment.warnings == (
        "jid_modified_1.json has an unknown layout, so the names in it are not used",
    )
    assert increment.rows == (("chat", {"_id": 1, "jid_row_id": "x"}),)


@pytest.mark.parametrize(
    "rows",
    [
        [{"_id": 1, "user": "a"}],
        {"jid": [{"_id": 1, "user": "a"}]},
        {"rows": [{"_id": 1, "user": "a"}]},
        {"columns": ["_id", "user"], "rows": [[1, "a"]]},
        {"jid": [{"op": "insert", "values": {"_id": 1, "user": "a"}}]},
    ],
)
def test_rows_are_read_in_every_known_layout(tmp_path: Path, rows: object) -> None:
    for number, content in enumerate((json.dumps(rows), json.dumps(rows) + "\n")):
        path = by_numbers(tmp_path / f"{number}.zip", a_conversation(CHAT))
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("jid_modified.json", content)
        assert read_increment(path).rows == (("jid", {"_id": 1, "user": "a"}),)
    path = by_numbers(tmp_path / "lines.zip", a_conversation(CHAT))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("jid_modified_1.json", '{"_id": 1}\n{"_id": 2}\n')
    assert read_increment(path).rows == (("jid", {"_id": 1}), ("jid", {"_id": 2}))


def empty_parts(field: bytes) -> bytes:
    size = 30 << 20
    return write_varint(size) + field * (size // len(field))


@pytest.mark.no_cover  # to count lines would double its time
@pytest.mark.parametrize(
    "raw",
    [
        empty_parts(wire(2, b"")),
        empty_parts(wire(7, b"")),
        empty_parts(wire(20, b"")),
        write_varint(5 + (30 << 20)) + b"\x12" + write_varint(30 << 20) + b"\x12\x00" * (15 << 20),
    ],
    ids=["conversations", "names", "contacts", "messages of a conversation"],
)
def test_more_parts_than_any_real_one_has_are_refused_before_they_are_made(
    tmp_path: Path, raw: bytes
) -> None:
    path = an_increment(tmp_path / "increment.zip", raw=raw)
    began = time.perf_counter()
    with pytest.raises(PayloadError, match="more than any real one"):
        read_increment(path)
    assert time.perf_counter() - began < 5


def test_a_compression_that_whatsapp_does_not_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "increment.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("messages.bin", bytes(1000))
    with pytest.raises(PayloadError, match="packed"):
        read_increment(path)


def test_the_latest_message_dates_an_increment(tmp_path: Path) -> None:
    text = wire(1, "hello")
    raw = a_conversation(CHAT, sent=1_704_063_480) + a_conversation(
        CHAT, sent=1_704_063_999, message=text, number="2"
    )
    increment = read_increment(by_numbers(tmp_path / "increment.zip", raw))
    assert isinstance(increment, Increment)
    assert increment.newest == datetime.fromtimestamp(1_704_063_999, UTC)
    assert len(increment) == 1
