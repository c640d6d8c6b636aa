"""Notes that the backup lacks: fetched together, one copy for all notes that share it."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.model import NoteStatus, Report, VoiceNote
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.jobs.restore import restore
from gdrive_wa.pb.history_sync_pb2 import Conversation, Message, MessageKey
from gdrive_wa.sources import open_folder
from gdrive_wa.transfer import pool
from tests.chats.test_increments import an_increment, audio, sent

CELLS = "message_url, direct_path, media_key, enc_file_hash, file_hash, file_length"
OF = "message_row_id = (SELECT _id FROM message WHERE key_id = ?)"


@pytest.fixture
def lacking(sample: SampleAccount) -> VoiceNote:
    """The only note of which WhatsApp's servers still have a copy."""
    return next(note for note in sample.notes if note.status is NoteStatus.MISSING)


@pytest.fixture
def phone(sample: SampleAccount, tmp_path: Path) -> Path:
    """A folder with only the database: every note's file is missing."""
    folder = tmp_path / "phone"
    (folder / "Databases").mkdir(parents=True)
    (folder / "Databases/msgstore.db").write_bytes(sample.contents["Databases/msgstore.db"])
    return folder


def change(phone: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(phone / "Databases/msgstore.db")) as database:
        database.execute(statement, values)
        database.commit()


def bring(phone: Path, emulator: Emulator) -> Report:
    return restore(
        open_folder(phone),
        phone.parent / "out",
        missing_from_whatsapp=True,
        endpoint=emulator.root,
        jobs=4,
    )


def test_notes_that_share_a_copy_have_it_fetched_once(
    phone: Path, emulator: Emulator, sample: SampleAccount, lacking: VoiceNote
) -> None:
    other = next(note for note in sample.notes if note.chat_jid != lacking.chat_jid)
    change(
        phone,
        f"UPDATE message_media SET ({CELLS}) = (SELECT {CELLS} FROM message_media WHERE {OF})"  # noqa: S608 - names of ours
        f" WHERE {OF}",
        lacking.message_id,
        other.message_id,
    )
    report = bring(phone, emulator)
    done = {outcome.path: outcome.file for outcome in report.done}
    assert {lacking.whatsapp_path, other.whatsapp_path} <= set(done)
    assert done[str(lacking.whatsapp_path)] != done[str(other.whatsapp_path)]
    assert emulator.counts.request_count("/v/*") == 1
    assert not list((phone.parent / "out").rglob("*.enc"))


def test_unreachable_servers_fail_all_notes_and_do_not_stop_the_run(
    phone: Path, emulator: Emulator, sample: SampleAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pool.GIVE_UP_AFTER, NetworkError, 2)
    change(phone, "UPDATE message_media SET message_url = NULL, direct_path = '/v/' || _rowid_")
    emulator.faults = Fault(kind=FaultKind.STATUS, path="/v/*", status=503, times=None)
    report = bring(phone, emulator)
    failed = sorted(outcome.path for outcome in report.failed)
    assert failed == sorted(str(note.whatsapp_path) for note in sample.notes)
    assert all("do not work now" in str(outcome.reason) for outcome in report.failed)


def test_the_links_of_an_increment_are_tried_first(
    phone: Path, emulator: Emulator, lacking: VoiceNote
) -> None:
    database = phone / "Databases/msgstore.db"
    with closing(sqlite3.connect(database)) as opened:
        url, path, key, sealed, plain, length = opened.execute(
            f"SELECT {CELLS} FROM message_media WHERE {OF}",  # noqa: S608 - names of ours
            (lacking.message_id,),
        ).fetchone()
    expired = "https://mmg.whatsapp.net/v/expired?oe=5E0BE100"
    statement = f"UPDATE message_media SET message_url = ? WHERE {OF}"  # noqa: S608 - names of ours
    change(phone, statement, expired, lacking.message_id)
    talk = Conversation(
        id=lacking.chat_jid,
        messages=[
            sent(
                Message(
                    audio_message=audio(
                        url=url or "",
                        direct_path=path or "",
                        media_key=key,
                        file_enc_sha256=base64.b64decode(sealed),
                        file_sha256=base64.b64decode(plain),
                        file_length=length,
                    )
                ),
                MessageKey(remote_jid=lacking.chat_jid, id=lacking.message_id),
            )
        ],
    )
    made = an_increment(phone.parent / "increment.zip", talk)
    made.rename(phone / "Databases/msgstore-increment-10.db")
    report = bring(phone, emulator)
    assert lacking.whatsapp_path in {outcome.path for outcome in report.done}
    assert lacking.whatsapp_path not in {outcome.path for outcome in report.skipped}
