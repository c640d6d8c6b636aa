"""An iPhone's local backup, plain and locked, through the same command to the same archive."""

from __future__ import annotations

import hashlib
import json
import plistlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.model import NoteStatus
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.emulation.story import read_recordings
from tests.chats.test_iphone import BOOK, HIDDEN, LIDS
from tests.cli.conftest import Run
from tests.sources.apple import DOMAIN, AppleBackup, Spoken, write_chats, write_small_database

PASSPHRASE = "correct horse 15550100"
AUDIO = [each.audio for each in read_recordings().values()]


def spoken() -> tuple[list[Spoken], list[Spoken]]:
    """Notes in the database, and notes that are only in its log."""
    first = [
        Spoken(number=1, path="Media/15550101@s.whatsapp.net/a/b/one.opus", audio=AUDIO[0]),
        Spoken(number=2, chat=2, member=1, path="Media/g/two.opus", audio=AUDIO[1], starred=True),
        Spoken(number=3, chat=2, member=2, path="Media/g/three.opus", audio=AUDIO[2]),
        Spoken(number=4, chat=3, from_me=True, path="Media/c/four.opus", audio=AUDIO[3]),
        Spoken(number=5, path="Media/c/song.m4a", audio=b"a song", mime_type="audio/mp4"),
        Spoken(number=6, path="Media/c/once.opus", audio=AUDIO[4], kind=53),
        Spoken(number=7, path="Media/c/never.opus", audio=b"not in the backup"),
    ]
    return first, [Spoken(number=8, path="Media/c/late.opus", audio=AUDIO[5])]


@pytest.fixture(params=[None, PASSPHRASE], ids=["plain", "locked"])
def backup(request: pytest.FixtureRequest, tmp_path: Path) -> AppleBackup:
    """An iPhone's backup with seven voice notes, one of them without a file."""
    made = AppleBackup(tmp_path / "Backup" / ("0" * 40), request.param)
    first, late = spoken()
    chats = tmp_path / "ChatStorage.sqlite"
    write_chats(chats, first, late=late)
    made.add("ChatStorage.sqlite", chats.read_bytes())
    made.add("ChatStorage.sqlite-wal", chats.with_name("ChatStorage.sqlite-wal").read_bytes())
    for row in first + late:
        if row.number != 7:
            made.add(f"Message/{row.path}", row.audio)
    made.add("Message/Media/c/picture.jpg", b"\xff\xd8\xff")
    made.add("Axolotl.sqlite", b"keys of the phone's own")
    made.add("Library/else.opus", AUDIO[0], domain="AppDomain-org.example")
    made.finish()
    return made


def preferences(name: str, number: str) -> bytes:
    fields = {"FullUserName": name, "OwnJabberID": f"{number}@s.whatsapp.net", "Token": "hush-hush"}
    return plistlib.dumps(fields, fmt=plistlib.FMT_BINARY)


PREFERENCES = f"Library/Preferences/{DOMAIN.removeprefix('AppDomainGroup-')}.plist"


def restore(run: Run, backup: AppleBackup, *more: str) -> dict[str, Any]:
    env = {} if backup.passphrase is None else {"GDRIVE_WA_IPHONE_PASSPHRASE": backup.passphrase}
    ended = run(
        "restore", "out", "--source", "folder", "--folder", backup.folder, "--json", *more, env=env
    )
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def test_its_voice_notes_are_stored_and_named_like_any_other(
    run: Run, backup: AppleBackup, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()}
    restore(run, backup, "--no-tags", "--timezone", "UTC")
    out = tmp_path / "out"
    notes = {
        note["message_id"]: note for note in json.loads((out / "voice-notes.json").read_text())
    }
    assert set(notes) == {f"STANZA{number}" for number in (1, 2, 3, 4, 6, 7, 8)}
    first, late = spoken()
    for row in first + late:
        note = notes.get(f"STANZA{row.number}")
        if note is None or row.number == 7:
            continue
        assert note["status"] == "restored"
        assert (out / note["file"]).read_bytes() == row.audio
        assert note["sent_at"] == "2024-12-24T00:26:40.500000Z"
    assert notes["STANZA7"]["status"] == "missing"
    assert notes["STANZA1"]["file"] == "Voice notes/Mum/2024-12-24 00.26.40 Mum.opus"
    who = {key: (note["chat"], note["sender"]) for key, note in notes.items()}
    assert who["STANZA2"] == ("Sunday lunch", "Ben")
    assert who["STANZA3"] == ("Sunday lunch", "Dora")
    assert who["STANZA4"] == ("+1 5550103", "Me")
    assert notes["STANZA2"]["starred"] is True
    assert notes["STANZA6"]["view_once"] is True
    assert (out / "index.html").exists()
    assert not list(out.rglob("Axolotl*"))
    assert before == {
        path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()
    }


def test_a_second_run_copies_nothing_twice_and_the_archive_is_intact(
    run: Run, backup: AppleBackup
) -> None:
    restore(run, backup)
    again = restore(run, backup)
    assert (again["done"], again["failed"]) == ([], [])
    found = json.loads(run("verify", "out", "--json").stdout)
    assert (found["missing"], found["changed"], found["extra"]) == ([], [], [])


def test_ls_shows_the_entries(run: Run, backup: AppleBackup) -> None:
    env = {"GDRIVE_WA_IPHONE_PASSPHRASE": PASSPHRASE}
    listed = json.loads(run("ls", "--folder", backup.folder.parent, "--json", env=env).stdout)
    kinds = {entry["path"]: entry["kind"] for entry in listed}
    assert kinds["ChatStorage.sqlite"] == "database"
    assert kinds["Message/Media/g/two.opus"] == "voice"
    assert kinds["Message/Media/c/song.m4a"] == "audio"
    assert "Axolotl.sqlite" not in kinds


def test_a_damaged_file_loses_only_itself(run: Run, backup: AppleBackup) -> None:
    path = "Message/Media/g/two.opus"
    file_id = next(row[0] for row in backup.rows if row[2] == path)
    stored = backup.folder / file_id[:2] / file_id
    stored.write_bytes(b"altered, and no longer whole blocks")
    env = {"GDRIVE_WA_IPHONE_PASSPHRASE": PASSPHRASE}
    ended = run("restore", "out", "--folder", backup.folder, "--json", env=env)
    notes = json.loads(run("notes", "out", "--json").stdout)
    status = {note["message_id"]: note["status"] for note in notes}
    if backup.passphrase is None:
        assert (ended.returncode, status["STANZA2"]) == (0, "mismatch")
    else:
        assert (ended.returncode, status["STANZA2"]) == (7, "failed")
        assert [each["path"] for each in json.loads(ended.stdout)["failed"]] == [path]
    assert status["STANZA1"] == "restored"


@pytest.mark.parametrize("given", [None, "wrong"])
def test_a_locked_backup_needs_its_own_passphrase(
    run: Run, tmp_path: Path, given: str | None
) -> None:
    folder = AppleBackup(tmp_path / "locked", PASSPHRASE).finish()
    env = {} if given is None else {"GDRIVE_WA_IPHONE_PASSPHRASE": given}
    ended = run("restore", "out", "--folder", folder, env=env)
    assert ended.returncode == 5
    assert "passphrase" in ended.stderr
    assert "hint:" in ended.stderr
    assert PASSPHRASE not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_the_passphrase_never_appears(run: Run, backup: AppleBackup, tmp_path: Path) -> None:
    env = {"GDRIVE_WA_IPHONE_PASSPHRASE": PASSPHRASE}
    ended = run("--verbose", "restore", "out", "--folder", backup.folder, env=env)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert PASSPHRASE.encode() not in (ended.stdout + ended.stderr).encode() + kept


@pytest.mark.parametrize("inside", [False, True])
def test_icloud_is_reported_as_not_supported(run: Run, tmp_path: Path, *, inside: bool) -> None:
    path = tmp_path / "ChatStorage.sqlite.enc"
    path.write_bytes(hashlib.sha256(b"").digest())
    ended = run("restore", "out", "--folder", tmp_path if inside else path)
    assert ended.returncode == 6
    assert "iCloud" in ended.stderr
    assert "Finder or iTunes" in ended.stderr


def test_an_invalid_list_of_files_is_reported(run: Run, tmp_path: Path) -> None:
    folder = AppleBackup(tmp_path / "made").finish()
    (folder / "Manifest.db").write_bytes(b"no database at all" * 100)
    ended = run("restore", "out", "--folder", folder)
    assert ended.returncode == 6
    assert "Traceback" not in ended.stderr


def test_hostile_names_stay_inside(run: Run, tmp_path: Path) -> None:
    made = AppleBackup(tmp_path / "made")
    chats = tmp_path / "ChatStorage.sqlite"
    write_chats(chats, [Spoken(number=1, path="../../../../etc/x.opus", audio=AUDIO[0])])
    made.add("ChatStorage.sqlite", chats.read_bytes())
    made.add("Message/Media/../../../../../x.opus", AUDIO[0])
    made.add("Message/Media/c/#1/ with# signs.opus", AUDIO[1])
    made.rows.append(("../../../../etc/passwd", made.rows[0][1], "Message/passwd.opus", 1, b""))
    made.finish()
    ended = run("restore", "out", "--folder", made.folder, "--json")
    assert ended.returncode in (0, 7), ended.stderr
    assert not (tmp_path / "x.opus").exists()
    done = {each["path"] for each in json.loads(ended.stdout)["done"]}
    assert done == {"ChatStorage.sqlite", "Message/Media/c/#1/ with# signs.opus"}
    assert not list((tmp_path / "out").rglob("passwd*"))


def test_without_the_extra_a_locked_backup_says_what_to_install(run: Run, tmp_path: Path) -> None:
    folder = AppleBackup(tmp_path / "locked", PASSPHRASE).finish()
    (tmp_path / "iphone_backup_decrypt.py").write_text("raise ImportError('not installed')\n")
    env = {"GDRIVE_WA_IPHONE_PASSPHRASE": PASSPHRASE, "PYTHONPATH": str(tmp_path)}
    ended = run("restore", "out", "--folder", folder, env=env)
    assert ended.returncode == 2
    assert 'pip install "gdrive-wa[ios]"' in ended.stderr


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "locked"])
def test_notes_are_named_by_hidden_ids_the_address_book_and_the_owner(
    run: Run, tmp_path: Path, passphrase: str | None
) -> None:
    made = AppleBackup(tmp_path / "made", passphrase)
    chats = tmp_path / "ChatStorage.sqlite"
    rows = [
        Spoken(number=number, chat=number, path=f"Media/{number}.opus", audio=AUDIO[number])
        for number in (11, 12, 13)
    ]
    rows.append(Spoken(number=2, from_me=True, path="Media/2.opus", audio=AUDIO[2]))
    write_chats(chats, rows)
    with closing(sqlite3.connect(chats)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.executescript(HIDDEN)
        database.commit()
    made.add("ChatStorage.sqlite", chats.read_bytes())
    made.add("LID.sqlite", write_small_database(tmp_path / "LID.sqlite", LIDS))
    made.add("ContactsV2.sqlite", write_small_database(tmp_path / "ContactsV2.sqlite", BOOK))
    made.add(PREFERENCES, preferences("Alex", "15550100"))
    for row in rows:
        made.add(f"Message/{row.path}", row.audio)
    made.finish()
    restore(run, made)
    notes = json.loads((tmp_path / "out" / "voice-notes.json").read_text())
    who = {note["message_id"]: (note["chat"], note["sender"], note["status"]) for note in notes}
    assert who == {
        "STANZA11": ("Mum", "Mum", "restored"),
        "STANZA12": ("Cleo Marsh", "Cleo Marsh", "restored"),
        "STANZA13": ("Ed Fox", "Ed Fox", "restored"),
        "STANZA2": ("Mum", "Alex", "restored"),
    }
    assert len({note["chat_jid"] for note in notes}) == 3, "a hidden id is its number's chat"
    env = {} if passphrase is None else {"GDRIVE_WA_IPHONE_PASSPHRASE": passphrase}
    (shown,) = json.loads(run("backups", "--folder", made.folder, "--json", env=env).stdout)
    assert shown["account"] == "15550100"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"hush-hush" not in kept, "the app's preferences stay where they are"


@pytest.mark.parametrize("content", [b"", b"bplist00rubbish", plistlib.dumps(["x"])])
def test_invalid_preferences_lose_only_the_owners_name(
    run: Run, backup: AppleBackup, content: bytes
) -> None:
    backup.add(PREFERENCES, content)
    (backup.folder / "Manifest.db").unlink()
    backup.finish()
    restore(run, backup)


def test_two_iphones_in_one_archive_keep_both_their_databases(run: Run, tmp_path: Path) -> None:
    for number in (1, 2):
        made = AppleBackup(tmp_path / f"made {number}")
        chats = tmp_path / f"{number}.sqlite"
        write_chats(chats, [Spoken(number=number, path="Media/a.opus", audio=AUDIO[number])])
        made.add("ChatStorage.sqlite", chats.read_bytes())
        made.add(PREFERENCES, preferences(f"Owner {number}", f"1555010{number}"))
        made.add("Message/Media/a.opus", AUDIO[number])
        made.finish()
        for _ in range(2):
            restore(run, made)
    notes = json.loads((tmp_path / "out" / "voice-notes.json").read_text())
    assert [(note["message_id"], note["status"]) for note in notes] == [
        ("STANZA1", "restored"),
        ("STANZA2", "restored"),
    ]
    held = sorted((tmp_path / "out" / "Databases").rglob("*.sqlite"))
    assert len({path.read_bytes() for path in held}) == 2


def test_notes_in_older_formats_are_restored_and_attached_music_is_not(
    run: Run, tmp_path: Path
) -> None:
    made = AppleBackup(tmp_path / "made")
    chats = tmp_path / "ChatStorage.sqlite"
    rows = [
        Spoken(number=1, path="Media/a.m4a", audio=b"spoken", mime_type="audio/mp4", origin=1),
        Spoken(number=2, path="Media/b.m4a", audio=b"a song", mime_type="audio/mp4", origin=0),
    ]
    write_chats(chats, rows)
    made.add("ChatStorage.sqlite", chats.read_bytes())
    for row in rows:
        made.add(f"Message/{row.path}", row.audio)
    made.finish()
    done = {each["path"]: each["file"] for each in restore(run, made)["done"]}
    assert done["Message/Media/a.m4a"].startswith("Voice notes/Mum/")
    assert done["Message/Media/a.m4a"].endswith(" Mum.m4a")
    assert "Message/Media/b.m4a" not in done
    assert restore(run, made)["done"] == []


@pytest.mark.parametrize("path", ["Media/gone.opus", ""], ids=["path", "never downloaded"])
def test_missing_notes_of_an_iphone_come_from_whatsapp_while_their_links_are_valid(
    run: Run, sample: SampleAccount, emulator: Emulator, tmp_path: Path, path: str
) -> None:
    (lacking,) = [note for note in sample.notes if note.status is NoteStatus.MISSING]
    msgstore = tmp_path / "msgstore.db"
    msgstore.write_bytes(sample.contents["Databases/msgstore.db"])
    with closing(sqlite3.connect(msgstore)) as database:
        url, key = database.execute(
            "SELECT message_url, media_key FROM message_media WHERE message_row_id ="
            " (SELECT _id FROM message WHERE key_id = ?)",
            (lacking.message_id,),
        ).fetchone()
    made = AppleBackup(tmp_path / "made")
    chats = tmp_path / "ChatStorage.sqlite"
    blob = b"\x0a\x20" + key + b"\x12\x20" + bytes(32) + b"\x18\x01"
    spoken = Spoken(
        number=1, path=path, url=url, media_key=blob, origin=1,
        sha256=bytes.fromhex(lacking.sha256 or ""), audio=bytes(lacking.size or 0),
    )  # fmt: skip
    write_chats(chats, [spoken])
    made.add("ChatStorage.sqlite", chats.read_bytes())
    made.finish()
    ended = run(
        "restore", "out", "--folder", made.folder, "--missing-from-whatsapp", "--no-tags", "--json",
        env={"GDRIVE_WA_ENDPOINT": emulator.root},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (note,) = json.loads((tmp_path / "out" / "voice-notes.json").read_text())
    assert note["status"] == "restored"
    content = (tmp_path / "out" / note["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == lacking.sha256
