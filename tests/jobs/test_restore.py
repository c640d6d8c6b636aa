"""Restores through the API, for cases without a test of the command line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from gdrive_wa import UsageError, connect, download, open_archive, open_folder, restore
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.progress import Silent
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.pb.history_sync_pb2 import Conversation, Message, MessageKey
from tests.chats.test_increments import an_increment, audio, sent

MUM = "15550101@s.whatsapp.net"
LATER = "Media/WhatsApp Voice Notes/202545/PTT-20251103-WA0000.opus"


@pytest.fixture
def backup(sample: SampleAccount, emulator: Emulator, tmp_path: Path) -> Path:
    """A download of the sample's backup, which a test may change."""
    source = connect(endpoint=emulator.root, token=sample.token)
    download(source, source.entries(source.backups()[0]), tmp_path / "backup")
    source.close()
    return tmp_path / "backup"


def key_of(sample: SampleAccount) -> RootKey:
    assert isinstance(sample.key, RootKey)
    return sample.key


def notes_of(folder: Path) -> dict[str, VoiceNote]:
    return {note.message_id: note for note in open_archive(folder).notes()}


def test_an_archive_inside_the_backups_folder_is_not_part_of_the_backup(
    sample: SampleAccount, backup: Path
) -> None:
    out = backup / "Media" / "My voice notes"
    first = restore(open_folder(backup), out, key=key_of(sample))
    again = restore(open_folder(backup), out, key=key_of(sample))
    assert (len(first.failed), len(again.failed), len(again.done)) == (0, 0, 0)
    assert len(again.skipped) == len(first.done) + len(first.skipped)


def test_the_backups_own_folder_is_refused_as_the_target(
    sample: SampleAccount, backup: Path
) -> None:
    before = sorted(backup.rglob("*"))
    with pytest.raises(UsageError, match="come from"):
        restore(open_folder(backup), backup / "Media" / "..", key=key_of(sample))
    assert sorted(backup.rglob("*")) == before


def test_a_note_that_is_only_in_an_increment_gets_its_name(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    first = next(note for note in sample.notes if note.chat == "Mum" and note.whatsapp_path)
    said = sample.contents[first.whatsapp_path or ""] + b"later"
    key = key_of(sample)
    message = Message(
        audio_message=audio(
            file_sha256=hashlib.sha256(said).digest(), file_length=len(said), seconds=6
        )
    )
    talk = Conversation(
        id=first.chat_jid,
        messages=[sent(message, MessageKey(remote_jid=first.chat_jid, id="3EB0LATER"))],
    )
    plain = an_increment(tmp_path / "increment.zip", talk)
    stored = backup / "Databases" / "msgstore-increment-1-2025-11-03.db.crypt15"
    encrypt_file(plain, stored, key)
    name, sealed, envelope = encrypt_media(said, key, FileMetadata(name=LATER))
    (backup / "Media" / f"{name}.mcrypt1").write_bytes(sealed)
    (backup / "Media" / f"{name}.mcrypt1-metadata").write_text(envelope)
    report = restore(open_folder(backup), tmp_path / "out", key=key)
    assert report.failed == []
    note = notes_of(tmp_path / "out")["3EB0LATER"]
    assert note.status is NoteStatus.RESTORED
    assert (note.chat, note.sender) == ("Mum", "Mum")
    assert note.file is not None
    assert note.file.startswith("Voice notes/Mum/2024-01-01 ") or "2023-12-31" in note.file


def test_a_media_file_without_its_envelope_is_matched_by_its_content(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    for envelope in (backup / "Media").glob("*-metadata"):
        envelope.unlink()
    report = restore(open_folder(backup), tmp_path / "out", key=sample.key)
    assert report.failed == []
    restored = [note for note in notes_of(tmp_path / "out").values() if note.file]
    assert len(restored) == len(sample.notes) - 1
    assert all(note.status is NoteStatus.RESTORED for note in restored)
    unmatched = {outcome.reason for outcome in report.skipped}
    assert unmatched == {"the databases do not mention it as a voice note"}
    assert not (tmp_path / "out" / "Media").exists()


def test_files_without_an_envelope_get_suffixes(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    for envelope in (backup / "Media").glob("*-metadata"):
        envelope.unlink()
    restore(open_folder(backup), tmp_path / "out", key=sample.key, everything=True)
    (picture,) = (tmp_path / "out" / "Media").rglob("*.jpg")
    image = "Media/WhatsApp Images/IMG-20250629-WA0000.jpg"
    assert picture.read_bytes() == sample.contents[image]
    again = restore(open_folder(backup), tmp_path / "out", key=sample.key, everything=True)
    assert again.done == []


def test_a_broken_database_loses_names_but_no_voice_notes(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    (backup / "Databases" / "msgstore.db.crypt15").write_bytes(b"\x02\x01rubbish")
    report = restore(open_folder(backup), tmp_path / "out", key=sample.key)
    assert [outcome.path for outcome in report.failed] == ["Databases/msgstore.db.crypt15"]
    notes = open_archive(tmp_path / "out").notes()
    assert len(notes) == len(sample.notes) - 1
    assert {note.status for note in notes} == {NoteStatus.UNMATCHED}
    assert all((tmp_path / "out" / (note.file or "")).is_file() for note in notes)


def test_a_later_database_names_existing_notes(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    database = backup / "Databases" / "msgstore.db.crypt15"
    whole = database.read_bytes()
    database.write_bytes(b"\x02\x01rubbish")
    restore(open_folder(backup), tmp_path / "out", key=sample.key)
    database.write_bytes(whole)
    report = restore(open_folder(backup), tmp_path / "out", key=sample.key)
    assert report.failed == []
    notes = open_archive(tmp_path / "out").notes()
    assert len(notes) == len(sample.notes)
    assert {note.status for note in notes} == {NoteStatus.RESTORED, NoteStatus.MISSING}
    assert open_archive(tmp_path / "out").verify().missing == ()


def test_a_dry_run_reports_what_is_left_to_do(
    sample: SampleAccount, emulator: Emulator, tmp_path: Path
) -> None:
    source = connect(endpoint=emulator.root, token=sample.token)
    before = restore(source, tmp_path / "out", key=sample.key, dry_run=True)
    assert before.skipped == []
    assert before.bytes == sum(outcome.bytes for outcome in before.done) > 0
    assert not (tmp_path / "out").exists()
    restore(source, tmp_path / "out", key=sample.key)
    after = restore(source, tmp_path / "out", key=sample.key, dry_run=True)
    assert after.done == []
    assert len(after.skipped) == len(before.done)
    source.close()


def test_every_run_leaves_a_report(sample: SampleAccount, backup: Path, tmp_path: Path) -> None:
    report = restore(open_folder(backup), tmp_path / "out", key=sample.key)
    restore(open_folder(backup), tmp_path / "out", key=sample.key)
    first, second = sorted((tmp_path / "out" / ".gdrive-wa" / "reports").iterdir())
    saved = json.loads(first.read_text())
    assert saved["ended"] is None
    assert len(saved["done"]) == len(report.done) > 40
    assert saved["seconds"] == round(report.seconds, 3) > 0
    assert len(json.loads(second.read_text())["skipped"]) == len(report.done)


def test_media_that_were_never_encrypted_cause_no_warning(
    plain_sample: SampleAccount, tmp_path: Path
) -> None:
    """A phone's folder has thousands of such files."""

    class Heard(Silent):
        lines: ClassVar[list[str]] = []

        def say(self, line: str) -> None:
            self.lines.append(line)

    source = open_folder(plain_sample.folder / "backup")
    report = restore(
        source, tmp_path / "out", key=plain_sample.key, everything=True, progress=Heard()
    )
    assert len(report.done) > 10
    assert not any("encrypted" in line for line in Heard.lines)


def test_one_altered_blob_loses_only_itself(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    path = sample.notes[0].whatsapp_path or ""
    blob = backup / sample.stored[path]
    raw = bytearray(blob.read_bytes())
    raw[len(raw) // 2] ^= 1
    blob.write_bytes(raw)
    report = restore(open_folder(backup), tmp_path / "out", key=sample.key)
    (failed,) = report.failed
    assert failed.path == path
    assert failed.exit_code == 6
    assert failed.hints
    missing = [note for note in notes_of(tmp_path / "out").values() if note.file is None]
    assert len(missing) == 2


def test_dates_select_by_the_day_of_sending_not_of_copying(
    sample: SampleAccount, tmp_path: Path
) -> None:
    phone = tmp_path / "phone"
    for path, content in sample.contents.items():
        (phone / path).parent.mkdir(parents=True, exist_ok=True)
        (phone / path).write_bytes(content)
    sent_at = next(note.sent_at for note in sample.notes if note.whatsapp_path in sample.contents)
    assert sent_at is not None
    day = Selection(since=sent_at - timedelta(minutes=1), until=sent_at + timedelta(minutes=1))
    restore(open_folder(phone), tmp_path / "out", selection=day)
    [note] = [note for note in notes_of(tmp_path / "out").values() if note.file is not None]
    assert note.sent_at == sent_at

    os.utime(phone / (note.whatsapp_path or ""), (sent_at.timestamp(), sent_at.timestamp()))
    before = Selection(until=sent_at - timedelta(minutes=1), exclude=("*.db",))
    restore(open_folder(phone), tmp_path / "no database", selection=before)
    assert not list((tmp_path / "no database").rglob("*.opus"))


def test_a_chat_is_found_by_the_name_of_a_former_run(sample: SampleAccount, tmp_path: Path) -> None:
    phone, book = tmp_path / "phone", tmp_path / "contacts.vcf"
    for path, content in sample.contents.items():
        if path != "Databases/wa.db":
            (phone / path).parent.mkdir(parents=True, exist_ok=True)
            (phone / path).write_bytes(content)
    number = MUM.partition("@")[0]
    book.write_text(f"BEGIN:VCARD\nFN:Mother dear\nTEL:+{number}\nEND:VCARD\n")
    first = min(note.sent_at for note in sample.notes if note.chat_jid == MUM and note.sent_at)
    some = Selection(until=first + timedelta(seconds=1), chat="mother")
    restore(open_folder(phone), tmp_path / "out", contacts=book, selection=some)
    assert len(notes_of(tmp_path / "out")) == 1
    restore(open_folder(phone), tmp_path / "out", chat="mother")
    held = {note.chat for note in notes_of(tmp_path / "out").values() if note.file is not None}
    assert held == {"Mother dear"}


def test_two_phones_in_one_archive_keep_their_databases_apart(
    sample: SampleAccount, emulator: Emulator, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    second = tmp_path / "phones" / "15550177"
    shutil.copytree(plain_sample.folder / "backup", second)
    source = connect(endpoint=emulator.root, token=sample.token)
    restore(source, tmp_path / "out", key=sample.key)
    source.close()
    report = restore(open_folder(second.parent), tmp_path / "out", key=plain_sample.key)
    assert report.failed == []
    out = tmp_path / "out" / "Databases"
    assert (out / "msgstore.db").read_bytes() == sample.contents["Databases/msgstore.db"]
    assert (out / "15550177" / "msgstore.db").read_bytes() == plain_sample.contents[
        "Databases/msgstore.db"
    ]
    assert open_archive(tmp_path / "out").verify().missing == ()
