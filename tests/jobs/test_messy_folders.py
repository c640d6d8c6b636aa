"""Folders as people really give them: rearranged, incomplete, or from several phones."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from gdrive_wa import UsageError, open_folder
from tests.chats.store import path_of
from tests.jobs.test_phone_databases import MAIN, Phone, store
from tests.phones.sounds import sound
from tests.sources.apple import Spoken, write_chats

DOMAIN = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """The folder that is given; the phone's own is in it."""
    folder = tmp_path / "given"
    folder.mkdir()
    return folder


@pytest.fixture
def phone(given: Path) -> Phone:
    made = Phone(given)
    made.work = given.parent / "work"
    made.out = given.parent / "out"
    (given / "work").rename(made.work)
    return made


def test_recordings_in_other_folders_next_to_the_phones_are_found(
    phone: Phone, given: Path
) -> None:
    phone.record(1, 2, 3)
    phone.database(MAIN, [1, 2, 3])
    old, flat = given / "disk 2019" / path_of(1), given / "usb" / "saved" / Path(path_of(2)).name
    for number, place in ((1, old), (2, flat)):
        place.parent.mkdir(parents=True)
        (phone.folder / path_of(number)).rename(place)
    assert phone.restore(given).failed == []
    assert phone.statuses() == dict.fromkeys("123", "restored")


def test_databases_of_another_program_in_a_folder_of_their_own_are_found(
    phone: Phone, given: Path
) -> None:
    phone.record(1, 2)
    place = given / "apps" / "com.whatsapp" / "db"
    place.mkdir(parents=True)
    shutil.copyfile(store(phone.work / "plain.db", [1, 2]), place / "msgstore.db")
    assert phone.restore(given).failed == []
    assert phone.statuses() == dict.fromkeys("12", "restored")


def iphone(chats: Path, media: Path) -> None:
    """The files of an iPhone as other programs copy them out of a backup."""
    chats.mkdir(parents=True, exist_ok=True)
    rows = [Spoken(number=n, path=f"Media/c/{n}.opus", audio=sound(n)) for n in (1, 2)]
    write_chats(chats / "ChatStorage.sqlite", rows[:1], late=rows[1:])
    (media / "Message" / "Media" / "c").mkdir(parents=True)
    for number in (1, 2):
        (media / "Message" / "Media" / "c" / f"{number}.opus").write_bytes(sound(number))


@pytest.mark.parametrize("places", [(DOMAIN, DOMAIN), ("", "WhatsApp"), ("", "")])
def test_the_files_of_an_iphone_outside_a_backup_are_read_with_the_log(
    phone: Phone, given: Path, places: tuple[str, str]
) -> None:
    iphone(given / places[0], given / places[1])
    assert phone.restore(given, key=None).failed == []
    notes = phone.notes()
    assert {name: (note.chat, str(note.status)) for name, note in notes.items()} == {
        "STANZA1": ("Mum", "restored"),
        "STANZA2": ("Mum", "restored"),
    }


def test_a_move_from_an_iphone_to_an_android_phone_keeps_both(phone: Phone, given: Path) -> None:
    phone.record(3)
    phone.database(MAIN, [3])
    iphone(given / DOMAIN, given / DOMAIN)
    assert phone.restore(given).failed == []
    assert sorted(phone.notes()) == ["3EB00003", "STANZA1", "STANZA2"]


def test_empty_files_are_reported_with_a_hint(phone: Phone) -> None:
    phone.record(1, 2)
    phone.database(MAIN, [1, 2])
    (phone.folder / path_of(1)).write_bytes(b"")
    (phone.folder / "Databases" / "wa.db.crypt15").write_bytes(b"")
    phone.restore()
    assert phone.statuses() == {"1": "missing", "2": "restored"}
    assert phone.said[-2].startswith("voice notes that are empty files (0 bytes): 1; copy them")
    assert phone.said[-1].startswith("'Databases/wa.db.crypt15' is an empty file; copy it")


def test_a_file_in_place_of_a_folder_is_reported(phone: Phone) -> None:
    path = phone.database(MAIN, [1])
    with pytest.raises(UsageError, match="is a file, not a folder") as caught:
        open_folder(path)
    assert caught.value.hints == (f"give its folder: '{path.parent}'",)


def test_the_hint_for_the_zip_of_a_phone_is_to_unpack_it(phone: Phone, given: Path) -> None:
    phone.record(1)
    with zipfile.ZipFile(given / "phone.zip", "w") as archive:
        archive.write(phone.folder / path_of(1), path_of(1))
    with pytest.raises(UsageError, match="is not an exported chat") as caught:
        open_folder(given / "phone.zip")
    assert "unpack it" in json.dumps(caught.value.hints)
