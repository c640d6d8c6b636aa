"""A restore with each kind of database that phones and users leave in a folder."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa import open_archive, open_folder, restore
from gdrive_wa.core.errors import KeyFailure
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import NoteStatus, Report, VoiceNote
from gdrive_wa.core.progress import Silent
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.keys import CipherKey, RootKey
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
    path_of,
)
from tests.chats.test_increments import by_numbers
from tests.chats.wire import a_conversation, wire

KEY = RootKey(bytes(range(32)))
OTHER_KEY = RootKey(bytes(range(1, 33)))
OLD_KEY = CipherKey(b"k" * 32, server_salt=b"s" * 32, google_id=b"g" * 16)
MAIN = "Databases/msgstore.db.crypt15"
DATED = "Databases/msgstore-2024-01-01.1.db.crypt15"
LACKS = "this backup contains neither this database nor a copy of it"


def sound_of(number: int) -> bytes:
    return b"OggS" + str(number).encode() * 50


def promised(number: int, **changes: Any) -> dict[str, Any]:
    """The row of a recording's file, with its hash."""
    digest = base64.b64encode(hashlib.sha256(sound_of(number)).digest()).decode()
    return media(number, file_hash=digest, file_size=len(sound_of(number)), **changes)


def store(path: Path, numbers: Iterable[int], /, **more: Any) -> Path:
    """A plain database of Mum's notes of those numbers, an hour apart, and one of the owner's
    texts, which shows that two databases belong to one account."""
    own = message(999, from_me=1, message_type=0, key_id="OWN", timestamp=SENT - 86_400_000)
    notes = [message(number, timestamp=SENT + number * 3_600_000) for number in numbers]
    files = [promised(number) for number in numbers]
    path.parent.mkdir(parents=True, exist_ok=True)
    return modern(path, [*notes, own], files, **more)


class Phone:
    """A phone's folder, and the messages of a restore of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "WhatsApp"
        self.work = folder / "work"
        self.out = folder / "out"
        self.said: list[str] = []
        self.work.mkdir()

    def record(self, *numbers: int, name: str | None = None) -> None:
        for number in numbers:
            path = self.folder / (name or path_of(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sound_of(number))

    def database(
        self,
        stored: str,
        numbers: Iterable[int],
        key: RootKey | CipherKey | None = KEY,
        **more: Any,
    ) -> Path:
        return self.seal(
            stored, store(self.work / f"{len(self.said)}-{stored}", numbers, **more), key
        )

    def seal(self, stored: str, plain: Path, key: RootKey | CipherKey | None = KEY) -> Path:
        path = self.folder / stored
        path.parent.mkdir(parents=True, exist_ok=True)
        if key is None:
            shutil.copyfile(plain, path)
        else:
            kind = "crypt15" if isinstance(key, RootKey) else "crypt14"
            encrypt_file(plain, path, key, format=kind)
        return path

    def restore(self, folder: Path | None = None, **options: Any) -> Report:
        heard = self.said
        heard.clear()

        class Listener(Silent):
            def say(self, line: str) -> None:
                heard.append(line)

        source = open_folder(folder or self.folder)
        return restore(source, self.out, progress=Listener(), **({"key": KEY} | options))

    def notes(self) -> dict[str, VoiceNote]:
        return {note.message_id: note for note in open_archive(self.out).notes()}

    def statuses(self) -> dict[str, str]:
        return {key[-1:]: str(note.status) for key, note in self.notes().items()}


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def test_an_older_copy_names_what_the_newest_has_lost_and_leaves_no_file(
    phone: Phone,
) -> None:
    phone.record(1, 2, 3)
    phone.database(MAIN, [2, 3])
    phone.database(DATED, [1, 2])
    report = phone.restore()
    assert (report.failed, [each.path for each in report.skipped]) == ([], [DATED])
    assert phone.statuses() == dict.fromkeys("123", "restored")
    choice, filled = phone.said
    assert choice.startswith(f"the chats are read from '{MAIN}', the newest of 2 databases,")
    assert filled.endswith("no longer has: found in msgstore-2024-01-01.1.db")
    assert [path.name for path in (phone.out / "Databases").iterdir()] == ["msgstore.db"]
    left = {path.name for path in (phone.out / ".gdrive-wa").rglob("*") if path.is_file()}
    assert not any(name.endswith((".db", ".tmp")) for name in left)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("msgstore.db.crypt15", MAIN),
        (MAIN, "msgstore.db.crypt15"),
        (MAIN, DATED),
        (MAIN, "Databases/msgstore (1).db.crypt15"),
        (MAIN, "Backups/msgstore.db.crypt15"),
    ],
)
def test_the_newest_by_content_is_used_whatever_its_folder_name_and_date(
    phone: Phone, old: str, new: str
) -> None:
    phone.record(1, 2)
    older, newer = phone.database(old, [1]), phone.database(new, [2])
    os.utime(older, (1_900_000_000, 1_900_000_000))
    os.utime(newer, (1_500_000_000, 1_500_000_000))
    assert phone.restore().failed == []
    assert phone.said[0].startswith(f"the chats are read from '{new}', the newest of 2")
    assert phone.statuses() == dict.fromkeys("12", "restored")
    with closing(sqlite3.connect(phone.out / "Databases" / "msgstore.db")) as placed:
        assert placed.execute("SELECT message_row_id FROM message_media").fetchall() == [(2,)]


def test_an_old_plain_one_is_not_used(phone: Phone) -> None:
    phone.record(1, 2)
    phone.database("Databases/msgstore.db", [1], None)
    phone.database(MAIN, [1, 2])
    assert phone.restore().failed == []
    assert phone.statuses() == dict.fromkeys("12", "restored")
    assert MAIN in phone.said[0]


@pytest.mark.parametrize("main", [None, b"", b"\x02\x01rubbish", b"SQLite format 3\0"])
def test_a_dated_copy_replaces_one_that_is_missing_or_does_not_open(
    phone: Phone, main: bytes | None
) -> None:
    phone.record(1, 2)
    phone.database(DATED, [1, 2])
    if main is not None:
        (phone.folder / MAIN).write_bytes(main)
    assert phone.restore().failed == []
    assert phone.statuses() == dict.fromkeys("12", "restored")
    chosen = f"the chats are read from '{DATED}', the only database of chats that opens"
    assert chosen in phone.said
    assert (len(phone.said) == 2) is (main is not None)
    again = phone.restore()
    assert (again.failed, again.done) == ([], [])


def test_a_truncated_container_is_only_a_warning_if_a_good_one_exists(phone: Phone) -> None:
    phone.record(1)
    whole = phone.database(MAIN, [1])
    whole.write_bytes(whole.read_bytes()[:-100])
    phone.database(DATED, [1])
    report = phone.restore()
    assert report.failed == []
    assert phone.said[1].startswith(f"left out: '{MAIN}': ")
    assert phone.statuses() == {"1": "restored"}


@pytest.mark.parametrize("stored", ["Databases/msgstore.db.crypt14", "Backups/wa.db.crypt14"])
def test_a_leftover_that_the_key_does_not_open_is_a_warning(phone: Phone, stored: str) -> None:
    phone.record(1)
    phone.database(MAIN, [1])
    phone.database(stored, [1], OLD_KEY)
    report = phone.restore()
    assert report.failed == []
    [line] = phone.said
    assert line.startswith(f"left out: '{stored}': ")
    [skipped] = report.skipped
    assert skipped.path == stored


def test_a_key_that_opens_nothing_still_stops_the_run(phone: Phone) -> None:
    phone.record(1)
    phone.database(MAIN, [1])
    phone.database(DATED, [1])
    phone.database("Databases/msgstore.db.crypt14", [1], OLD_KEY)
    os.utime(phone.folder / MAIN, (1_900_000_000, 1_900_000_000))
    with pytest.raises(KeyFailure, match="does not open") as raised:
        phone.restore(key=OTHER_KEY)
    assert "crypt14" not in str(raised.value)
    assert phone.said == []


def test_a_copy_replaces_damaged_pages_and_the_loss_is_counted(
    phone: Phone,
) -> None:
    numbers = range(1, 60)
    phone.record(*numbers)
    filler: list[dict[str, Any]] = [
        message(2000 + n, message_type=0, text_data="x" * 400) for n in range(400)
    ]
    rows = [message(n, timestamp=SENT + n * 3_600_000, text_data="y" * 400) for n in numbers]
    files = [promised(number) for number in numbers]
    sound = modern(phone.work / "sound.db", rows + filler, files)
    damaged = phone.work / "damaged.db"
    shutil.copyfile(sound, damaged)
    with closing(sqlite3.connect(damaged)) as database:
        query = "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf'"
        page = database.execute(query).fetchall()[2][0]
        [(size,)] = database.execute("PRAGMA page_size")
    raw = damaged.read_bytes()
    damaged.write_bytes(raw[: (page - 1) * size] + b"\xee" * size + raw[page * size :])
    phone.seal(MAIN, damaged)
    alone = phone.restore()
    lost = [note for note in phone.notes().values() if note.status is NoteStatus.UNMATCHED]
    assert alone.failed == []
    assert 0 < len(lost) < 30
    assert phone.said[0].startswith("msgstore.db is damaged: up to ")
    shutil.rmtree(phone.out)
    os.utime(phone.seal(DATED, sound), (1_500_000_000, 1_500_000_000))
    phone.restore()
    assert {note.status for note in phone.notes().values()} == {NoteStatus.RESTORED}
    assert any("found in msgstore-2024-01-01.1.db" in line for line in phone.said)


@pytest.mark.parametrize("given", [".", "WhatsApp", "WhatsApp/Media"])
@pytest.mark.parametrize("key", [KEY, None])
def test_databases_next_to_the_folder_are_found(
    phone: Phone, given: str, key: RootKey | None
) -> None:
    phone.record(1)
    suffix = ".crypt15" if key else ""
    sibling = {"WhatsApp/Media": "WhatsApp/Databases"}.get(given, ".")
    phone.database(f"../{sibling}/msgstore.db{suffix}", [1], key)
    names = make_database(
        phone.work / "wa.db", {"wa_contacts": [{"jid": MUM, "display_name": "Mum"}]}
    )
    phone.seal(f"../{sibling}/wa.db{suffix}", names, key)
    report = phone.restore(phone.folder.parent / given, key=key)
    assert report.failed == []
    [note] = phone.notes().values()
    assert (note.status, note.chat) == (NoteStatus.RESTORED, "Mum")


def test_a_database_of_another_person_next_to_the_folder_adds_no_chats(
    phone: Phone,
) -> None:
    phone.record(1)
    phone.database(MAIN, [1])
    own = [message(7, timestamp=SENT * 2), message(8, from_me=1, message_type=0, key_id="THEIRS")]
    modern(phone.folder.parent / "msgstore.db", own, [promised(7)])
    phone.restore()
    assert phone.statuses() == {"1": "restored"}
    assert phone.said[0].startswith(f"the chats are read from '{MAIN}'")
    assert any("belongs to another account" in line for line in phone.said)


def test_a_daily_copy_is_the_phones_own_even_without_a_shared_message(
    phone: Phone,
) -> None:
    phone.record(2)
    phone.database(MAIN.removesuffix(".crypt15"), [2], None)
    theirs = [message(1), message(8, from_me=1, message_type=0, key_id="BEFORE")]
    phone.seal(
        DATED.removesuffix(".crypt15"), modern(phone.work / "m.db", theirs, [promised(1)]), None
    )
    phone.restore()
    assert phone.statuses() == {"1": "missing", "2": "restored"}


@pytest.mark.parametrize("given", [".", "Media"])
def test_a_missing_database_of_chats_is_reported_first_and_the_run_is_partial(
    phone: Phone, given: str
) -> None:
    phone.record(1)
    report = phone.restore(phone.folder / given)
    assert phone.said[0].startswith("no chat database was found: the voice notes keep")
    [failed] = report.failed
    assert (failed.reason, failed.exit_code) == (LACKS, 7)
    assert "Databases" in failed.hints[0]
    assert sum("no chat database was found" in line for line in [*phone.said, LACKS]) == 1
    assert [str(note.status) for note in phone.notes().values()] == ["unmatched"]


def test_an_unselected_database_is_not_missed(phone: Phone) -> None:
    phone.record(1, name="Media/WhatsApp Images/IMG-1.jpg")
    report = phone.restore(selection=Selection(only=frozenset({Kind.IMAGE})))
    assert (report.failed, phone.said) == ([], [])


def test_an_unreadable_database_is_reported_and_makes_the_run_partial(phone: Phone) -> None:
    phone.record(1)
    (phone.folder / "Databases").mkdir()
    (phone.folder / "Databases" / "msgstore.db").write_bytes(b"rubbish" * 100)
    report = phone.restore()
    assert phone.said[0].startswith("no chat database can be read: the voice notes keep")
    assert [each.path for each in report.failed] == ["Databases/msgstore.db"]


def with_log(phone: Phone) -> Path:
    """A plain database; its second note is only in its write-ahead log."""
    path = store(phone.work / "live.db", [1])
    with closing(sqlite3.connect(path, isolation_level=None)) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("PRAGMA wal_autocheckpoint = 0")
        row, file = message(2, timestamp=SENT + 7_200_000), promised(2)
        for table, values in (("message", row), ("message_media", file)):
            marks = ", ".join("?" * len(values))
            names = ", ".join(values)
            live.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - a test's own names
                list(values.values()),
            )
        folder = phone.folder / "Databases"
        folder.mkdir(parents=True)
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", folder / f"msgstore.db{suffix}")
    (folder / "msgstore.db-shm").write_bytes(b"shared memory")
    return folder


def test_the_log_of_a_plain_database_is_merged_into_the_copy(phone: Phone) -> None:
    phone.record(1, 2)
    folder = with_log(phone)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert phone.restore(key=None).failed == []
    assert phone.statuses() == dict.fromkeys("12", "restored")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in (phone.out / "Databases").iterdir()] == ["msgstore.db"]
    assert open_archive(phone.out).verify().extra == ()


def test_a_log_that_changes_is_read_again(phone: Phone) -> None:
    phone.record(1, 2)
    folder = with_log(phone)
    log = (folder / "msgstore.db-wal").read_bytes()
    (folder / "msgstore.db-wal").write_bytes(b"rubbish" * 100)
    phone.restore(key=None)
    assert phone.statuses()["1"] == "restored"
    (folder / "msgstore.db-wal").write_bytes(log)
    phone.restore(key=None)
    assert phone.statuses() == dict.fromkeys("12", "restored")


def test_the_loss_from_a_damaged_log_is_reported(phone: Phone) -> None:
    phone.record(1, 2)
    folder = with_log(phone)
    log = (folder / "msgstore.db-wal").read_bytes()
    (folder / "msgstore.db-wal").write_bytes(log[:-1])
    report = phone.restore(key=None)
    assert report.failed == []
    (said,) = (line for line in phone.said if "-wal" in line)
    assert "changed pages could not be used (it ends in the middle of a page)" in said
    assert said.endswith("copy both again")
    (skipped,) = (each for each in report.skipped if each.path.endswith("-wal"))
    assert skipped.reason is not None
    assert skipped.reason in said


def test_a_database_that_lost_every_message_is_reported_as_damaged(phone: Phone) -> None:
    phone.record(1, 2)
    path = phone.database("Databases/msgstore.db", [1, 2], None)
    with closing(sqlite3.connect(path)) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        pages = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name IN ('message', 'message_media')"
        ).fetchall()
    content = bytearray(path.read_bytes())
    for (page,) in pages:
        content[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(content)
    phone.restore(key=None)
    (said,) = (line for line in phone.said if "is damaged" in line)
    assert said.startswith("msgstore.db is damaged: ")
    assert said.endswith("could not be read")


def test_a_narrow_archive_does_not_name_the_folders_of_others(phone: Phone) -> None:
    phone.record(1)
    phone.database("Databases/msgstore.db", [1, 2], None)
    aside = phone.folder.parent / "Grandmother" / "msgstore.db"
    aside.parent.mkdir()
    shutil.copyfile(store(phone.work / "aside.db", [1]), aside)
    shutil.rmtree(phone.work)
    report = phone.restore(phone.folder.parent, key=None, chat="555010")
    assert [each for each in report.skipped if each.path == "Databases/msgstore.db"]
    assert phone.statuses()["1"] == "restored"
    for path in phone.out.rglob("*"):
        assert not path.is_file() or b"Grandmother" not in path.read_bytes(), path


def test_an_unreadable_log_costs_only_its_own_messages_and_is_tried_again(
    unprivileged: Path,
) -> None:
    phone = Phone(unprivileged)
    phone.record(1, 2)
    log = with_log(phone) / "msgstore.db-wal"
    log.chmod(0)
    report = phone.restore(key=None)
    assert phone.statuses()["1"] == "restored"
    (failed,) = report.failed
    assert failed.path == "Databases/msgstore.db-wal"
    assert "permission denied" in (failed.reason or "")
    log.chmod(0o600)
    assert phone.restore(key=None).failed == []
    assert phone.statuses() == dict.fromkeys("12", "restored")


@pytest.mark.parametrize("number", ["1", "9", "10"])
@pytest.mark.parametrize(
    "spelling",
    ["-{}.db.crypt15", "-{}-2024-02-01.db.crypt15", "-{}-2024-02-01.1.db.crypt15"],
)
def test_increments_count_in_each_spelling_also_without_their_database(
    phone: Phone, spelling: str, number: str
) -> None:
    phone.record(5)
    sha256 = hashlib.sha256(sound_of(5)).digest()
    audio = wire(8, wire(1, "https://mmg.whatsapp.net/x") + wire(6, 1) + wire(3, sha256))
    raw = a_conversation(ANNA, sent=SENT // 1000 + 9000, message=audio, name="Anna")
    plain = by_numbers(phone.work / "increment.zip", raw)
    phone.seal(f"Databases/msgstore-increment{spelling.format(number)}", plain)
    report = phone.restore()
    assert [each.reason for each in report.failed] == [LACKS]
    phone.database(MAIN, [])
    assert phone.restore().failed == []
    [note] = phone.notes().values()
    assert (note.status, note.chat, note.chat_jid) == (NoteStatus.RESTORED, "Anna", ANNA)


def test_a_message_of_any_type_in_an_increment_names_its_file(phone: Phone) -> None:
    phone.record(1, 5, 6)
    phone.database(MAIN, [1])
    sha256 = hashlib.sha256(sound_of(5)).digest()
    attached = wire(8, wire(2, "audio/mpeg") + wire(3, sha256))
    raw = a_conversation(ANNA, sent=SENT // 1000 + 9000, message=attached, name="Anna")
    key = wire(1, ANNA) + wire(3, "DOCUMENT")
    info = wire(1, key) + wire(3, SENT // 1000 + 9060) + wire(38, wire(1, path_of(6)))
    named = wire(2, wire(1, ANNA) + wire(2, wire(1, info)))
    plain = by_numbers(phone.work / "increment.zip", raw + named)
    phone.seal("Databases/msgstore-increment-1.db.crypt15", plain)
    assert phone.restore().failed == []
    assert [note.message_id for note in phone.notes().values()] == ["3EB00001", "INC1", "DOCUMENT"]
    assert [note.chat for note in phone.notes().values()][1:] == ["Anna", "Anna"]
    assert {str(note.status) for note in phone.notes().values()} == {"restored"}


def test_an_increment_that_cannot_be_read_is_a_failure(phone: Phone) -> None:
    phone.record(1)
    phone.database(MAIN, [1])
    stored = "Databases/msgstore-increment-1.db.crypt15"
    plain = phone.work / "increment"
    plain.write_bytes(b"PK\x05\x06" + bytes(18))
    phone.seal(stored, plain)
    assert [each.path for each in phone.restore().failed] == [stored]
    assert phone.statuses() == {"1": "restored"}


def test_a_file_like_an_increment_that_is_not_read_is_reported(phone: Phone) -> None:
    phone.database(MAIN, [])
    plain = by_numbers(phone.work / "increment.zip", a_conversation(ANNA, sent=SENT // 1000))
    phone.seal("Databases/msgstore-increment-last.db.crypt15", plain)
    phone.restore()
    [said] = phone.said
    assert said.startswith("'msgstore-increment-last.db' was not read: increments are named like")


def test_a_recording_gets_sender_and_time_from_a_message_of_any_type(phone: Phone) -> None:
    phone.record(1, 2)
    document = message(1, message_type=9, origin=0, chat_row_id=2, sender_jid_row_id=2)
    files = [promised(1, mime_type="application/octet-stream", file_path=None)]
    plain = modern(
        phone.work / "m.db",
        [document],
        files,
        jid=jids(MUM, ANNA, FAMILY),
        chat=[{"_id": 2, "jid_row_id": 3, "subject": "Family"}],
    )
    phone.seal(MAIN, plain)
    phone.restore()
    notes = open_archive(phone.out).notes()
    [named] = [note for note in notes if note.status is NoteStatus.RESTORED]
    assert (named.chat, named.sender_jid, named.message_id) == ("Family", ANNA, "3EB00001")
    assert [str(note.status) for note in notes if note is not named] == ["unmatched"]


def test_an_older_database_names_a_recording_too(phone: Phone) -> None:
    phone.record(1, 2)
    phone.database(MAIN, [2])
    attached = message(1, message_type=9, origin=0)
    own = message(999, from_me=1, message_type=0, key_id="OWN", timestamp=SENT)
    phone.seal(DATED, modern(phone.work / "m.db", [attached, own], [promised(1)]))
    phone.restore()
    assert phone.statuses() == dict.fromkeys("12", "restored")


def test_junk_becomes_neither_a_note_nor_a_failure(phone: Phone) -> None:
    folder = "Media/WhatsApp Voice Notes/202401"
    phone.record(1, 2)
    for name in (".nomedia", "._PTT-20240101-WA0001.opus", "Thumbs.db", ".pending-1-PTT-2.opus"):
        phone.record(3, name=f"{folder}/{name}")
    phone.record(4, name=f"{folder}/.trashed-1741000000-PTT-20240101-WA0004.opus")
    phone.record(5, name=f"{folder}/.trashed-1741000000-PTT-20240101-WA0005.opus")
    (phone.folder / folder / "notes without a suffix").write_bytes(b"what was said")
    (phone.folder / path_of(2)).write_bytes(b"")
    phone.database(MAIN, [1, 2, 4])
    (phone.folder / "Databases" / "._msgstore.db.crypt15").write_bytes(b"Mac OS X")
    (phone.folder / "Databases" / ".DS_Store").write_bytes(b"Bud1")
    report = phone.restore()
    assert report.failed == []
    assert phone.statuses() == {"1": "restored", "2": "missing", "4": "restored"}
    assert {each.path.rsplit("/", 1)[-1] for each in report.skipped} == {
        ".trashed-1741000000-PTT-20240101-WA0005.opus", "notes without a suffix",
    }  # fmt: skip
    (phone.out / "Voice notes" / ".DS_Store").write_bytes(b"Bud1")
    (phone.out / "Voice notes" / "mine.opus").write_bytes(b"OggS")
    assert open_archive(phone.out).verify().extra == ("Voice notes/mine.opus",)


def test_the_summary_counts_nameless_chats_and_attached_audio(phone: Phone) -> None:
    phone.record(1)
    song = message(2, origin=0)
    plain = modern(
        phone.work / "m.db",
        [message(1), song],
        [promised(1), media(2, mime_type="audio/mpeg", file_path="Media/WhatsApp Audio/a.mp3")],
    )
    phone.seal(MAIN, plain)
    for _ in range(2):  # also when nothing is new
        report = phone.restore()
        assert report.notes is not None
        nameless, numbers, attached = report.notes.remarks
        assert nameless == "1 of 1 chat has no name"
        assert "--contacts" in numbers
        assert attached.startswith("attached audio files, which are not voice notes: 1 ")


def test_of_two_copies_of_a_small_database_the_newer_one_is_kept(phone: Phone) -> None:
    phone.database(MAIN, [])
    for stored, when in (
        ("chatsettings.db", 1_500_000_000),
        ("Databases/chatsettings.db", 1_600_000_000),
    ):
        path = phone.folder / stored
        path.write_text(stored)
        os.utime(path, (when, when))
    assert phone.restore().failed == []
    assert (phone.out / "Databases/chatsettings.db").read_text() == "Databases/chatsettings.db"


def test_names_come_from_every_wa_db(phone: Phone) -> None:
    phone.record(1)
    phone.database(MAIN, [1])
    empty = make_database(phone.work / "empty.db", {"wa_contacts": []})
    full = make_database(
        phone.work / "full.db", {"wa_contacts": [{"jid": MUM, "display_name": "Mum"}]}
    )
    phone.seal("Backups/wa.db.crypt15", empty)
    os.utime(phone.seal("wa.db", full, None), (1_500_000_000, 1_500_000_000))
    assert phone.restore().failed == []
    [note] = phone.notes().values()
    assert note.chat == "Mum"


def test_everything_keeps_dated_copies_too(phone: Phone) -> None:
    phone.database(MAIN, [1, 2])
    phone.database(DATED, [1])
    phone.restore(everything=True)
    assert sorted(path.name for path in (phone.out / "Databases").iterdir()) == [
        "msgstore-2024-01-01.1.db", "msgstore.db",
    ]  # fmt: skip
