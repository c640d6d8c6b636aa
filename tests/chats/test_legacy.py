"""The old schema: ``messages``, alone and together with the current one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.chats.read import read_voice_notes
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    jids,
    make_database,
    media,
    message,
    old_message,
    path_of,
    sha256_of,
    thumb_image,
)

OLD_PATH = "/storage/emulated/0/WhatsApp/Media/WhatsApp Voice Notes/201601/PTT-20160101-WA0001.opus"


def test_a_note_of_the_old_schema(tmp_path: Path) -> None:
    store = make_database(
        tmp_path / "msgstore.db",
        {"messages": [old_message(1, thumb_image=thumb_image(OLD_PATH), starred=1, forwarded=1)]},
    )
    [note] = read_voice_notes(store)
    assert note.whatsapp_path == OLD_PATH
    assert (note.chat_jid, note.sender_jid, note.message_id) == (MUM, MUM, "OLD0001")
    assert note.sent_at == datetime(2024, 1, 1, 10, 0, 1, tzinfo=UTC)
    assert (note.duration, note.size, note.sha256) == (7, 1001, sha256_of(1).hex())
    assert note.starred
    assert note.forwarded


def test_the_path_of_the_media_table_is_better_than_the_thumbs(tmp_path: Path) -> None:
    store = make_database(
        tmp_path / "msgstore.db",
        {
            "messages": [old_message(1, thumb_image=thumb_image(OLD_PATH))],
            "message_media": [media(1)],
        },
    )
    [note] = read_voice_notes(store)
    assert note.whatsapp_path == path_of(1)


def test_without_any_path_the_media_name_stands_for_it(tmp_path: Path) -> None:
    row = old_message(1, media_name="PTT-20160101-WA0001.opus")
    [note] = read_voice_notes(make_database(tmp_path / "msgstore.db", {"messages": [row]}))
    assert note.whatsapp_path == "PTT-20160101-WA0001.opus"


def test_a_group_of_the_old_schema(tmp_path: Path) -> None:
    store = make_database(
        tmp_path / "msgstore.db",
        {
            "messages": [
                old_message(1, key_remote_jid=FAMILY, remote_resource=ANNA),
                old_message(2, key_remote_jid=FAMILY, key_from_me=1),
            ],
            "chat_list": [{"_id": 1, "key_remote_jid": FAMILY, "subject": "Sunday lunch"}],
        },
    )
    first, second = read_voice_notes(store)
    assert first.chat == "Sunday lunch"
    assert (first.sender, first.sender_jid) == ("+1 5550102", ANNA)
    assert (second.sender, second.from_me) == ("Me", True)


def test_attached_audio_is_not_a_voice_note(tmp_path: Path) -> None:
    song = old_message(1, origin=0, media_mime_type="audio/mpeg")
    rows = [song, old_message(2, media_wa_type="1"), old_message(3)]
    store = make_database(tmp_path / "msgstore.db", {"messages": rows})
    chats = read_voice_notes(store)
    assert [note.message_id for note in chats] == ["OLD0003"]
    assert chats.attached == 1


def test_both_schemas_in_one_file_give_each_message_once(tmp_path: Path) -> None:
    store = make_database(
        tmp_path / "msgstore.db",
        {
            "jid": jids(MUM),
            "chat": [{"_id": 1, "jid_row_id": 1, "subject": None}],
            "message": [message(1, key_id="OLD0001"), message(9)],
            "message_media": [media(1), media(9)],
            "messages": [old_message(1), old_message(2)],
        },
    )
    notes = read_voice_notes(store)
    assert sorted(note.message_id for note in notes) == ["3EB00009", "OLD0001", "OLD0002"]


def test_two_messages_of_one_number_keep_their_own_files(tmp_path: Path) -> None:
    both = {
        "jid": jids(MUM),
        "chat": [{"_id": 1, "jid_row_id": 1, "subject": None}],
        "message_media": [media(1)],
        "messages": [old_message(1, thumb_image=thumb_image(OLD_PATH), media_hash=None)],
    }
    store = make_database(tmp_path / "msgstore.db", both | {"message": [message(1)]})
    old, new = sorted(read_voice_notes(store), key=lambda note: note.message_id, reverse=True)
    assert (old.whatsapp_path, old.sha256) == (OLD_PATH, None)
    assert (new.whatsapp_path, new.sha256) == (path_of(1), sha256_of(1).hex())

    sentinel = message(1, chat_row_id=-1, key_id="-1", message_type=-1)
    store = make_database(tmp_path / "sentinel.db", both | {"message": [sentinel]})
    assert [note.whatsapp_path for note in read_voice_notes(store)] == [path_of(1)]


def test_a_lone_sentinel_of_the_current_schema_hides_nothing(tmp_path: Path) -> None:
    store = make_database(
        tmp_path / "msgstore.db",
        {
            "message": [message(1, chat_row_id=-1, message_type=-1)],
            "messages": [old_message(1)],
        },
    )
    assert len(read_voice_notes(store)) == 1


@pytest.mark.parametrize("column", [name for name in old_message(1) if name != "key_remote_jid"])
def test_any_column_of_an_old_message_may_be_missing(tmp_path: Path, column: str) -> None:
    row = old_message(1, media_name="PTT-20160101-WA0001.opus")
    del row[column]
    assert len(read_voice_notes(make_database(tmp_path / "msgstore.db", {"messages": [row]}))) == 1
