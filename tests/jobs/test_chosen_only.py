"""A restore of a part of a backup: not one byte of the rest is in the archive."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa import UsageError, open_archive, restore
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import NoteStatus, Report
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.msgstore import Media, Message, MessageStore, write_contacts
from gdrive_wa.emulation.story import read_recordings
from tests.sources.apple import AppleBackup, Spoken, write_chats

KEY = RootKey(bytes(range(32)))
MUM, OTHER = "15550101@s.whatsapp.net", "15550102@s.whatsapp.net"
CANARY = "Quagga"
"""In every name, text, transcript and file of the other chat."""
AUDIO = [each.audio for each in read_recordings().values()]
FOLDER = "Media/WhatsApp Voice Notes/202409"
NEW, OLD = datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2023, 3, 1, 9, tzinfo=UTC)


def note(chat: str, number: int, audio: bytes, at: datetime) -> Message:
    name = f"PTT-{number}.opus" if chat == MUM else f"PTT-{CANARY}-{number}.opus"
    return Message(
        chat_jid=chat,
        sender_jid=None,
        from_me=False,
        key_id=f"{'NOTE' if chat == MUM else CANARY}{number}",
        sent_at=at.replace(minute=number),
        message_type=2,
        origin=1,
        media=Media(
            path=f"{FOLDER}/{name}",
            size=len(audio),
            mime_type="audio/ogg; codecs=opus",
            sha256=base64.b64encode(hashlib.sha256(audio).digest()).decode(),
            duration=number,
            transcript=None if chat == MUM else f"{CANARY} said {number}",
        ),
    )


MESSAGES = [
    note(MUM, 1, AUDIO[0], NEW),
    note(MUM, 2, AUDIO[1], NEW),  # its file has another name
    note(MUM, 3, AUDIO[2], NEW),  # its file is that of the other chat's first note
    note(MUM, 4, AUDIO[3], NEW),  # its file is not in the backup
    note(OTHER, 11, AUDIO[2], OLD),
    note(OTHER, 12, AUDIO[4], OLD),
    note(OTHER, 13, AUDIO[5], OLD),  # its file is not in the backup
]
FILES = {
    f"{FOLDER}/PTT-1.opus": AUDIO[0],
    "Media/WhatsApp Voice Notes/renamed.opus": AUDIO[1],
    f"{FOLDER}/PTT-{CANARY}-11.opus": AUDIO[2],
    f"{FOLDER}/PTT-{CANARY}-12.opus": AUDIO[4],
    f"{FOLDER}/PTT-{CANARY} of no chat.opus": AUDIO[6],
    f"Media/WhatsApp Documents/{CANARY}.pdf": b"%PDF-" + CANARY.encode(),
}


def write_databases(folder: Path) -> None:
    folder.mkdir(parents=True)
    with MessageStore(folder / "msgstore.db") as store:
        store.set_owner("15550100@s.whatsapp.net", "Owner Example")
        for jid in (MUM, OTHER):
            store.add_chat(jid)
        for message in MESSAGES:
            store.add(message)
        text = f"a letter about the {CANARY}"
        store.add(
            Message(
                chat_jid=OTHER, sender_jid=None, from_me=False, key_id="T", sent_at=OLD, text=text
            )
        )
    shutil.copy(folder / "msgstore.db", folder / "msgstore-2024-02-01.1.db")
    names = {MUM: "Mum", OTHER: f"{CANARY} Example"}
    write_contacts(
        folder / "wa.db",
        [{"jid": jid, "display_name": name, "is_whatsapp_user": 1} for jid, name in names.items()],
    )


def write_media(phone: Path, path: str, content: bytes) -> None:
    target = phone / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    moment = (OLD if CANARY in path else NEW).timestamp()
    os.utime(target, (moment, moment))


@pytest.fixture(params=["plain", "nameless"])
def phone(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A phone's folder: unencrypted, or end-to-end encrypted without any metadata."""
    made = tmp_path / "WhatsApp"
    write_databases(made / "Databases")
    if request.param == "plain":
        for path, content in FILES.items():
            write_media(made, path, content)
        return made
    for database in sorted((made / "Databases").iterdir()):
        encrypt_file(database, database.with_name(f"{database.name}.crypt15"), KEY)
        database.unlink()
    for path, content in FILES.items():
        name, blob, _ = encrypt_media(content, KEY, FileMetadata(name=path))
        write_media(made, f"Media/{name}.mcrypt1", blob)
    return made


def run(phone: Path, out: Path, **options: Any) -> Report:
    return restore(phone, out, key=KEY, timezone="UTC", **options)


def leaks(out: Path) -> list[str]:
    """Every file whose name or content mentions the other chat."""
    marks = [CANARY.encode(), OTHER.partition("@")[0].encode(), AUDIO[4], AUDIO[5], AUDIO[6]]
    return [
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if CANARY in path.as_posix()
        or (path.is_file() and any(mark in path.read_bytes() for mark in marks))
    ]


CHOICES: dict[str, dict[str, Any]] = {
    "chat": {"chat": "mum"},
    "since": {"selection": Selection(since=datetime(2024, 1, 1, tzinfo=UTC))},
    "chat and only": {"chat": "mum", "selection": Selection(only=frozenset({Kind.VOICE}))},
    "exclude": {"selection": Selection(exclude=(f"*{CANARY}*",))},
    "images": {"selection": Selection(only=frozenset({Kind.IMAGE}))},
}


def test_unselected_content_is_nowhere_in_the_archive(phone: Path, tmp_path: Path) -> None:
    named = (phone / "Databases" / "msgstore.db").exists()
    for choice, chosen in CHOICES.items():
        if choice == "exclude" and not named:
            continue  # without metadata, no file has a name that could be left out
        out = tmp_path / choice
        report = run(phone, out, **chosen)
        assert report.failed == [], choice
        assert leaks(out) == [], choice
        assert not (out / "Databases").exists(), choice
        statuses = {
            note.message_id: note.status for note in open_archive(out).notes() if note.chat_jid
        }
        lacking = {"NOTE4": NoteStatus.MISSING}
        found = dict.fromkeys(("NOTE1", "NOTE2", "NOTE3"), NoteStatus.RESTORED)
        if choice == "exclude":
            found["NOTE3"] = NoteStatus.MISSING  # its file is one of those left out
        assert statuses == ({} if choice == "images" else {**found, **lacking}), choice


def test_a_wider_selection_adds_and_a_narrower_one_removes_nothing(
    phone: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(phone, out, chat="mum")
    first = {note.message_id: note.file for note in open_archive(out).notes() if note.file}
    run(phone, out)
    whole = open_archive(out).notes()
    assert {note.message_id for note in whole if note.chat_jid == OTHER} == {
        f"{CANARY}{number}" for number in (11, 12, 13)
    }
    assert first.items() <= {note.message_id: note.file for note in whole}.items()
    assert (out / "Databases" / "msgstore.db").exists()
    run(phone, out, chat="mum")
    assert open_archive(out).notes() == whole
    assert open_archive(out).verify().intact


def test_databases_that_are_named_are_kept(phone: Path, tmp_path: Path) -> None:
    named = Selection(only=frozenset({Kind.VOICE, Kind.DATABASE}))
    run(phone, tmp_path / "out", selection=named)
    assert (tmp_path / "out" / "Databases" / "msgstore.db").exists()


def test_a_run_that_stops_leaves_no_database(phone: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="nobody"):
        run(phone, out, chat="nobody")
    assert not out.exists()
    left = out / ".gdrive-wa" / "databases" / "msgstore.db"  # as of a run that was killed
    left.parent.mkdir(parents=True)
    left.write_bytes(CANARY.encode())
    run(phone, out, chat="mum")
    assert leaks(out) == []


@pytest.mark.parametrize("damaged", [False, True])
def test_unselected_content_of_an_iphone_is_not_kept_either(
    tmp_path: Path, *, damaged: bool
) -> None:
    backup, chats = AppleBackup(tmp_path / "Backup"), tmp_path / "ChatStorage.sqlite"
    mine, other = "Media/15550101@s.whatsapp.net/a/one.opus", "Media/15550100-1700000000@g.us/two"
    write_chats(
        chats,
        [
            Spoken(number=1, path=mine, audio=AUDIO[0]),
            Spoken(number=2, path="Media/gone.opus", audio=AUDIO[1]),  # shared with the group
            Spoken(number=3, chat=2, member=2, path=f"{other}.opus", audio=AUDIO[1]),
            Spoken(number=4, chat=2, member=2, path=f"{other}-more.opus", audio=AUDIO[2]),
        ],
    )
    backup.add("ChatStorage.sqlite", chats.read_bytes())
    for path, audio in ((mine, 0), (f"{other}.opus", 1), (f"{other}-more.opus", 2)):
        stored = backup.add(f"Message/{path}", AUDIO[audio])
        if damaged and audio == 1:
            stored.unlink()
    out = tmp_path / "out"
    report = run(backup.finish(), out, chat="mum")
    assert len(report.failed) == int(damaged)
    assert {note.message_id: str(note.status) for note in open_archive(out).notes()} == {
        "STANZA1": "restored",
        "STANZA2": "failed" if damaged else "restored",
    }
    kept = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    for mark in (b"1700000000", b"15550104", b"Dora", b"Sunday lunch", AUDIO[2]):
        assert mark not in kept
