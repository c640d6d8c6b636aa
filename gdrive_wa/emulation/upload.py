"""The phone's upload: databases and media, encrypted with the account's key."""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import CipherKey, Key
from gdrive_wa.emulation.account import TRANSIENT_FOLDER
from gdrive_wa.emulation.msgstore import Message, MessageStore, write_contacts
from gdrive_wa.emulation.story import (
    GROUP_JID,
    GROUP_NAME,
    OWNER_JID,
    OWNER_NAME,
    OWNER_NUMBER,
    PEOPLE,
    read_picture,
)
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.tree import Tree

APP_VERSION = "2.25.30.77"
UPDATED = datetime(2025, 11, 2, 7, 14, tzinfo=UTC)


class Upload:
    """The phone's upload: blobs below ``backup/``, and their facts in the listing.

    Attributes:
        names: the stored name, by real path.
        settings: the fields for the account file, by stored name.
        sizes: bytes stored, by stored name.
    """

    def __init__(self, folder: Path, key: Key, rng: random.Random) -> None:
        self._tree = Tree(folder)
        self._key = key
        self._rng = rng
        self.names: dict[str, str] = {}
        self.settings: dict[str, dict[str, object]] = {}
        self.sizes: dict[str, int] = {}

    def add_media(self, path: str, content: bytes, at: datetime) -> None:
        """Add a media file: encrypted under an opaque name, or plain under its own."""
        if isinstance(self._key, CipherKey):
            self._write(path, path, content, at)
            return
        metadata = FileMetadata(name=path, updated=at)
        digits, sealed, envelope = encrypt_media(
            content, self._key, metadata, iv=self._rng.randbytes(16)
        )
        self._write(path, f"Media/{digits}.mcrypt1", sealed, at, metadata=envelope)

    def add_databases(self, messages: Iterable[Message]) -> dict[str, bytes]:
        """Add both databases; return their plaintext by path."""
        with tempfile.TemporaryDirectory() as scratch:
            msgstore, contacts = Path(scratch, "msgstore.db"), Path(scratch, "wa.db")
            _write_msgstore(msgstore, messages)
            write_contacts(contacts, _contact_rows())
            contents = {}
            for plain in (msgstore, contacts):
                path = f"Databases/{plain.name}"
                contents[path] = plain.read_bytes()
                self._add_container(path, contents[path])
        return contents

    def add_transient(self, name: str, sealed: bytes) -> None:
        """Add an encrypted copy on WhatsApp's own servers, outside the backup."""
        write_file(f"{TRANSIENT_FOLDER}/{name}", sealed, tree=self._tree, durable=False)

    def add_settings(self, contents: dict[str, bytes]) -> None:
        """Add the small backups of settings and wallpapers, which have no checksum."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(zipfile.ZipInfo("wallpaper.jpg"), read_picture())
        settings = {"notifications": True, "theme": "light", "media_auto_download": "wifi"}
        small = {
            "Backups/wallpapers.backup": archive.getvalue(),
            "Backups/backup_settings.json": json.dumps(settings).encode(),
        }
        for path, content in small.items():
            contents[path] = content
            self._add_container(path, content, compress=False, checksum=False)

    def _add_container(
        self, path: str, content: bytes, *, compress: bool = True, checksum: bool = True
    ) -> None:
        form = "crypt14" if isinstance(self._key, CipherKey) else "crypt15"
        with tempfile.TemporaryDirectory() as scratch:
            plain, sealed = Path(scratch, "plain"), Path(scratch, "sealed")
            plain.write_bytes(content)
            encrypt_file(
                plain,
                sealed,
                self._key,
                format=form,
                compress=compress,
                checksum=checksum,
                iv=self._rng.randbytes(16),
                app_version=APP_VERSION,
                jid_suffix=OWNER_NUMBER[-2:],
            )
            self._write(path, f"{path}.{form}", sealed.read_bytes(), UPDATED)

    def _write(
        self, path: str, stored: str, content: bytes, at: datetime, **settings: object
    ) -> None:
        write_file(f"backup/{stored}", content, tree=self._tree, durable=False)
        self.names[path] = stored
        self.sizes[stored] = len(content)
        uploaded = at + timedelta(hours=2)
        self.settings[stored] = {"updateTime": google_time(uploaded), **settings}


def _write_msgstore(path: Path, messages: Iterable[Message]) -> None:
    with MessageStore(path) as store:
        store.set_owner(OWNER_JID, OWNER_NAME)
        for person in PEOPLE.values():
            if person.number_jid is not None:
                store.map_lid(person.jid, person.number_jid)
            if person.lid_name is not None:
                store.name_lid(person.jid, person.lid_name)
        seen: set[str] = set()
        for message in messages:
            if message.chat_jid not in seen:
                seen.add(message.chat_jid)
                subject = GROUP_NAME if message.chat_jid == GROUP_JID else None
                created = int(message.sent_at.timestamp() * 1000)
                store.add_chat(message.chat_jid, subject=subject, created=created)
            store.add(message)
        for name in ("mum", "grandpa", "anna", "sam", "lena", "ruth"):
            store.add_member(GROUP_JID, PEOPLE[name].jid)


def _contact_rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for person in PEOPLE.values():
        if person.contact is None and person.profile is None:
            continue
        jid = person.number_jid or person.jid
        rows.append(
            {
                "jid": jid,
                "is_whatsapp_user": 1,
                "number": f"+{jid.partition('@')[0]}",
                "display_name": person.contact,
                "given_name": person.contact,
                "wa_name": person.profile,
            }
        )
    return rows


def google_time(moment: datetime) -> str:
    """`moment` in Google's time format."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"
