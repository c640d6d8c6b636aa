"""iPhone backups that are incomplete, without WhatsApp, or have links to other files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.emulation.story import read_recordings
from tests.cli.conftest import Run
from tests.sources.apple import AppleBackup, Spoken, write_chats

AUDIO = [each.audio for each in read_recordings().values()]
CANARY = b"of another person on this computer"


def made(folder: Path, *, whatsapp: bool = True) -> AppleBackup:
    backup = AppleBackup(folder)
    if whatsapp:
        chats = folder.parents[1] / "chats.sqlite"
        write_chats(chats, [Spoken(number=1, path="Media/c/one.opus", audio=AUDIO[0])])
        backup.add("ChatStorage.sqlite", chats.read_bytes())
        backup.add("Message/Media/c/one.opus", AUDIO[0])
    backup.add("Library/else.txt", b"of another app", domain="AppDomain-org.example")
    return backup


@pytest.mark.parametrize("given", ["itself", "the folder it lies in"])
@pytest.mark.parametrize("lost", [["Manifest.db"], ["Manifest.db", "Manifest.plist"]])
def test_a_backup_without_its_list_is_incomplete(
    run: Run, tmp_path: Path, given: str, lost: list[str]
) -> None:
    folder = made(tmp_path / "Backup" / "00000000-0001").finish()
    for name in lost:
        (folder / name).unlink()
    ended = run("restore", "out", "--folder", folder if given == "itself" else folder.parent)
    assert ended.returncode == 6
    assert "an iPhone backup without Manifest.db: it was not copied completely" in ended.stderr
    assert "copy the whole folder" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_a_backup_in_a_folder_of_backups_without_its_properties_is_incomplete(
    run: Run, tmp_path: Path
) -> None:
    folder = made(tmp_path / "Backup" / "00000000-0001").finish()
    (folder / "Manifest.plist").unlink()
    ended = run("restore", "out", "--folder", folder.parent)
    assert ended.returncode == 6
    assert "without Manifest.plist" in ended.stderr


def test_a_backup_of_ios_9_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "Backup" / ("a" * 40)
    folder.mkdir(parents=True)
    (folder / "Manifest.mbdb").write_bytes(b"mbdb\x05\x00")
    ended = run("restore", "out", "--folder", folder.parent)
    assert ended.returncode == 6
    assert "iOS 9 or older" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_an_android_folder_next_to_an_incomplete_iphone_backup_is_read(
    run: Run, tmp_path: Path
) -> None:
    (made(tmp_path / "both" / "00000000-0001").finish() / "Manifest.db").unlink()
    note = tmp_path / "both" / "WhatsApp" / "Media" / "WhatsApp Voice Notes" / "PTT-1.opus"
    note.parent.mkdir(parents=True)
    note.write_bytes(AUDIO[0])
    ended = run("restore", "out", "--folder", tmp_path / "both")
    assert "restored 1 file, skipped 0, failed 1 in " in ended.stderr  # and not "0 B"


def test_the_folder_of_finder_and_itunes_can_be_given_as_a_whole(run: Run, tmp_path: Path) -> None:
    (tmp_path / "MobileSync").mkdir()
    folder = made(tmp_path / "MobileSync" / "Backup" / "00000000-0001").finish()
    ended = run("restore", "out", "--folder", tmp_path / "MobileSync")
    assert "restored 2 files" in ended.stderr, ended.stderr
    (folder / "Manifest.db").unlink()
    ended = run("restore", "half", "--folder", tmp_path / "MobileSync")
    assert ended.returncode == 6
    assert "Manifest.db" in ended.stderr


def test_a_phone_without_whatsapp_is_reported(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "Backup" / "00000000-0001", whatsapp=False).finish()
    ended = run("restore", "out", "--folder", folder)
    assert ended.returncode == 1
    assert "this iPhone backup does not contain WhatsApp" in ended.stderr
    assert "Databases and Media" not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_the_folder_of_the_backup_is_refused_as_dest(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "Backup" / "00000000-0001").finish()
    before = sorted(folder.parent.rglob("*"))
    for dest in (folder, folder.parent):
        ended = run("restore", dest, "--folder", folder.parent)
        assert ended.returncode == 2
        assert "the folder that the files come from" in ended.stderr
    assert sorted(folder.parent.rglob("*")) == before


def test_a_listed_file_that_was_not_copied_is_a_failure(run: Run, tmp_path: Path) -> None:
    backup = made(tmp_path / "Backup" / "00000000-0001")
    backup.add("Message/Media/c/two.opus", AUDIO[1]).unlink()
    ended = run("restore", "out", "--folder", backup.finish())
    assert ended.returncode == 7
    assert "'Message/Media/c/two.opus' is no longer there, or was never copied" in ended.stderr


def test_a_listed_log_that_was_not_copied_loses_no_note(run: Run, tmp_path: Path) -> None:
    backup = made(tmp_path / "Backup" / "00000000-0001")
    backup.add("ChatStorage.sqlite-wal", b"a log").unlink()
    ended = run("restore", "out", "--folder", backup.finish())
    assert "1 restored" in ended.stderr, ended.stderr
    assert "'ChatStorage.sqlite-wal', with the newest changes, was not copied" in ended.stderr


def test_missing_chats_are_reported_once_with_the_right_file(run: Run, tmp_path: Path) -> None:
    backup = AppleBackup(tmp_path / "Backup" / "00000000-0001")
    backup.add("Message/Media/c/one.opus", AUDIO[0])
    ended = run("restore", "out", "--folder", backup.finish())
    assert ended.returncode == 7
    assert ended.stderr.count("no chat database was found") == 1
    assert "failed: ChatStorage.sqlite: this backup contains neither this database" in ended.stderr
    assert "hint: copy the whole folder of the backup again" in ended.stderr
    assert "msgstore" not in ended.stderr


def test_chats_that_cannot_be_read_fail_under_their_own_name(run: Run, tmp_path: Path) -> None:
    backup = AppleBackup(tmp_path / "Backup" / "00000000-0001")
    with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
        database.execute("CREATE VIEW ZWAMESSAGE AS SELECT 1 AS Z_PK, 1 AS ZCHATSESSION")
    backup.add("ChatStorage.sqlite", (tmp_path / "chats.db").read_bytes())
    ended = run("restore", "out", "--folder", backup.finish(), "--json")
    assert ended.returncode == 6
    report = json.loads(ended.stdout)
    assert [each["path"] for each in report["failed"]] == ["ChatStorage.sqlite"]
    assert [each["path"] for each in report["done"]] == []
    assert "hint: then back up the iPhone again with Finder or iTunes" in ended.stderr


def test_a_file_that_a_message_of_any_type_names_gets_its_chat_and_time(
    run: Run, tmp_path: Path
) -> None:
    backup = AppleBackup(tmp_path / "Backup" / "00000000-0001")
    chats = tmp_path / "chats.sqlite"
    rows = [
        Spoken(number=1, path="Media/c/one.opus", audio=AUDIO[0]),
        Spoken(number=2, path="Media/c/two.opus", audio=AUDIO[1], kind=8, chat=2, member=1),
        Spoken(number=3, path="Media/c/song.mp3", audio=b"song", mime_type="audio/mpeg"),
    ]
    write_chats(chats, rows)
    backup.add("ChatStorage.sqlite", chats.read_bytes())
    for number, name in enumerate(("one", "two", "three")):
        backup.add(f"Message/Media/c/{name}.opus", AUDIO[number])
    ended = run("restore", "out", "--folder", backup.finish())
    notes = json.loads(run("notes", "out", "--json").stdout)
    assert sorted((each["chat"], each["sender"], each["status"]) for each in notes) == [
        ("Mum", "Mum", "restored"),
        ("Sunday lunch", "Ben", "restored"),
        ("Unmatched", "Unknown", "unmatched"),
    ]
    assert notes[1]["sent_at"] == notes[0]["sent_at"]
    assert "attached audio files, which are not voice notes: 1" in ended.stderr


def test_intact_and_empty_logs_are_not_mentioned(run: Run, tmp_path: Path) -> None:
    backup = made(tmp_path / "Backup" / "00000000-0001")
    backup.add("ChatStorage.sqlite-wal", b"")
    assert "wal" not in run("restore", "out", "--folder", backup.finish()).stderr


def test_the_loss_from_a_damaged_log_is_reported(run: Run, tmp_path: Path) -> None:
    backup = made(tmp_path / "Backup" / "00000000-0001")
    backup.add("ChatStorage.sqlite-wal", b"rubbish" * 5000)
    ended = run("restore", "out", "--folder", backup.finish())
    assert "1 restored" in ended.stderr, ended.stderr
    assert "'ChatStorage.sqlite-wal', which has the latest changes, is damaged" in ended.stderr
    assert "nothing in it could be used (it is not a write-ahead log)" in ended.stderr


@pytest.mark.parametrize(
    "name", ["ContactsV2.sqlite", "ChatStorage.sqlite-wal", "Message/Media/c/two.opus"]
)
@pytest.mark.parametrize("at", ["file", "folder"])
def test_no_link_of_a_backup_is_followed(run: Run, tmp_path: Path, name: str, at: str) -> None:
    outside = tmp_path / "outside"
    backup = made(tmp_path / "Backup" / "00000000-0001")
    stored = backup.add(name, b"")
    stored.unlink()
    (outside / stored.parent.name).mkdir(parents=True)
    with closing(sqlite3.connect(outside / stored.parent.name / stored.name)) as database:
        database.execute("CREATE TABLE t (word)")
        database.execute("INSERT INTO t VALUES (?)", (CANARY,))
        database.commit()
    if at == "file":
        stored.symlink_to(outside / stored.parent.name / stored.name)
    elif list(stored.parent.iterdir()):
        pytest.skip("another file of the backup lies in the same folder")
    else:
        stored.parent.rmdir()
        stored.parent.symlink_to(outside / stored.parent.name)
    ended = run("restore", "out", "--folder", backup.finish())
    assert ended.returncode == 7
    assert f"'{name}' is a link in this backup" in ended.stderr
    kept = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(CANARY in each for each in kept)


def test_a_list_of_files_that_is_a_link_is_not_read(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "Backup" / "00000000-0001").finish()
    (folder / "Manifest.db").rename(tmp_path / "elsewhere.db")
    (folder / "Manifest.db").symlink_to(tmp_path / "elsewhere.db")
    ended = run("restore", "out", "--folder", folder)
    assert ended.returncode == 6
    assert "without Manifest.db" in ended.stderr


def test_names_come_from_the_phones_own_address_book(run: Run, tmp_path: Path) -> None:
    backup = made(tmp_path / "Backup" / "00000000-0001", whatsapp=False)
    chats = tmp_path / "ChatStorage.sqlite"
    write_chats(chats, [Spoken(number=1, path="Media/c/one.opus", audio=AUDIO[0])])
    with closing(sqlite3.connect(chats)) as database:
        database.execute("UPDATE ZWACHATSESSION SET ZPARTNERNAME = NULL")
        database.execute("DELETE FROM ZWAPROFILEPUSHNAME")
        number = database.execute(
            "SELECT ZCONTACTJID FROM ZWACHATSESSION WHERE Z_PK = 1"
        ).fetchone()[0]
        database.commit()
        database.execute("PRAGMA journal_mode = DELETE")
    book = tmp_path / "AddressBook.sqlitedb"
    with closing(sqlite3.connect(book)) as database:
        database.execute("CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY, First, Last)")
        database.execute("CREATE TABLE ABMultiValue (record_id, property, value)")
        database.execute("INSERT INTO ABPerson VALUES (7, 'Ada', 'Example')")
        database.execute(
            "INSERT INTO ABMultiValue VALUES (7, 3, ?)", ("+" + number.partition("@")[0],)
        )
        database.commit()
    backup.add("ChatStorage.sqlite", chats.read_bytes())
    backup.add("Message/Media/c/one.opus", AUDIO[0])
    backup.add("Library/AddressBook/AddressBook.sqlitedb", book.read_bytes(), domain="HomeDomain")
    ended = run("restore", "out", "--folder", backup.finish())
    assert ended.returncode == 0, ended.stderr
    assert "Ada Example" in run("notes", "out").stdout
