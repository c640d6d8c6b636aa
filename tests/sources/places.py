"""Each place of a backup, made for the contract."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from gdrive_wa.core.model import Entry, MediaLink, Secret
from gdrive_wa.crypt.encrypt import encrypt_enc
from gdrive_wa.emulation.account import TRANSIENT_FOLDER
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.sources.whatsapp import stored_name
from tests.sources.apple import AppleBackup

PASSPHRASE = "correct horse 15550100"
MEDIA_KEY = bytes(range(32))
LATE = "FFFFFFFF"
"""When links end: in 2106."""


@dataclass(frozen=True)
class Place:
    """A source with one backup.

    Attributes:
        source: open.
        stored: the bytes it returns, by stored name.
        vanish: makes one entry vanish after it was listed; the entry to ask for then.
        sized: every entry has a size.
    """

    source: BackupSource
    stored: Mapping[str, bytes]
    vanish: Callable[[Entry], Entry]
    sized: bool = True

    def entries(self) -> list[Entry]:
        """All entries of the one backup."""
        (backup,) = self.source.backups()
        return list(self.source.entries(backup))


def elsewhere(entry: Entry) -> Entry:
    """An entry with a dead locator: its file is gone since it was listed."""
    return replace(entry, locator=f"{entry.locator}-gone")


def remove(entry: Entry) -> Entry:
    """The entry, its file removed."""
    folder = entry.locator  # with a separator at its end, or the whole path
    Path(f"{folder}{entry.stored_as}" if folder.endswith("/") else folder).unlink()
    return entry


def an_iphone(folder: Path, *, locked: bool) -> Place:
    """An iPhone's backup with a database and media."""
    made = AppleBackup(folder / "phone" / ("0" * 40), PASSPHRASE if locked else None)
    chats = folder / "chats.sqlite"
    with closing(sqlite3.connect(chats)) as database:
        database.execute("CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZTEXT VARCHAR)")
        database.executemany("INSERT INTO ZWAMESSAGE VALUES (NULL, ?)", [("x" * 90,)] * 300)
        database.commit()
    stored = {"ChatStorage.sqlite": chats.read_bytes()}
    stored |= {f"Message/Media/c/{n}.opus": b"OggS" + bytes([n]) * (9_000 * n) for n in range(1, 9)}
    paths = {name: made.add(name, content) for name, content in stored.items()}
    made.finish()

    def vanish(entry: Entry) -> Entry:
        paths[entry.stored_as].unlink()
        return entry

    passphrase = Secret(PASSPHRASE) if locked else None
    return Place(open_folder(folder / "phone", passphrase=passphrase), stored, vanish, sized=False)


def an_exported_chat(folder: Path, *, zipped: bool) -> Place:
    """An exported chat in a folder, or in a ZIP."""
    made = folder / "WhatsApp Chat with Mum"
    made.mkdir()
    stored = {f"PTT-20240301-WA{n:04}.opus": b"OggS" + bytes([n]) * (9_000 * n) for n in range(9)}
    lines = [f"01/03/2024, 09:00 - Mum: {name} (file attached)\n" for name in stored]
    stored["WhatsApp Chat with Mum.txt"] = "".join(lines).encode()
    for name, content in stored.items():
        (made / name).write_bytes(content)
    if not zipped:

        def vanish(entry: Entry) -> Entry:
            (made / entry.stored_as).unlink()
            return entry

        return Place(open_folder(made), stored, vanish)
    target = folder / "WhatsApp Chat with Mum.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in stored.items():
            archive.writestr(name, content)
    return Place(open_folder(target), stored, elsewhere)


def no_iphone(folder: Path) -> Path:
    """An iPhone's backup without WhatsApp."""
    made = AppleBackup(folder / "phone" / ("0" * 40))
    made.add("Library/else.opus", b"x", domain="AppDomain-org.example")
    return made.finish()


def media_links(folder: Path) -> tuple[list[MediaLink], dict[str, bytes]]:
    """Copies that WhatsApp's servers hold for an account at `folder`; the links, and the copies
    by stored name."""
    account = {"email": "ann@example.org", "access_token": "ya29.ann", "backups": []}
    (folder / TRANSIENT_FOLDER).mkdir(parents=True)
    (folder / "account.json").write_text(json.dumps(account))
    links, stored = [], {}
    for number in range(1, 9):
        content = b"OggS" + bytes([number]) * (9_000 * number)
        sealed = encrypt_enc(content, MEDIA_KEY)
        (folder / TRANSIENT_FOLDER / f"copy{number}").write_bytes(sealed)
        link = MediaLink(
            chat_jid="15550101@s.whatsapp.net",
            message_id=f"3EB0{number}",
            url=f"https://mmg.whatsapp.net/v/copy{number}?oe={LATE}",
            direct_path=None,
            media_key=MEDIA_KEY,
            enc_sha256=f"{number:064x}",
            size=len(content),
        )
        links.append(link)
        stored[stored_name(link)] = sealed
    return links, stored
