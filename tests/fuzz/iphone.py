"""iPhone backups, plain and locked: the list of files, the property lists, the databases."""

from __future__ import annotations

import shutil
from contextlib import closing
from functools import cache
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Secret
from gdrive_wa.sources import open_folder
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, patched, tree_of, write
from tests.fuzz.samples import folder
from tests.sources.apple import AppleBackup, Spoken, write_chats

PASSPHRASE = "a made-up passphrase"
NOTE = Spoken(number=1, path="Message/Media/1@s.whatsapp.net/a.opus", audio=b"OggS one")


@cache
def backups() -> tuple[dict[str, bytes], ...]:
    """The files of a plain backup and of a locked one."""
    made: list[dict[str, bytes]] = []
    for passphrase in (None, PASSPHRASE):
        place = folder() / "sample"
        backup = AppleBackup(place, passphrase)
        chats = folder() / f"ChatStorage-{len(made)}.sqlite"
        write_chats(chats, [NOTE])
        backup.add("ChatStorage.sqlite", chats.read_bytes())
        backup.add(NOTE.path, NOTE.audio)
        backup.finish()
        made.append({k: v for k, v in tree_of(place).items() if isinstance(v, bytes)})
        shutil.rmtree(place)
    return tuple(made)


def try_one(data: bytes) -> object:
    """Everything that is listed is opened; the backup stays as it was."""
    cursor = Cursor(data)
    files = backups()[cursor.number() % 2]
    place = folder() / "iphone"
    try:
        write(patched(files, cursor), place)
        before = tree_of(place)
        ended = _open_all(place)
        assert tree_of(place) == before
        return ended
    finally:
        shutil.rmtree(place)


def _open_all(place: Path) -> object:
    opened = failed = 0
    with closing(open_folder(place, passphrase=Secret(PASSPHRASE))) as source:
        for backup in source.backups():
            for entry in source.entries(backup):
                try:
                    source.path_of(entry)
                    with source.open(entry) as blob:
                        blob.read(1 << 20)
                    opened += 1
                except GdriveWaError:
                    failed += 1
    return min(opened, 3), min(failed, 3)


def main(arguments: list[str]) -> int:
    return fuzz("iphone", [b"\0", b"\1"], try_one, arguments)
