"""A small copy of a database has the same voice notes as the original."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.chats.extract import newest_of_chats, write_extract
from gdrive_wa.chats.links import read_links
from gdrive_wa.chats.read import PhoneDatabases, read_files, read_voice_notes
from gdrive_wa.chats.same_account import same_phone
from gdrive_wa.core.errors import DatabaseError
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    SENT,
    jids,
    make_database,
    media,
    message,
    modern,
    old_message,
    thumb_image,
)
from tests.chats.test_damaged import large, overwrite


def extract(database: Path, folder: Path) -> Path:
    folder.mkdir()
    write_extract(database, folder / database.name)
    return folder / database.name


def test_every_kind_of_row_is_read_from_it_as_from_the_original(tmp_path: Path) -> None:
    texts = [
        message(n, message_type=0, from_me=n % 2, key_id=f"T{n}", origin=0) for n in range(20, 60)
    ]
    forwarded = message(3, origin=0, chat_row_id=2, sender_jid_row_id=2)
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, from_me=1), forwarded, message(4, message_type=9), *texts],
        [media(1), media(2, message_url="https://mmg.whatsapp.net/x"), media(3), media(4)],
        jid=jids(MUM, ANNA, FAMILY, "98765432100001@lid"),
        jid_map=[{"lid_row_id": 4, "jid_row_id": 2}],
        chat=[
            {"_id": 1, "jid_row_id": 1, "subject": None},
            {"_id": 2, "jid_row_id": 3, "subject": "Family"},
        ],
        message_forwarded=[{"message_row_id": 3, "forward_score": 1}],
        audio_data=[{"message_row_id": 1, "waveform": bytes(range(64))}],
        messages=[old_message(7, thumb_image=thumb_image("/sdcard/WhatsApp/Media/PTT-7.opus"))],
    )
    small = extract(store, tmp_path / "small")
    assert list(read_voice_notes(small)) == list(read_voice_notes(store))
    assert len(read_voice_notes(small)) == 4
    assert list(read_links(small)) == list(read_links(store)) != []
    files = [
        list(read_files(PhoneDatabases(msgstores=(path,)), lambda *_: True))
        for path in (small, store)
    ]
    assert files[0] == files[1]
    assert same_phone(small, store) is True


def test_texts_are_not_in_it(tmp_path: Path) -> None:
    said = b"what was said" * 20
    text = message(2, message_type=0, text_data=said.decode())
    store = modern(tmp_path / "msgstore.db", [message(1), text], [media(1)])
    small = extract(store, tmp_path / "small")
    assert said in store.read_bytes()
    assert said not in small.read_bytes()


def test_damaged_rows_are_left_out_and_the_others_are_there(tmp_path: Path) -> None:
    store = large(tmp_path / "msgstore.db")
    overwrite(store, "message", 3, 12)
    before = store.read_bytes()
    small = extract(store, tmp_path / "small")
    assert list(read_voice_notes(small)) == list(read_voice_notes(store))
    assert store.read_bytes() == before


def test_other_databases_are_refused(tmp_path: Path) -> None:
    rubbish = tmp_path / "msgstore.db"
    rubbish.write_bytes(b"rubbish")
    other = make_database(tmp_path / "wa.db", {"wa_contacts": [{"_id": 1}]})
    for path in (rubbish, other):
        with pytest.raises(DatabaseError):
            newest_of_chats(path)
        with pytest.raises(DatabaseError):
            write_extract(path, tmp_path / "out.db")
    newest = newest_of_chats(modern(tmp_path / "a.db", [message(1)], []))
    assert newest is not None
    assert newest.timestamp() == SENT / 1000 + 1
