from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.chats.links import read_links
from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import MediaLink
from gdrive_wa.emulation.sample import SampleAccount


@pytest.fixture
def msgstore(sample: SampleAccount, tmp_path: Path) -> Path:
    path = tmp_path / "msgstore.db"
    path.write_bytes(sample.contents["Databases/msgstore.db"])
    return path


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


def by_message(path: Path) -> dict[tuple[str, str], MediaLink]:
    return {(link.chat_jid, link.message_id): link for link in read_links(path)}


def test_every_voice_note_has_its_link_under_its_own_chat_and_id(msgstore: Path) -> None:
    links = by_message(msgstore)
    for note in read_voice_notes(msgstore):
        link = links[note.chat_jid, note.message_id]
        assert link.url is not None
        assert link.direct_path is not None
        assert link.url.startswith(f"https://mmg.whatsapp.net{link.direct_path}")
        assert (link.sha256, link.size, link.mime_type) == (note.sha256, note.size, note.mime_type)
        assert len(link.media_key) == 32
        assert len(link.enc_sha256 or "") == 64


def test_key_and_link_are_not_in_the_repr(msgstore: Path) -> None:
    for link in read_links(msgstore):
        shown = repr(link)
        assert "whatsapp.net/v" not in shown
        assert "media_key" not in shown
        assert "oe=" not in shown


@pytest.mark.parametrize("key", ["NULL", "'text'", "x'01'", "zeroblob(33)", "5"])
def test_a_row_without_a_complete_key_is_left_out(msgstore: Path, key: str) -> None:
    execute(msgstore, f"UPDATE message_media SET media_key = {key}")  # noqa: S608 - of the row above
    assert by_message(msgstore) == {}


@pytest.mark.parametrize("column", ["message_url", "direct_path", "enc_file_hash", "file_hash"])
def test_a_missing_column_is_not_an_error(msgstore: Path, column: str) -> None:
    before = len(by_message(msgstore))
    execute(msgstore, f"ALTER TABLE message_media DROP COLUMN {column}")
    assert len(by_message(msgstore)) == before


@pytest.mark.parametrize("table", ["message", "message_media", "chat", "jid"])
def test_a_missing_table_is_not_an_error(msgstore: Path, table: str) -> None:
    execute(msgstore, f"DROP TABLE {table}")
    for link in read_links(msgstore):
        assert link.chat_jid == "unknown@unknown"


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    path.write_bytes(b"not SQLite at all, and longer than a header" * 9)
    with pytest.raises(DatabaseError):
        list(read_links(path))
