"""A restore of exported chats: the same archive and page as from a backup, alone or with one."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa import NoteStatus, UsageError, VoiceNote, open_archive, open_folder, restore, verify
from gdrive_wa.core.errors import Interrupted
from gdrive_wa.core.progress import Silent
from gdrive_wa.core.selection import Selection
from gdrive_wa.emulation.ogg import seconds_of, with_serial
from gdrive_wa.jobs.exported_chats import exported_texts, read_exported_chats
from gdrive_wa.sources.exported_chat import ExportedChats
from tests.archive.phone import recording
from tests.chats.store import jids, media, message, modern

LRM = "\u200e"
MUM = "15550101@s.whatsapp.net"
SENT = datetime(2024, 3, 1, 9, 0, 12, tzinfo=UTC)


def spoken(number: int) -> bytes:
    """A recording, different for each number."""
    return with_serial(recording(0), number + 1)


def iphone(folder: Path, *, chat: str = "Mum", notes: int = 3, seconds: int = 12) -> Path:
    """An iPhone's export of a chat with one person; the last note was left out."""
    folder = folder / f"WhatsApp Chat - {chat}"
    folder.mkdir(parents=True)
    lines = [f"[01/03/24, 08:59:00] {chat}: {LRM}Messages and calls are end-to-end encrypted."]
    for number in range(notes):
        name = f"{number:08}-AUDIO-2024-03-01-09-{number:02}-{seconds:02}.opus"
        (folder / name).write_bytes(spoken(number))
        who = chat if number % 2 == 0 else "Alex"
        lines.append(f"[01/03/24, 09:{number:02}:{seconds:02}] {who}: {LRM}<attached: {name}>")
    lines.append(f"[02/03/24, 10:00:00] {chat}: {LRM}audio omitted")
    lines.append(f"[02/03/24, 10:01:00] {chat}: sorry\nwrong chat")
    (folder / "_chat.txt").write_text("\r\n".join([*lines, ""]), "utf-8", newline="")
    return folder


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return target


def backup(folder: Path, *, notes: int = 3, shift: timedelta = timedelta(), **changes: Any) -> Path:
    """A phone's folder with the same notes, decrypted."""
    voices = folder / "WhatsApp" / "Media" / "WhatsApp Voice Notes" / "202409"
    voices.mkdir(parents=True)
    messages, files = [], []
    for number in range(notes):
        name = f"PTT-20240301-WA{number:04}.opus"
        (voices / name).write_bytes(spoken(number))
        sent = SENT + timedelta(minutes=number) + shift
        messages.append(
            message(
                number + 1,
                key_id=f"3EB0{number:04}",
                from_me=number % 2,
                timestamp=int(sent.timestamp() * 1000),
            )
        )
        files.append(
            media(
                number + 1,
                file_path=f"Media/WhatsApp Voice Notes/202409/{name}",
                file_size=len(spoken(number)),
                file_hash=base64.b64encode(hashlib.sha256(spoken(number)).digest()).decode(),
            )
            | changes
        )
    (folder / "WhatsApp" / "Databases").mkdir()
    modern(
        folder / "WhatsApp" / "Databases" / "msgstore.db", messages, files,
        jid=jids(MUM), chat=[{"_id": 1, "jid_row_id": 1, "subject": None}],
    )  # fmt: skip
    return folder


class Said(Silent):
    """Records the messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def restored(source: Path, dest: Path, **options: Any) -> list[VoiceNote]:
    report = restore(source, dest, timezone="UTC", **options)
    assert report.failed == []
    return open_archive(dest).notes()


def assert_intact(dest: Path) -> None:
    """The files of the archive are exactly those in its lists."""
    found = verify(dest)
    assert (found.missing, found.changed, found.extra) == ((), (), ())


def files_in(dest: Path) -> list[str]:
    return sorted(
        path.relative_to(dest).as_posix() for path in (dest / "Voice notes").rglob("*.opus")
    )


def test_a_folder_that_an_iphone_exported(tmp_path: Path) -> None:
    notes = restored(iphone(tmp_path), tmp_path / "out")
    assert [(note.chat, note.sender, note.from_me, note.status) for note in notes] == [
        ("Mum", "Mum", False, NoteStatus.RESTORED),
        ("Mum", "Alex", True, NoteStatus.RESTORED),
        ("Mum", "Mum", False, NoteStatus.RESTORED),
        ("Mum", "Mum", False, NoteStatus.MISSING),
    ]
    assert [note.sent_at for note in notes][:2] == [SENT, SENT + timedelta(minutes=1)]
    assert notes[3].sent_at == datetime(2024, 3, 2, 10, tzinfo=UTC)
    assert notes[0].duration == pytest.approx(seconds_of(spoken(0)), abs=0.01)
    assert files_in(tmp_path / "out") == [
        "Voice notes/Mum/2024-03-01 09.00.12 Mum.opus",
        "Voice notes/Mum/2024-03-01 09.01.12 Alex.opus",
        "Voice notes/Mum/2024-03-01 09.02.12 Mum.opus",
    ]
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "Voice notes/Mum" in page
    assert b"title" in (tmp_path / "out" / files_in(tmp_path / "out")[0]).read_bytes().lower()


def test_a_zip_gives_the_same_archive(tmp_path: Path) -> None:
    folder = iphone(tmp_path)
    first = restored(folder, tmp_path / "one")
    second = restored(zipped(folder, tmp_path / "WhatsApp Chat - Mum.zip"), tmp_path / "two")
    assert [(note.file, note.message_id, note.sha256) for note in first] == [
        (note.file, note.message_id, note.sha256) for note in second
    ]


def test_a_folder_with_several_exports_is_one_archive(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    iphone(exports, chat="Mum")
    zipped(iphone(tmp_path, chat="Ben"), exports / "WhatsApp Chat - Ben.zip")
    notes = restored(exports, tmp_path / "out")
    assert {note.chat for note in notes} == {"Mum", "Ben"}
    assert len(notes) == 8


def test_the_same_chat_exported_twice_has_no_duplicates(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    iphone(exports)
    zipped(iphone(tmp_path, notes=4), exports / "WhatsApp Chat - Mum (1).zip")
    notes = restored(exports, tmp_path / "out")
    assert len(notes) == 5
    assert len(files_in(tmp_path / "out")) == 4
    again = restored(exports, tmp_path / "out")
    assert again == notes


def test_a_note_that_was_left_out_once_gets_its_file_from_another_export(tmp_path: Path) -> None:
    first, later = iphone(tmp_path / "1"), iphone(tmp_path / "2")
    name = "00000009-AUDIO-2024-03-02-10-00-00.opus"
    (later / name).write_bytes(spoken(9))
    text = (later / "_chat.txt").read_text("utf-8")
    (later / "_chat.txt").write_text(text.replace("audio omitted", f"<attached: {name}>"), "utf-8")
    restored(first, tmp_path / "out")
    notes = restored(later, tmp_path / "out")
    assert [note.status for note in notes] == [NoteStatus.RESTORED] * 4


def android(folder: Path, *, media: bool, days: int = 2) -> Path:
    """An export of an Android phone, with or without its media."""
    folder.mkdir(parents=True)
    lines = []
    for day in range(1, days + 1):
        name = f"PTT-2024030{day}-WA0001.opus"
        if media:
            (folder / name).write_bytes(spoken(day))
        said = f"{name} (file attached)" if media else "<Media omitted>"
        lines += [f"{day} Mar 2024, 09:00 - Mum: {said}", f"{day} Mar 2024, 09:01 - Alex: ok"]
    (folder / "WhatsApp Chat with Mum.txt").write_text("\n".join([*lines, ""]), "utf-8")
    return folder


def test_an_export_without_media_next_to_one_with_them_adds_nothing_and_requests_nothing(
    tmp_path: Path,
) -> None:
    android(tmp_path / "exports" / "2 without", media=False)
    android(tmp_path / "exports" / "1 with media", media=True)
    said = Said()
    notes = restored(tmp_path / "exports", tmp_path / "out", progress=said)
    assert [(note.chat, str(note.status)) for note in notes] == [("Mum", "restored")] * 2
    assert said.lines == []


def test_media_that_every_export_left_out_are_reported(tmp_path: Path) -> None:
    android(tmp_path / "exports" / "later", media=False, days=3)
    android(tmp_path / "exports" / "first", media=True)
    said = Said()
    restored(tmp_path / "exports", tmp_path / "out", progress=said)
    assert any("left out when the chats were exported" in line for line in said.lines)


def test_a_view_once_note_is_missing(tmp_path: Path) -> None:
    chat = android(tmp_path / "chat", media=True, days=1)
    text = chat / "WhatsApp Chat with Mum.txt"
    once = "1 Mar 2024, 09:02 - Mum: <View once voice message omitted>\n"
    text.write_text(text.read_text() + once)
    [_, note] = restored(chat, tmp_path / "out")
    assert (str(note.status), note.view_once, note.sender) == ("missing", True, "Mum")


def test_a_later_backup_takes_over_the_notes(tmp_path: Path) -> None:
    restored(iphone(tmp_path), tmp_path / "out")
    notes = restored(backup(tmp_path / "phone"), tmp_path / "out")
    assert [note.message_id for note in notes[:3]] == ["3EB00000", "3EB00001", "3EB00002"]
    assert [note.from_me for note in notes] == [False, True, False, False]
    assert {note.chat_jid for note in notes} == {MUM}
    assert {note.chat for note in notes} == {"Mum"}, "the backup knows a number only"
    assert [note.status for note in notes] == [NoteStatus.RESTORED] * 3 + [NoteStatus.MISSING]
    assert len(files_in(tmp_path / "out")) == 3
    assert restored(iphone(tmp_path / "again"), tmp_path / "out") == notes
    assert restored(tmp_path / "phone", tmp_path / "out") == notes


def test_an_export_after_the_backup_adds_only_what_it_lacks(tmp_path: Path) -> None:
    restored(backup(tmp_path / "phone", notes=2), tmp_path / "out")
    notes = restored(iphone(tmp_path, notes=3), tmp_path / "out")
    assert [note.message_id[:4] for note in notes] == ["3EB0", "3EB0", "2024", "2024"]
    assert {note.chat_jid for note in notes} == {MUM}
    assert len(files_in(tmp_path / "out")) == 3
    assert restored(tmp_path / "phone", tmp_path / "out") == notes


def test_the_time_in_the_backup_takes_precedence(tmp_path: Path) -> None:
    """The phone that made the export was in another time zone."""
    restored(iphone(tmp_path), tmp_path / "out")
    phone = backup(tmp_path / "phone", shift=timedelta(hours=5))
    notes = restored(phone, tmp_path / "out")
    by_id = {note.message_id: note for note in notes}
    assert len(notes) == 4
    assert by_id["3EB00000"].sent_at == SENT + timedelta(hours=5)
    assert files_in(tmp_path / "out") == [
        "Voice notes/Mum/2024-03-01 14.00.12 Mum.opus",
        "Voice notes/Mum/2024-03-01 14.01.12 Alex.opus",
        "Voice notes/Mum/2024-03-01 14.02.12 Mum.opus",
    ]
    assert_intact(tmp_path / "out")


def test_swapped_names_lose_no_file(tmp_path: Path) -> None:
    """By the clock of the backup, each note has the time of the one after it."""
    restored(iphone(tmp_path, notes=9), tmp_path / "out")
    before = {path.read_bytes()[-200:] for path in (tmp_path / "out").rglob("*.opus")}
    phone = backup(tmp_path / "phone", notes=9, shift=timedelta(minutes=2))
    notes = restored(phone, tmp_path / "out")
    assert [note.status for note in notes[:9]] == [NoteStatus.RESTORED] * 9
    assert {path.read_bytes()[-200:] for path in (tmp_path / "out").rglob("*.opus")} == before
    assert "Voice notes/Mum/2024-03-01 09.10.12 Mum.opus" in files_in(tmp_path / "out")
    assert_intact(tmp_path / "out")


def test_a_backup_without_hashes_is_joined_by_the_time(tmp_path: Path) -> None:
    phone = backup(tmp_path / "phone", file_hash=None)
    contacts = tmp_path / "book.vcf"
    contacts.write_text("BEGIN:VCARD\nVERSION:3.0\nFN:Mum\nTEL:+15550101\nEND:VCARD\n")
    restored(iphone(tmp_path), tmp_path / "out")
    notes = restored(phone, tmp_path / "out", contacts=contacts)
    assert sorted(note.message_id[:4] for note in notes) == ["2024", "3EB0", "3EB0", "3EB0"]


def test_a_file_that_the_backup_lacks_comes_from_the_export(tmp_path: Path) -> None:
    phone = backup(tmp_path / "phone")
    for file in phone.rglob("PTT-*WA0001.opus"):
        file.unlink()
    notes = restored(phone, tmp_path / "out")
    assert [note.status for note in notes].count(NoteStatus.MISSING) == 1
    notes = restored(iphone(tmp_path), tmp_path / "out")
    assert [note.status for note in notes[:3]] == [NoteStatus.RESTORED] * 3
    assert notes[1].message_id == "3EB00001"


def test_selections_use_the_chats_text(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    iphone(exports, chat="Mum")
    iphone(exports, chat="Ben")
    report = restore(exports, tmp_path / "out", chat="ben", timezone="UTC")
    assert len(report.done) == 3
    since = Selection(since=SENT + timedelta(minutes=1, seconds=30))
    assert len(restore(exports, tmp_path / "since", selection=since, timezone="UTC").done) == 2
    with pytest.raises(UsageError, match="no chat"):
        restore(exports, tmp_path / "none", chat="nobody")


def test_attachments_and_omitted_notes_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "AUD-20240301-WA0001.m4a").write_bytes(b"a song")
    (folder / "WhatsApp Chat with Mum.txt").write_text(
        "01/03/2024, 09:00 - Mum: AUD-20240301-WA0001.m4a (file attached)\n"
        "01/03/2024, 09:01 - Mum: <Media omitted>\n"
        "01/03/2024, 09:01 - Mum: PTT-20240301-WA0002.opus (file attached)\n"
    )
    said = Said()
    report = restore(folder, tmp_path / "out", progress=said)
    assert report.done == []
    assert [note.status for note in open_archive(tmp_path / "out").notes()] == [NoteStatus.MISSING]
    assert any("left out when the chats were exported: 1" in line for line in said.lines)
    source = open_folder(folder)
    assert isinstance(source, ExportedChats)
    chats = read_exported_chats(source, [], contacts=None, timezone=None, progress=said)
    assert (chats.attached, len(chats), chats.nameless) == (1, 1, ())
    source.close()


def test_a_recording_that_no_message_mentions_is_kept(tmp_path: Path) -> None:
    folder = iphone(tmp_path)
    (folder / "00000077-AUDIO-2024-03-05-09-00-00.opus").write_bytes(spoken(77))
    notes = restored(folder, tmp_path / "out")
    (lost,) = [note for note in notes if note.status is NoteStatus.UNMATCHED]
    assert lost.file == "Voice notes/Unmatched/00000077-AUDIO-2024-03-05-09-00-00.opus"


def test_notes_of_one_minute_keep_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    order = [5, 3, 12, 1, 11, 2, 4, 6, 7, 8, 9, 10]
    for number in order:
        (folder / f"PTT-20240301-WA{number:04}.opus").write_bytes(spoken(number))
    (folder / "WhatsApp Chat with Mum.txt").write_text(
        "".join(
            f"01/03/2024, 09:00 - Mum: PTT-20240301-WA{number:04}.opus (file attached)\n"
            for number in order
        )
    )
    notes = restored(folder, tmp_path / "out")
    wanted = [hashlib.sha256(spoken(number)).hexdigest() for number in order]
    assert [note.sha256 for note in notes] == wanted


def test_people_without_names_are_named_by_the_address_book(tmp_path: Path) -> None:
    folder = iphone(tmp_path, chat="+44 7700 900123")
    contacts = tmp_path / "book.vcf"
    contacts.write_text("BEGIN:VCARD\nVERSION:3.0\nFN:Aunt Jo\nTEL:+447700900123\nEND:VCARD\n")
    notes = restored(folder, tmp_path / "out", contacts=contacts)
    assert {note.chat for note in notes} == {"Aunt Jo"}
    assert {note.chat_jid for note in notes} == {"447700900123@s.whatsapp.net"}


class Stopped(Silent):
    """The user asks to stop at once."""

    def check(self) -> None:
        raise Interrupted("stopped")


def test_reading_a_long_text_can_be_stopped(tmp_path: Path) -> None:
    source = open_folder(iphone(tmp_path))
    assert isinstance(source, ExportedChats)
    with pytest.raises(Interrupted):
        read_exported_chats(source, [], contacts=None, timezone=None, progress=Stopped())
    source.close()


def test_the_messages_can_be_read_too(tmp_path: Path) -> None:
    source = open_folder(iphone(tmp_path))
    assert isinstance(source, ExportedChats)
    (text,) = exported_texts(source)
    last = list(text.messages())[-1]
    assert (last.sender, last.text) == ("Mum", "sorry\nwrong chat")
    source.close()
