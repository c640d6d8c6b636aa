"""Backups to restore: any number of distinct voice notes, and the databases that know them all.

    python -m tests.benchmarks phone [--quick] [--folder FOLDER]

measures a restore of a whole phone: 20 000 notes, seven dated copies and three increments, beside
the same without copies.

The notes are real Ogg Opus files of 40 KB as far as any reader of headers, tags and pages can
see; the sound in them is noise. Everything is the same each time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.msgstore import Media, Message, MessageStore, write_contacts
from tests.benchmarks.copies import write_copies, write_increments
from tests.benchmarks.workspace import parse, workspace

KEY = RootKey(bytes(range(32)))
TOKEN = "ya29.benchmark"
START = datetime(2019, 1, 1, 8, tzinfo=UTC)
_CHATS = 40
_GROUPS = 5
_TEXTS = 4
"""Text messages for each note."""
_PAGES = 10
_PACKETS = 50
_PACKET = 80
"""Of a note: pages of a second each, packets of a page, bytes of a packet; together 40 KB."""
_LATER = 30
"""Notes of an increment."""
_MIRROR = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Note:
    """One voice note.

    Attributes:
        path: WhatsApp's own.
        content: Ogg Opus.
        at: when it was sent.
    """

    path: str
    content: bytes
    at: datetime


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    from tests.benchmarks.restore import phone  # noqa: PLC0415 - it makes backups with this module

    options = parse(arguments)
    with workspace(options) as work:
        phone(work, options)


def make_sealed(
    folder: Path, count: int, *, sidecars: bool, copies: int = 0, increments: int = 0
) -> Path:
    """An end-to-end encrypted backup: an emulator's account, whose ``backup`` is the dump.

    Args:
        folder: the account's, to be made.
        count: voice notes.
        sidecars: write each envelope next to its blob, as in a dump; otherwise into the account's
            listing, as Google has it.
        copies: dated copies of the database of chats.
        increments: written after it, with some notes each that it does not know.
    """
    dump = folder / "backup"
    for name in ("Media", "Databases", "Backups"):
        (dump / name).mkdir(parents=True)
    listed, known = {}, []
    for note in make_notes(count):
        metadata = FileMetadata(name=note.path, updated=note.at)
        digits, sealed, envelope = encrypt_media(note.content, KEY, metadata)
        (dump / "Media" / f"{digits}.mcrypt1").write_bytes(sealed)
        listed[f"Media/{digits}.mcrypt1"] = {"metadata": envelope}
        if sidecars:
            (dump / "Media" / f"{digits}.mcrypt1-metadata").write_text(envelope)
        known.append(_row(note))
    later = [known[-_LATER * (each + 1) :][:_LATER] for each in reversed(range(increments))]
    databases = dump / "Databases"
    write_increments(databases, later, KEY)
    plain_files = _write_databases(folder, known[: len(known) - _LATER * increments])
    write_copies(plain_files[0], databases, copies, KEY)
    for plain in plain_files:
        encrypt_file(plain, databases / f"{plain.name}.crypt15", KEY)
        plain.unlink()
    account = {
        "email": "alex@example.org",
        "access_token": TOKEN,
        "backups": [
            {"number": "15550100", "metadata": {"encryptedBackupEnabled": True}, "files": listed}
        ],
    }
    (folder / "account.json").write_text(json.dumps(account))
    return dump


def make_plain(folder: Path, count: int) -> Path:
    """A phone's folder that is not encrypted at all."""
    (folder / "Databases").mkdir(parents=True)
    known = []
    for note in make_notes(count):
        path = folder / note.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(note.content)
        known.append(_row(note))
    _write_databases(folder / "Databases", known)
    return folder


def write_digits(folder: Path) -> Path:
    """The key as a file of 64 digits, which every program takes."""
    path = folder / "digits.txt"
    path.write_text(KEY.reveal().hex())
    return path


def make_notes(count: int) -> Iterator[Note]:
    """So many distinct notes, three hours apart."""
    dice = random.Random(40)
    for number in range(count):
        at = START + timedelta(hours=3 * number)
        path = f"Media/WhatsApp Voice Notes/{at:%G%V}/PTT-{at:%Y%m%d}-WA{at.hour:04}.opus"
        yield Note(path, _opus(dice, number), at)


def _opus(dice: random.Random, serial: int) -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 16000, 0, 0)
    vendor = b"libopus"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page(serial, 0, 0, [head], first=True), _page(serial, 1, 0, [tags])]
    for number in range(1, _PAGES + 1):
        noise = dice.randbytes(_PACKETS * _PACKET)
        packets = [noise[at : at + _PACKET] for at in range(0, len(noise), _PACKET)]
        page = _page(serial, 1 + number, 48_000 * number, packets, last=number == _PAGES)
        pages.append(page)
    return b"".join(pages)


def _page(
    serial: int,
    number: int,
    granule: int,
    packets: list[bytes],
    *,
    first: bool = False,
    last: bool = False,
) -> bytes:
    """One page (RFC 3533). Its checksum is zlib's with the bits of everything the other way."""
    lacing = bytes(len(packet) for packet in packets)
    flags = 2 * first | 4 * last
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number, 0)
    page = head + bytes([len(lacing)]) + lacing + b"".join(packets)
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    checksum = mirrored.to_bytes(4, "big").translate(_MIRROR)
    return page[:22] + checksum + page[26:]


def _row(note: Note) -> tuple[datetime, Media]:
    """The facts that the database keeps; the content is discarded."""
    digest = base64.b64encode(hashlib.sha256(note.content).digest()).decode()
    media = Media(
        path=note.path,
        size=len(note.content),
        mime_type="audio/ogg; codecs=opus",
        sha256=digest,
        duration=_PAGES,
        media_key=hashlib.sha256(digest.encode()).digest(),
        enc_sha256=digest,
        link=f"/v/t62.7117-24/{digest[:20]}_n.enc?ccb=11-4&oe=6",
        waveform=bytes(64),
    )
    return note.at, media


def _write_databases(folder: Path, known: list[tuple[datetime, Media]]) -> tuple[Path, Path]:
    """``msgstore.db`` and ``wa.db``, which know every note, its chat and who sent it."""
    dice = random.Random(41)
    people = [f"155501{number:02}@s.whatsapp.net" for number in range(1, _CHATS + 1)]
    groups = [f"12036302555010{number:04}@g.us" for number in range(_GROUPS)]
    store_path, contacts = folder / "msgstore.db", folder / "wa.db"
    with MessageStore(store_path) as store:
        store.set_owner("15550100@s.whatsapp.net", "Alex")
        for jid in people:
            store.add_chat(jid)
        for jid in groups:
            store.add_chat(jid, subject=f"Group {jid[14:18]}")
        for at, media in known:
            chat = dice.choice(people + groups)
            sender = dice.choice(people) if chat in groups else None
            for number in range(_TEXTS):
                sent = at - timedelta(minutes=5 * (_TEXTS - number))
                text = dice.randbytes(dice.randrange(4, 40)).hex()
                store.add(_message(dice, chat, sender, sent, text=text))
            store.add(_message(dice, chat, sender, at, media=media))
    write_contacts(
        contacts,
        (
            {"jid": jid, "is_whatsapp_user": 1, "display_name": f"Person {number}"}
            for number, jid in enumerate(people)
        ),
    )
    return store_path, contacts


def _message(
    dice: random.Random,
    chat: str,
    sender: str | None,
    sent: datetime,
    *,
    text: str | None = None,
    media: Media | None = None,
) -> Message:
    from_me = dice.random() < 0.5
    return Message(
        chat_jid=chat,
        sender_jid=None if from_me else sender,
        from_me=from_me,
        key_id=dice.randbytes(16).hex().upper(),
        sent_at=sent,
        message_type=2 if media else 0,
        origin=1 if media else 0,
        text=text,
        media=media,
    )
