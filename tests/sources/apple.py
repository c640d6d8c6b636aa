"""Makes an iPhone's local backup as Finder and iTunes do: plain, or locked with a passphrase."""

from __future__ import annotations

import base64
import hashlib
import os
import plistlib
import shutil
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad

DOMAIN = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
EPOCH = 978_307_200
CLASS = 3
TABLES = """
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZISFROMME INTEGER,
    ZMESSAGEDATE TIMESTAMP, ZMESSAGETYPE INTEGER, ZSTANZAID VARCHAR, ZGROUPMEMBER INTEGER,
    ZFROMJID VARCHAR, ZPUSHNAME VARCHAR, ZSTARRED INTEGER, ZSORT FLOAT, ZMEDIAITEM INTEGER);
CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZMESSAGE INTEGER, ZMEDIALOCALPATH VARCHAR,
    ZFILESIZE INTEGER, ZMOVIEDURATION INTEGER, ZMEDIAURL VARCHAR, ZMEDIAKEY BLOB,
    ZVCARDSTRING VARCHAR, ZVCARDNAME VARCHAR, ZMEDIAORIGIN INTEGER);
CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR,
    ZPARTNERNAME VARCHAR, ZSESSIONTYPE INTEGER);
CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, ZMEMBERJID VARCHAR, ZCONTACTNAME VARCHAR,
    ZFIRSTNAME VARCHAR);
CREATE TABLE ZWAPROFILEPUSHNAME (Z_PK INTEGER PRIMARY KEY, ZJID VARCHAR, ZPUSHNAME VARCHAR);
INSERT INTO ZWACHATSESSION VALUES (1, '15550101@s.whatsapp.net', 'Mum', 0),
    (2, '15550100-1700000000@g.us', 'Sunday lunch', 1), (3, '15550103@s.whatsapp.net', NULL, 0);
INSERT INTO ZWAGROUPMEMBER VALUES (1, '15550102@s.whatsapp.net', NULL, 'Ben'),
    (2, '15550104@s.whatsapp.net', NULL, NULL);
INSERT INTO ZWAPROFILEPUSHNAME VALUES (1, '15550104@s.whatsapp.net', 'Dora');
"""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """An audio message, and its file."""

    number: int
    chat: int = 1
    from_me: bool = False
    member: int | None = None
    kind: int = 3
    sent: float = 1_735_000_000.5
    starred: bool = False
    path: str = ""
    audio: bytes = b""
    mime_type: str = "audio/ogg; codecs=opus"
    sha256: bytes | None = None
    origin: int | None = None
    url: str | None = None
    media_key: bytes | None = None


def write_chats(path: Path, rows: list[Spoken], *, late: list[Spoken] | None = None) -> None:
    """A ``ChatStorage.sqlite``; the `late` ones are in its ``-wal`` only."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.executescript(TABLES)
        for row in rows:
            add(database, row)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for row in late or []:
            add(database, row)
        database.commit()
        for name in (path.name, f"{path.name}-wal"):
            shutil.copyfile(path.with_name(name), path.with_name(f"kept-{name}"))
    for name in (path.name, f"{path.name}-wal"):
        path.with_name(f"kept-{name}").replace(path.with_name(name))


def write_small_database(path: Path, statements: str) -> bytes:
    """A small database of the same phone, such as ``LID.sqlite``; its bytes."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statements)
        database.commit()
    return path.read_bytes()


def add(database: sqlite3.Connection, row: Spoken) -> None:
    digest = row.sha256 or hashlib.sha256(row.audio).digest()
    database.execute(
        "INSERT INTO ZWAMEDIAITEM VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.number + 100, row.number, row.path or None, len(row.audio), 6, row.url,
            row.media_key, row.mime_type, base64.b64encode(digest).decode(), row.origin,
        ),
    )  # fmt: skip
    database.execute(
        "INSERT INTO ZWAMESSAGE VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)",
        (
            row.number, row.chat, int(row.from_me), row.sent - EPOCH, row.kind,
            f"STANZA{row.number}", row.member, None, int(row.starred), row.number,
            row.number + 100,
        ),
    )  # fmt: skip


@dataclass
class AppleBackup:
    """A backup being made. With a passphrase, everything in it is encrypted."""

    folder: Path
    passphrase: str | None = None
    class_key: bytes = field(default_factory=lambda: os.urandom(32))
    rows: list[tuple[str, str, str, int, bytes]] = field(default_factory=list)

    def add(self, path: str, content: bytes, domain: str = DOMAIN) -> Path:
        """Add a file of `domain`; return its path in the backup."""
        file_id = hashlib.sha1(f"{domain}-{path}".encode(), usedforsecurity=False).hexdigest()
        target = self.folder / file_id[:2] / file_id
        target.parent.mkdir(parents=True, exist_ok=True)
        described = b""
        if self.passphrase is None:
            target.write_bytes(content)
        else:
            key = os.urandom(32)
            target.write_bytes(encrypt(key, content))
            described = describe(len(content), wrap(self.class_key, key))
        self.rows.append((file_id, domain, path, 1, described))
        return target

    def finish(self) -> Path:
        """Write ``Manifest.db`` and ``Manifest.plist``; return the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manifest = self.folder / "Manifest.db"
        with closing(sqlite3.connect(manifest)) as database:
            database.execute(
                "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT,"
                " flags INTEGER, file BLOB)"
            )
            database.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", self.rows)
            database.execute(
                "INSERT INTO Files VALUES (?, ?, 'Message', 2, ?)", ("0" * 40, DOMAIN, b"")
            )
            database.commit()
            database.execute("PRAGMA journal_mode = WAL")
        properties: dict[str, object] = {"IsEncrypted": self.passphrase is not None}
        if self.passphrase is not None:
            key = os.urandom(32)
            manifest.write_bytes(encrypt(key, manifest.read_bytes()))
            properties["ManifestKey"] = struct.pack("<l", CLASS) + wrap(self.class_key, key)
            properties["BackupKeyBag"] = key_bag(self.passphrase, self.class_key)
        (self.folder / "Manifest.plist").write_bytes(
            plistlib.dumps(properties, fmt=plistlib.FMT_BINARY)
        )
        return self.folder


def wrap(outer: bytes, key: bytes) -> bytes:
    """RFC 3394."""
    return AES.new(outer, AES.MODE_KW).seal(key)


def encrypt(key: bytes, content: bytes) -> bytes:
    return AES.new(key, AES.MODE_CBC, iv=bytes(16)).encrypt(pad(content, 16))


def key_bag(passphrase: str, class_key: bytes) -> bytes:
    """The keys of the protection classes, under a key derived from the passphrase."""
    first_salt, salt = os.urandom(20), os.urandom(20)
    once = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), first_salt, 1000, 32)
    derived = hashlib.pbkdf2_hmac("sha1", once, salt, 1000, 32)
    number = struct.Struct(">L").pack
    blocks = [
        (b"VERS", number(3)), (b"TYPE", number(1)), (b"UUID", os.urandom(16)),
        (b"WRAP", number(0)), (b"SALT", salt), (b"ITER", number(1000)), (b"DPWT", number(1)),
        (b"DPIC", number(1000)), (b"DPSL", first_salt), (b"UUID", os.urandom(16)),
        (b"CLAS", number(CLASS)), (b"WRAP", number(2)), (b"KTYP", number(0)),
        (b"WPKY", wrap(derived, class_key)),
    ]  # fmt: skip
    return b"".join(tag + number(len(data)) + data for tag, data in blocks)


def describe(size: int, wrapped: bytes) -> bytes:
    """The ``Manifest.db`` value of an encrypted file: a property list of one object."""
    return plistlib.dumps(
        {
            "$version": 100000,
            "$archiver": "NSKeyedArchiver",
            "$top": {"root": plistlib.UID(1)},
            "$objects": [
                "$null",
                {
                    "Size": size,
                    "ProtectionClass": CLASS,
                    "EncryptionKey": plistlib.UID(2),
                    "Mode": 0o100644,
                },
                {"NS.data": struct.pack("<l", CLASS) + wrapped},
            ],
        },
        fmt=plistlib.FMT_BINARY,
    )
