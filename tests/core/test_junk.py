"""Files that systems and programs leave in a backup."""

from __future__ import annotations

import pytest

from gdrive_wa.core.junk import is_junk, is_trashed, without_trash
from gdrive_wa.core.kinds import Kind, kind_of

NOTES = "Media/WhatsApp Voice Notes/202409"


@pytest.mark.parametrize(
    "name",
    [
        ".nomedia",
        ".DS_Store",
        "._PTT-20240901-WA0001.opus",
        ".pending-1741000000-PTT-20240901-WA0001.opus",
        ".PTT-20240901-WA0001.opus.icloud",
        ".trashed-1741000000-.nomedia",
        ".trashed-1741000000-PTT-20240901-WA0001.opus.tmp",
        "Thumbs.db",
        "THUMBS.DB",
        "desktop.ini",
        "~$msgstore.db",
        "PTT-20240901-WA0001.opus.tmp",
        "PTT-20240901-WA0001.opus.part",
        "PTT-20240901-WA0001.opus.tacitpart",
        "msgstore.db.crypt15~",
        "~syncthing~PTT-20240901-WA0001.opus.tmp",
        ".stversions/PTT-20240901-WA0001.opus",
        "@eaDir/PTT-20240901-WA0001.opus",
        "__MACOSX/PTT-20240901-WA0001.opus",
        ".Trash-1000/files/PTT-20240901-WA0001.opus",
    ],
)
def test_it_is_junk(name: str) -> None:
    assert is_junk(f"{NOTES}/{name}")
    assert is_junk(name.replace("/", "\\"))


@pytest.mark.parametrize(
    "path",
    [
        f"{NOTES}/PTT-20240901-WA0001.opus",
        f"{NOTES}/PTT-20240901-WA0001 (1).opus",
        f"{NOTES}/PTT-20240901-WA0001.sync-conflict-20240902-120000-ABCDEFG.opus",
        f"{NOTES}/.trashed-1741000000-PTT-20240901-WA0001.opus",
        "Media/.Statuses/0a1b2c.opus",
        "Media/WhatsApp Documents/parts list.part",
        "Databases/msgstore.db.crypt15",
        "Databases/msgstore.db.bak",
        f"Media/{'A' * 64}.mcrypt1",
    ],
)
def test_it_is_not_junk(path: str) -> None:
    assert not is_junk(path)


def test_a_file_in_the_bin_keeps_its_kind() -> None:
    name = ".trashed-1741000000-PTT-20240901-WA0001.opus"
    assert is_trashed(f"{NOTES}/{name}")
    assert not is_trashed(f"{NOTES}/PTT-20240901-WA0001.opus")
    assert without_trash(name) == "PTT-20240901-WA0001.opus"
    assert kind_of(f"DCIM/{name}") is Kind.VOICE


def test_pictures_and_texts_among_voice_notes_are_not_voice_notes() -> None:
    assert kind_of(f"{NOTES}/PTT-20240901-WA0001.txt") is Kind.UNKNOWN
    assert kind_of(f"{NOTES}/cover.JPG") is Kind.UNKNOWN
    assert kind_of(f"{NOTES}/PTT-20240901-WA0001.m4a") is Kind.VOICE
    assert kind_of(f"{NOTES}/PTT-20140901-WA0001.waptt") is Kind.VOICE
    assert kind_of(f"{NOTES}/PTT-20240901-WA0001") is Kind.VOICE
