"""The place of each file in an archive, and the status of every note."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import StorageError, UnsafeNameError
from gdrive_wa.core.model import NoteStatus
from tests.archive.phone import (
    ANNA,
    BERLIN,
    FAMILY,
    entry,
    note,
    path_of,
    place,
    recording,
    run,
    tree,
)
from tests.hostile import HOSTILE

IMAGE = "Media/WhatsApp Images/IMG-20240101-WA0001.jpg"


def test_a_voice_note_is_named_by_chat_time_and_sender(tmp_path: Path) -> None:
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)})
    [restored] = ran.notes
    assert restored.file == "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"
    assert restored.status is NoteStatus.RESTORED
    assert (tmp_path / restored.file).stat().st_mtime == 1_704_103_260


def test_databases_lose_their_encryptions_suffix(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path) as archive:
        for name in ("msgstore.db.crypt15", "wa.db.crypt14", "msgstore-increment-1-2024-01-01.db"):
            place(archive, entry(f"Databases/{name}", name.encode()), name.encode())
        assert archive.database("msgstore.db") == tmp_path / "Databases" / "msgstore.db"
        assert archive.database("axolotl.db") is None
    assert [path.name for path in open_archive(tmp_path).databases()] == [
        "msgstore-increment-1-2024-01-01.db",
        "msgstore.db",
        "wa.db",
    ]


@pytest.mark.parametrize(
    ("stored", "lies"),
    [
        (IMAGE, IMAGE),
        (f"WhatsApp/{IMAGE}", IMAGE),
        (f"Android/media/com.whatsapp/WhatsApp/{IMAGE}", IMAGE),
        ("Backups/stickers.mcrypt1", "Media/Backups/stickers"),
        ("Backups/backup_settings.json.crypt15", "Media/Backups/backup_settings.json"),
        ("index.html", "Media/index.html"),
        ("Voice notes/Mum/x.txt", "Media/Voice notes/Mum/x.txt"),
    ],
)
def test_other_media_keep_their_own_path(tmp_path: Path, stored: str, lies: str) -> None:
    ran = run(tmp_path, [], {stored: b"content"})
    assert ran.placed[stored] == lies
    assert (tmp_path / lies).read_bytes() == b"content"


def test_the_four_statuses_of_a_note(tmp_path: Path) -> None:
    stray = "Media/WhatsApp Voice Notes/202401/PTT-20240109-WA0099.opus"
    ran = run(
        tmp_path,
        [note(1), note(2), note(3)],
        {path_of(1): recording(1), path_of(3): recording(7), stray: recording(9)},
    )
    ended = {found.whatsapp_path: (found.status, found.file) for found in ran.notes}
    assert ended == {
        path_of(1): (NoteStatus.RESTORED, "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"),
        path_of(2): (NoteStatus.MISSING, None),
        path_of(3): (NoteStatus.MISMATCH, "Voice notes/Mum/2024-01-01 11.03.00 Mum.opus"),
        stray: (NoteStatus.UNMATCHED, "Voice notes/Unmatched/PTT-20240109-WA0099.opus"),
    }


@pytest.mark.parametrize(
    "row",
    [
        path_of(1),
        f"/storage/emulated/0/WhatsApp/{path_of(1)}",
        f"/sdcard/Android/media/com.whatsapp/WhatsApp/{path_of(1)}",
        path_of(1).replace("/", "\\"),
    ],
)
@pytest.mark.parametrize(
    "stored",
    [path_of(1), f"WhatsApp/{path_of(1)}", f"Android/media/com.whatsapp/WhatsApp/{path_of(1)}"],
)
def test_a_path_is_the_same_under_every_root(tmp_path: Path, row: str, stored: str) -> None:
    ran = run(tmp_path, [note(1, whatsapp_path=row, sha256=None)], {stored: recording(1)})
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED]


def test_the_files_of_a_second_account_are_kept_apart(tmp_path: Path) -> None:
    rows = [
        note(1, sha256=None),
        note(2, whatsapp_path=f"WhatsApp/accounts/1001/{path_of(1)}", sha256=None),
    ]
    ran = run(tmp_path, rows, {f"WhatsApp/accounts/1001/{path_of(1)}": recording(2)})
    assert [found.status for found in ran.notes] == [NoteStatus.MISSING, NoteStatus.RESTORED]


def test_without_metadata_a_file_is_matched_by_its_content(tmp_path: Path) -> None:
    stored = f"Media/{'AB' * 32}.mcrypt1"
    ran = run(tmp_path, [note(1)], {stored: recording(1)})
    assert ran.placed[stored] == "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"


def test_a_name_of_only_one_row_matches(tmp_path: Path) -> None:
    moved = "Media/WhatsApp Voice Notes/202404/PTT-20240101-WA0001.opus"
    ran = run(tmp_path, [note(1, sha256=None)], {moved: recording(1)})
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED]


def test_a_file_of_that_name_elsewhere_does_not_take_the_place_of_the_notes_own(
    tmp_path: Path,
) -> None:
    own = note(1, sha256=None)
    name = (own.whatsapp_path or "").rpartition("/")[2]
    with ArchiveWriter(tmp_path, tags=False) as archive:
        for number, path in ((7, f"Media/WhatsApp Voice Notes/200001/{name}"), (1, path_of(1))):
            place(archive, entry(path, recording(number)), recording(number))
        archive.finish()
    with ArchiveWriter(tmp_path, tags=False) as archive:
        archive.expect([own])
        notes = archive.finish()
    named = next(each for each in notes if each.message_id == own.message_id)
    assert (tmp_path / str(named.file)).read_bytes() == recording(1)


@pytest.mark.parametrize("first", ["own", "elsewhere"])
def test_a_file_of_that_name_elsewhere_does_not_displace_the_notes_own(
    tmp_path: Path, first: str
) -> None:
    own = note(1, sha256=None)
    name = (own.whatsapp_path or "").rpartition("/")[2]
    files = [(1, path_of(1)), (7, f"Media/WhatsApp Voice Notes/200001/{name}")]
    with ArchiveWriter(tmp_path, tags=False) as archive:
        archive.expect([own])
        for number, path in files if first == "own" else reversed(files):
            place(archive, entry(path, recording(number)), recording(number))
        notes = archive.finish()
    named = next(each for each in notes if each.message_id == own.message_id)
    assert (tmp_path / str(named.file)).read_bytes() == recording(1)
    assert len(notes) == 2


def test_a_name_of_two_rows_does_not_match(tmp_path: Path) -> None:
    twin = "Media/WhatsApp Voice Notes/Private/PTT-20240101-WA0001.opus"
    elsewhere = "Media/WhatsApp Voice Notes/202404/PTT-20240101-WA0001.opus"
    rows = [note(1, sha256=None), note(2, whatsapp_path=twin, sha256=None)]
    ran = run(tmp_path, rows, {elsewhere: recording(1)})
    assert sorted(found.status for found in ran.notes) == ["missing", "missing", "unmatched"]


def test_content_takes_precedence_over_the_path(tmp_path: Path) -> None:
    rows = [note(1), note(2)]
    ran = run(tmp_path, rows, {path_of(1): recording(2), path_of(2): recording(1)})
    assert {found.status for found in ran.notes} == {NoteStatus.RESTORED}
    assert ran.placed[path_of(1)] == "Voice notes/Mum/2024-01-01 11.02.00 Mum.opus"


def test_the_true_file_takes_the_place_of_a_mismatch_and_nothing_is_lost(tmp_path: Path) -> None:
    run(tmp_path, [note(1)], {path_of(1): recording(5)}, tags=False)
    ran = run(tmp_path, [note(1)], {f"Media/{'AB' * 32}.mcrypt1": recording(1)}, tags=False)
    assert [(found.status, found.file) for found in ran.notes] == [
        (NoteStatus.RESTORED, "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"),
        (NoteStatus.UNMATCHED, "Voice notes/Unmatched/PTT-20240101-WA0001.opus"),
    ]
    assert (tmp_path / "Voice notes/Unmatched/PTT-20240101-WA0001.opus").read_bytes() == recording(
        5
    )


def test_one_file_of_two_messages_is_copied_to_both_chats(tmp_path: Path) -> None:
    forwarded = note(1, chat="Anna", chat_jid=ANNA, sender="Alex", from_me=True, message_id="FWD")
    ran = run(tmp_path, [note(1), forwarded], {path_of(1): recording(1)})
    assert {found.file for found in ran.notes} == {
        "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus",
        "Voice notes/Anna/2024-01-01 11.01.00 Alex.opus",
    }
    assert open_archive(tmp_path).verify().intact


def test_notes_of_the_same_second_are_distinguished_by_message_id(tmp_path: Path) -> None:
    rows = [note(number, sent_at=datetime(2024, 1, 1, tzinfo=UTC)) for number in (1, 2, 3)]
    ran = run(tmp_path, rows, {path_of(number): recording(number) for number in (3, 1, 2)})
    assert [found.file for found in ran.notes] == [
        "Voice notes/Mum/2024-01-01 01.00.00 Mum.opus",
        "Voice notes/Mum/2024-01-01 01.00.00 Mum (C4310002).opus",
        "Voice notes/Mum/2024-01-01 01.00.00 Mum (C4310003).opus",
    ]


def test_two_people_of_one_name_have_folders_of_their_own(tmp_path: Path) -> None:
    rows = [note(1), note(2, chat_jid=ANNA), note(3, chat="MUM", chat_jid=FAMILY)]
    ran = run(tmp_path, rows, {path_of(number): recording(number) for number in (1, 2, 3)})
    folders = {(found.file or "").split("/")[1] for found in ran.notes}
    assert len({folder.casefold() for folder in folders}) == 3
    assert "Mum (15550102)" in folders


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC), "2024-03-31 01.59.59"),
        (datetime(2024, 3, 31, 1, 0, 0, tzinfo=UTC), "2024-03-31 03.00.00"),
        (datetime(2024, 10, 27, 0, 30, 0, tzinfo=UTC), "2024-10-27 02.30.00"),
        (datetime(2024, 10, 27, 1, 30, 0, tzinfo=UTC), "2024-10-27 02.30.00"),
        (datetime(2023, 12, 31, 23, 30, 0, tzinfo=UTC), "2024-01-01 00.30.00"),
    ],
)
def test_names_use_local_time(tmp_path: Path, sent: datetime, name: str) -> None:
    ran = run(tmp_path, [note(1, sent_at=sent)], {path_of(1): recording(1)}, timezone=BERLIN)
    assert ran.notes[0].file == f"Voice notes/Mum/{name} Mum.opus"
    assert ran.notes[0].sent_at == sent
    assert (tmp_path / (ran.notes[0].file or "")).stat().st_mtime == sent.timestamp()


def test_the_repeated_hour_makes_two_files(tmp_path: Path) -> None:
    rows = [note(hour + 1, sent_at=datetime(2024, 10, 27, hour, 30, tzinfo=UTC)) for hour in (0, 1)]
    ran = run(tmp_path, rows, {path_of(number): recording(number) for number in (1, 2)})
    assert len({found.file for found in ran.notes}) == 2


def test_without_a_timezone_this_machines_is_used(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); from pathlib import Path; "
        "from tests.archive.phone import *; "
        f"print(run(Path({str(tmp_path)!r}), [note(1)], {{path_of(1): recording(1)}}, "
        "timezone=None).notes[0].file)"
    )
    ended = subprocess.run(
        [os.sys.executable, "-c", code],  # type: ignore[attr-defined]
        env=os.environ | {"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "Voice notes/Mum/2024-01-01 19.01.00 Mum.opus"


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_hostile_chat_and_contact_stay_inside(tmp_path: Path, hostile: str) -> None:
    folder = tmp_path / "archive"
    rows = [note(1, chat=hostile, sender=hostile, message_id=hostile)]
    ran = run(folder, rows, {path_of(1): recording(1)})
    [found] = ran.notes
    assert found.status is NoteStatus.RESTORED
    place = folder / (found.file or "")
    assert place.is_file()
    assert place.parent.parent == folder / "Voice notes"
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
    assert open_archive(folder).notes()[0].file == found.file
    assert open_archive(folder).verify().intact
    sums = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False
    )
    assert sums.returncode == 0


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    "below", ["Media/WhatsApp Voice Notes/", "Media/WhatsApp Images/", "", "Databases/"]
)
def test_a_hostile_file_name_stays_inside_or_is_refused(
    tmp_path: Path, below: str, hostile: str
) -> None:
    folder = tmp_path / "archive"
    try:
        ran = run(folder, [], {below + hostile: b"content"})
    except UnsafeNameError:
        assert not [path for path in tree(folder) if not path.startswith(("voice-notes", "SHA"))]
    else:
        [place] = ran.placed.values()
        assert (folder / place).read_bytes() == b"content"
        assert (folder / place).resolve().is_relative_to(folder)
        assert place.split("/")[0] in ("Media", "Voice notes", "Databases")
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_files_equal_on_some_file_system_are_both_kept(tmp_path: Path) -> None:
    folder = "Media/WhatsApp Documents/"
    ran = run(
        tmp_path,
        [],
        {
            folder + "A.pdf": b"1",
            folder + "a.pdf": b"2",
            folder + "e\u0301": b"3",
            folder + "\u00e9": b"4",
        },
    )
    assert len({place.casefold() for place in ran.placed.values()}) == 4


def test_a_file_where_another_needs_a_folder(tmp_path: Path) -> None:
    ran = run(tmp_path, [], {"Media/x/a": b"1", "Media/x": b"2", "Media/x/a/b": b"3"})
    assert len(set(ran.placed.values())) == 3
    assert open_archive(tmp_path).verify().ok == 5


@pytest.mark.parametrize(
    "link", ["Voice notes", "Voice notes/Mum", "Databases", "Media", ".gdrive-wa"]
)
def test_nothing_is_written_through_a_link_that_leads_out(tmp_path: Path, link: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "archive"
    outside.mkdir()
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(outside)
    files = {
        path_of(1): recording(1),
        "Databases/msgstore.db": b"db",
        IMAGE: b"image",
    }
    with pytest.raises(StorageError, match="is a symbolic link, which is not followed") as caught:
        run(folder, [note(1)], files)
    assert caught.value.hints
    assert list(outside.iterdir()) == []


def test_the_originals_are_recorded(tmp_path: Path) -> None:
    run(tmp_path, [note(1)], {path_of(1): recording(1)})
    manifest = (tmp_path / ".gdrive-wa" / "manifest.jsonl").read_text("utf-8")
    assert path_of(1) in manifest
    assert note(1).sha256 is not None
    assert str(note(1).sha256) in manifest


def test_a_second_run_into_the_archive_is_refused(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path), pytest.raises(StorageError, match="in use"):
        ArchiveWriter(tmp_path).__enter__()


def test_a_note_without_a_time_has_a_name(tmp_path: Path) -> None:
    ran = run(tmp_path, [note(1, sent_at=None)], {path_of(1): recording(1)})
    assert ran.notes[0].file == "Voice notes/Mum/undated Mum.opus"


@pytest.mark.parametrize(
    ("path", "mime_type", "suffix"),
    [
        ("Media/WhatsApp Voice Notes/x/PTT-1.opus", "audio/ogg; codecs=opus", ".opus"),
        ("Media/WhatsApp Voice Notes/x/PTT-1.m4a", "audio/mp4", ".m4a"),
        ("Media/WhatsApp Voice Notes/x/PTT-1.AMR", None, ".amr"),
        (None, "audio/mp4", ".m4a"),
        (None, "audio/ogg; codecs=opus", ".opus"),
        (None, None, ".opus"),
    ],
)
def test_a_file_keeps_its_suffix(
    tmp_path: Path, path: str | None, mime_type: str | None, suffix: str
) -> None:
    content = b"\x00\x00\x00\x18ftypM4A "
    rows = [note(1, content, whatsapp_path=path, mime_type=mime_type)]
    ran = run(tmp_path, rows, {f"Media/{'AB' * 32}.mcrypt1": content})
    assert (ran.notes[0].file or "").endswith(f" Mum{suffix}")


def test_distant_time_zones(tmp_path: Path) -> None:
    rows = [note(1)]
    files = {path_of(1): recording(1)}
    ran = run(tmp_path, rows, files, timezone=ZoneInfo("Pacific/Kiritimati"))
    assert ran.notes[0].file == "Voice notes/Mum/2024-01-02 00.01.00 Mum.opus"


def test_an_unidentified_file_goes_to_the_note_it_was_fetched_for(tmp_path: Path) -> None:
    bare = note(1, whatsapp_path=None, sha256=None, size=None)
    with ArchiveWriter(tmp_path, timezone=BERLIN) as archive:
        archive.expect([bare])
        for fetched_for in (bare, note(2)):  # nothing else is known of the other one
            listed = entry(f"WhatsApp Voice Notes/{fetched_for.message_id}", recording(1))
            place(archive, listed, recording(1), fetched_for)
        placed = {found.status: found.file for found in archive.finish()}
    assert placed[NoteStatus.RESTORED] == "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"
    assert NoteStatus.UNMATCHED in placed


def test_the_status_follows_the_files_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a disk lists a name in another form than it was given."""
    archive = tmp_path / "out"
    with ArchiveWriter(archive, timezone=BERLIN) as writer:
        writer.expect([note(1), note(2)])
        contents = {path_of(number): recording(number) for number in (1, 2)}
        gone, there = (place(writer, entry(path, held), held) for path, held in contents.items())
        writer.flush()
        (archive / gone).unlink()
        monkeypatch.setattr(writer.tree, "files", lambda _folder: {"2024-01-01 in another form"})
        shown = {found.whatsapp_path: found.file for found in writer.finish()}
    assert shown == {path_of(1): None, path_of(2): there}
