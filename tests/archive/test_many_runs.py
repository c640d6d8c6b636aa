"""Many runs into one archive (next month, another phone, after a kill): nothing is stored twice."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.people import People
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import NoteStatus
from gdrive_wa.storage.manifest import Manifest, Record
from tests.archive.phone import ANNA, FAMILY, MUM, entry, note, path_of, recording, run, tree

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
TOGETHER = 5
"""Kills in one archive before a new one is begun; later ones would find little left to do."""


def voices(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(folder).items() if path.startswith("Voice")}


def test_a_second_run_of_the_same_backup_changes_nothing(tmp_path: Path) -> None:
    rows, files = [note(1), note(2)], {path_of(1): recording(1), "Media/a/b.pdf": b"x"}
    run(tmp_path, rows, files)
    before = tree(tmp_path)
    manifest = (tmp_path / ".gdrive-wa" / "manifest.jsonl").read_bytes()
    ran = run(tmp_path, rows, files)
    assert ran.placed == {}
    assert len(ran.held) == 2
    assert tree(tmp_path) == before
    assert (tmp_path / ".gdrive-wa" / "manifest.jsonl").read_bytes() == manifest


def test_next_months_backup_adds_new_notes_and_keeps_vanished_ones(tmp_path: Path) -> None:
    run(tmp_path, [note(1), note(2)], {path_of(1): recording(1), path_of(2): recording(2)})
    before = voices(tmp_path)
    ran = run(tmp_path, [note(2), note(3)], {path_of(3): recording(3)})
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED] * 3
    after = voices(tmp_path)
    assert before.items() <= after.items()
    assert len(after) == 3


def test_a_missing_file_that_turns_up_is_restored(tmp_path: Path) -> None:
    ran = run(tmp_path, [note(1)], {})
    assert [found.status for found in ran.notes] == [NoteStatus.MISSING]
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)})
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED]


def test_a_renamed_contact_does_not_rename_files(tmp_path: Path) -> None:
    run(tmp_path, [note(1)], {path_of(1): recording(1)})
    before = voices(tmp_path)
    rows = [note(number, chat="Mary Hill", sender="Mary Hill") for number in (1, 2)]
    ran = run(tmp_path, rows, {path_of(1): recording(1), path_of(2): recording(2)})
    assert [(found.chat, found.file) for found in ran.notes] == [
        ("Mary Hill", "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"),
        ("Mary Hill", "Voice notes/Mum/2024-01-01 11.02.00 Mary Hill.opus"),
    ]
    assert before.items() <= voices(tmp_path).items()


def test_a_chat_has_one_name_for_vanished_notes_too(tmp_path: Path) -> None:
    in_group = note(3, chat="Family", chat_jid=FAMILY)
    run(tmp_path, [note(1), note(2), in_group], {})
    rows = [note(2, chat="Mary Hill", sender="Mary Hill")]
    ran = run(tmp_path, rows, {})
    assert [(found.chat, found.sender) for found in ran.notes] == [
        ("Mary Hill", "Mary Hill"),
        ("Mary Hill", "Mary Hill"),
        ("Family", "Mary Hill"),
    ]


def test_a_name_is_kept_when_a_later_run_has_only_the_number(tmp_path: Path) -> None:
    run(tmp_path, [note(1), note(2, chat="Family", chat_jid=FAMILY)], {})
    people = People("Alex")
    group = people.chat(FAMILY, None)
    rows = [
        note(1, chat=people.name(MUM), sender=people.name(MUM)),
        note(2, chat=group, chat_jid=FAMILY, sender=people.name(MUM)),
        note(3, chat=people.name(MUM), sender=people.name(MUM)),
    ]
    ran = run(tmp_path, rows, {path_of(3): recording(3)})
    assert [(found.chat, found.sender) for found in ran.notes] == [
        ("Mum", "Mum"),
        ("Family", "Mum"),
        ("Mum", "Mum"),
    ]
    assert ran.notes[2].file == "Voice notes/Mum/2024-01-01 11.03.00 Mum.opus"


@pytest.mark.parametrize(
    "jid",
    [
        MUM,
        FAMILY,
        "120363000000000001@g.us",
        "200000000000077@lid",
        "1700000000@broadcast",
        "1203630000@newsletter",
        "unknown@unknown",
    ],
)
def test_a_placeholder_is_replaced_by_a_later_name(tmp_path: Path, jid: str) -> None:
    unnamed = People("Alex").chat(jid, None)
    run(tmp_path, [note(1, chat=unnamed, chat_jid=jid)], {})
    run(tmp_path, [note(2, chat="At last", chat_jid=jid)], {})
    ran = run(tmp_path, [note(1, chat=unnamed, chat_jid=jid)], {})
    assert {found.chat for found in ran.notes} == {"At last"}


def test_fields_missing_from_a_later_database_are_kept(tmp_path: Path) -> None:
    run(tmp_path, [note(1, transcript="hello love", waveform=(1,) * 64)], {})
    [found] = run(tmp_path, [note(1, transcript=None, duration=None, starred=True)], {}).notes
    assert (found.transcript, found.duration, found.starred) == ("hello love", 3, True)
    assert found.waveform == (1,) * 64


def test_the_same_message_on_a_second_phone_does_not_add_a_file(tmp_path: Path) -> None:
    in_group = note(1, chat="Family", chat_jid=FAMILY, sender="Mum")
    to_anna = note(2, chat="Anna", chat_jid=ANNA, sender="Alex", sender_jid=None, from_me=True)
    run(tmp_path, [in_group, to_anna], {path_of(1): recording(1), path_of(2): recording(2)})
    before = voices(tmp_path)
    annas = {
        "Media/X/1.mcrypt1": recording(1),
        "Media/X/2.mcrypt1": recording(2),
    }
    on_annas = [
        replace(in_group, whatsapp_path=path_of(71)),
        replace(
            to_anna,
            chat="Alex",
            chat_jid="15550100@s.whatsapp.net",
            sender_jid="15550100@s.whatsapp.net",
            from_me=False,
            whatsapp_path=path_of(72),
        ),
    ]
    ran = run(tmp_path, on_annas, annas)
    assert voices(tmp_path) == before
    assert len(ran.notes) == 2
    assert {found.sender for found in ran.notes} == {"Mum", "Alex"}
    again = run(tmp_path, on_annas, annas)
    assert again.placed == {}, "what another phone's bytes hold is known, and not fetched again"


def test_two_phones_that_use_one_path_for_two_files_keep_both(tmp_path: Path) -> None:
    image = "Media/WhatsApp Images/IMG-20240101-WA0001.jpg"
    annas = note(1, recording(5), chat="Bob", chat_jid="15550103@s.whatsapp.net", message_id="B1")
    first = {path_of(1): recording(1), image: b"one"}
    second = {path_of(1): recording(5), image: b"two"}
    run(tmp_path, [note(1)], first)
    ran = run(tmp_path, [annas], second)
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED] * 2
    assert len(voices(tmp_path)) == 2
    assert {path.read_bytes() for path in (tmp_path / "Media").rglob("*.jpg")} == {b"one", b"two"}
    assert run(tmp_path, [note(1)], first).placed == {}
    assert run(tmp_path, [annas], second).placed == {}


def test_the_databases_of_two_accounts_are_kept_apart(tmp_path: Path) -> None:
    path = "Databases/msgstore.db.crypt15"
    run(tmp_path, [], {path: b"alex"}, account="15550100")
    run(tmp_path, [], {path: b"anna"}, account="15550102")
    run(tmp_path, [], {path: b"alex, a month later"}, account="15550100")
    assert (tmp_path / "Databases/msgstore.db").read_bytes() == b"alex, a month later"
    assert (tmp_path / "Databases/15550102/msgstore.db").read_bytes() == b"anna"
    with ArchiveWriter(tmp_path, account="15550102") as archive:
        assert archive.database("msgstore.db") == tmp_path / "Databases/15550102/msgstore.db"


def test_an_unmatched_file_finds_its_row_when_a_database_comes(tmp_path: Path) -> None:
    ran = run(tmp_path, [], {path_of(1): recording(1)})
    assert [found.status for found in ran.notes] == [NoteStatus.UNMATCHED]
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)})
    assert ran.placed == {}
    assert [(found.status, found.file) for found in ran.notes] == [
        (NoteStatus.RESTORED, "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus")
    ]
    assert list(voices(tmp_path)) == ["Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"]
    assert open_archive(tmp_path).verify().intact


def test_a_recording_forwarded_later_is_copied_from_the_archive(tmp_path: Path) -> None:
    run(tmp_path, [note(1)], {path_of(1): recording(1)})
    forwarded = note(1, chat="Anna", chat_jid=ANNA, sender="Alex", from_me=True, message_id="FWD")
    ran = run(tmp_path, [note(1), forwarded], {path_of(1): recording(1)})
    assert ran.placed == {}
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED] * 2


def test_one_recording_in_hundreds_of_messages_is_matched_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    intact = Manifest.intact

    def counted(manifest: Manifest, record: Record) -> bool:
        nonlocal looked
        looked += 1
        return intact(manifest, record)

    monkeypatch.setattr(Manifest, "intact", counted)
    said = recording(1)
    rows = [note(number, said) for number in range(1, 201)]
    files = {path_of(number): said for number in range(1, 201)}
    ran = run(tmp_path, rows, files)
    assert {found.status for found in ran.notes} == {NoteStatus.RESTORED}
    assert len({found.file for found in ran.notes}) == 200
    assert looked < 200 * 10
    again = run(tmp_path, rows, files)
    assert len(again.held) == 200
    assert again.placed == {}


def test_without_a_database_former_rows_still_name_the_files(tmp_path: Path) -> None:
    run(tmp_path, [note(1)], {})
    ran = run(tmp_path, [], {path_of(1): recording(1)})
    assert [found.status for found in ran.notes] == [NoteStatus.RESTORED]


def test_a_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    rows, files = [note(1)], {path_of(1): recording(1)}
    run(tmp_path, rows, files)
    before = voices(tmp_path)
    [path] = before
    (tmp_path / path).write_bytes(b"rot")
    ran = run(tmp_path, rows, files)
    assert list(ran.placed.values()) == [path]
    assert voices(tmp_path) == before


def test_a_deleted_file_is_reported_missing_and_restored(tmp_path: Path) -> None:
    rows, files = [note(1)], {path_of(1): recording(1)}
    run(tmp_path, rows, files)
    [path] = voices(tmp_path)
    (tmp_path / path).unlink()
    assert [found.status for found in run(tmp_path, rows, {}).notes] == [NoteStatus.MISSING]
    assert [found.file for found in run(tmp_path, rows, files).notes] == [path]


def test_a_note_that_has_its_file_is_not_missed_under_another_name(tmp_path: Path) -> None:
    files = {path_of(1): recording(1)}
    run(tmp_path, [note(1)], files)
    manifest = tmp_path / ".gdrive-wa" / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().replace(b"11.01.00 Mum", b"11.01.00 M#m"))
    run(tmp_path, [note(1)], files)
    checked = open_archive(tmp_path).verify()
    assert (checked.missing, checked.changed, checked.extra) == ((), (), ())
    assert "M#m" not in (tmp_path / "SHA256SUMS").read_text()


def test_changed_stored_bytes_are_recognised(tmp_path: Path) -> None:
    listed = entry("Databases/wa.db", b"old")
    run(tmp_path, [], [(listed, b"old")])
    with ArchiveWriter(tmp_path) as archive:
        assert archive.existing_record(listed) is not None
        assert archive.existing_record(replace(listed, md5="00" * 16)) is None
        assert archive.existing_record(replace(listed, md5=None)) is None
        assert archive.existing_record(replace(listed, stored_as="Databases/other.db")) is None


def test_a_damaged_index_is_renamed_and_rebuilt(tmp_path: Path) -> None:
    rows, files = [note(1)], {path_of(1): recording(1)}
    run(tmp_path, rows, files)
    before = tree(tmp_path)
    (tmp_path / "voice-notes.json").write_bytes(b"[{")
    with pytest.raises(FormatError):
        open_archive(tmp_path).notes()
    ran = run(tmp_path, rows, files)
    assert any("voice-notes.json" in line for line in ran.said)
    assert (tmp_path / "voice-notes.json.damaged").read_bytes() == b"[{"
    (tmp_path / "voice-notes.json.damaged").unlink()
    assert tree(tmp_path) == before


def test_a_damaged_line_of_the_index_does_not_lose_other_notes(tmp_path: Path) -> None:
    rows = [note(1), note(2, transcript="hello love"), note(3)]
    run(tmp_path, rows, {path_of(number): recording(number) for number in (1, 2, 3)})
    index = tmp_path / "voice-notes.json"
    whole = open_archive(tmp_path).notes()
    lines = index.read_bytes().split(b"\n")
    lines[1] = lines[1][:-20]
    index.write_bytes(b"\n".join(lines))
    ran = run(tmp_path, [note(4)], {})
    assert [
        found
        for found in ran.notes
        if found.message_id in {whole[1].message_id, whole[2].message_id}
    ] == whole[1:]
    lost = ran.by_id()[whole[0].message_id]
    assert (lost.chat, lost.chat_jid, lost.sender) == ("Mum", MUM, "Mum")
    assert (lost.file, lost.sent_at) == (whole[0].file, whole[0].sent_at)
    assert lost.status is NoteStatus.UNMATCHED


def test_a_note_that_vanished_is_listed_without_an_index_too(tmp_path: Path) -> None:
    rows = [note(1, from_me=True, sender="Alex"), note(2, sent_at=None)]
    files = {path_of(number): recording(number) for number in (1, 2)}
    whole = run(tmp_path, rows, files).notes
    (tmp_path / "voice-notes.json").unlink()
    lost = run(tmp_path, [], {}).notes
    assert [(found.file, found.sent_at, found.sender) for found in lost] == [
        (found.file, found.sent_at, found.sender) for found in whole
    ]
    assert {found.status for found in lost} == {NoteStatus.UNMATCHED}
    assert run(tmp_path, rows, files).notes == whole, "what a database says is better"


def test_an_archive_without_its_manifest_keeps_its_files(tmp_path: Path) -> None:
    first, second = note(1), note(2, sent_at=note(1).sent_at)
    stray = {"Media/WhatsApp Voice Notes/202401/PTT-stray.opus": recording(3)}
    run(tmp_path, [first, second], {path_of(1): recording(1), path_of(2): recording(2)} | stray)
    before = tree(tmp_path)
    shutil.rmtree(tmp_path / ".gdrive-wa")
    ran = run(tmp_path, [second], {path_of(2): recording(2)})
    assert tree(tmp_path) == before, "the second one does not take the name of the first"
    assert [found.status for found in ran.notes].count(NoteStatus.RESTORED) == 2
    assert any("SHA256SUMS" in line for line in ran.said)
    assert run(tmp_path, [second], {path_of(2): recording(2)}).placed == {}
    assert open_archive(tmp_path).verify().extra == ()


def test_forged_checksums_do_not_add_files_to_the_archive(tmp_path: Path) -> None:
    archive, outside = tmp_path / "archive", tmp_path / "outside"
    outside.write_bytes(b"x")
    run(archive, [], {})
    (archive / "link").symlink_to(outside)
    (archive / "rotten").write_bytes(b"y")
    digest = hashlib.sha256(b"x").hexdigest()
    names = ["../outside", str(outside), "link", "rotten", "gone", "", ".", "a\0b"]
    lines = [f"{digest}  {name}" for name in names] + ["nonsense", "  ", digest]
    (archive / "SHA256SUMS").write_bytes("\n".join(lines).encode() + b"\xff\n")
    assert run(archive, [], {}).said == []
    assert open_archive(archive).verify().ok == 2


def test_notes_of_another_chat_with_the_same_message_id_are_different(tmp_path: Path) -> None:
    rows = [note(1), note(2, chat="Anna", chat_jid=ANNA, message_id=note(1).message_id)]
    ran = run(tmp_path, rows, {path_of(1): recording(1), path_of(2): recording(2)})
    assert {found.chat_jid for found in ran.notes} == {MUM, ANNA}
    assert len(voices(tmp_path)) == 2


def rot(path: Path) -> None:
    """Change one bit and restore the date."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_found_damaged_is_fetched_again(tmp_path: Path) -> None:
    rows, files = [note(1), note(2)], {path_of(1): recording(1), path_of(2): recording(2)}
    ran = run(tmp_path, rows, files)
    sound = tree(tmp_path)
    rotten = [tmp_path / (found.file or "") for found in ran.notes]
    for path in rotten:
        rot(path)
    found = open_archive(tmp_path).verify()
    assert len(found.changed) == 2
    run(tmp_path, rows, {path_of(1): recording(1)})  # a backup that no longer holds the other
    assert len(open_archive(tmp_path).verify().changed) == 1
    run(tmp_path, rows, files)
    assert tree(tmp_path) == sound
    assert open_archive(tmp_path).verify().intact
    assert not (tmp_path / ".gdrive-wa" / "changed.json").exists()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"7", b"[7]", b"[" * 100000, b"\xff"])
def test_an_invalid_list_of_damaged_files_is_ignored(tmp_path: Path, content: bytes) -> None:
    run(tmp_path, [note(1)], {path_of(1): recording(1)})
    (tmp_path / ".gdrive-wa" / "changed.json").write_bytes(content)
    ran = run(tmp_path, [note(1)], {path_of(1): recording(1)})
    assert len(ran.held) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.archive.phone import *

notes = [note(number, sent_at=note(number // 2).sent_at) for number in range(40)]
files = {path_of(number): recording(number) for number in range(40)}
calls, last = 0, int(sys.argv[2])

def count(_frame, event, _call):
    global calls
    calls += event == "c_call"
    if calls == last:
        os.kill(os.getpid(), signal.SIGKILL)

print("up", flush=True)
sys.setprofile(count if last else None)
run(Path(sys.argv[1]), notes, files)
sys.setprofile(None)
print(calls)
"""


def killable(target: Path, last: int) -> subprocess.Popen[str]:
    """A run that kills itself at call `last` of what Python calls in C; never with 0. Its last
    word is how many it counted."""
    command = [sys.executable, "-c", KILLED, str(target), str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_run_killed_at_any_moment_can_be_continued(tmp_path: Path) -> None:
    notes = [note(number, sent_at=note(number // 2).sent_at) for number in range(40)]
    files = {path_of(number): recording(number) for number in range(40)}
    with killable(tmp_path / "whole", sys.maxsize) as child:
        calls = int(child.communicate()[0].split()[-1])
    whole = tree(tmp_path / "whole")
    chance = random.Random(11)
    for number in range(KILLS // TOGETHER):
        target = tmp_path / f"killed {number}"
        with killable(target, chance.randrange(1, calls * 9 // 10)) as child:
            child.communicate()
        assert child.returncode == -signal.SIGKILL, "killed in the middle, however fast it is"
        for _ in range(TOGETHER - 1):  # and in the middle of a call
            with killable(target, 0) as child:
                assert child.stdout is not None
                child.stdout.readline()
                time.sleep(chance.uniform(0.0, 0.08))
                child.send_signal(signal.SIGKILL)
        ran = run(target, notes, files)
        assert tree(target) == whole
        assert {found.status for found in ran.notes} == {NoteStatus.RESTORED}
        assert open_archive(target).verify().extra == ()
        left = [path.name for path in (target / ".gdrive-wa").iterdir()]
        assert sorted(left) == ["lock", "manifest.jsonl"]
