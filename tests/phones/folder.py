"""Writes a phone's folder, as its owner would give it to the program."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from tests.phones.books import book
from tests.phones.increment import increment_zip
from tests.phones.iphone import write_backup
from tests.phones.model import Note, Phone, Seal
from tests.phones.sqlite import msgstore, readable_ids, wa


def write_phone(phone: Phone, folder: Path) -> None:
    """Write all of the phone's files below `folder`, and the address book beside it."""
    write_media(phone, folder)
    write_databases(phone, folder)


def write_media(phone: Phone, folder: Path) -> None:
    """Everything but the databases, which an iPhone's backup cannot be without."""
    folder.mkdir(parents=True)
    if (made := address_book(phone)) is not None:
        name, content = made
        folder.with_name(name).write_bytes(content)
    if phone.apple:
        write_backup(phone, folder / phone.prefix)
        return
    files = dict(phone.extra)
    for path, content in phone.recordings().items():
        files |= _medium(phone, path, content)
    _write(files, phone, folder)


def write_databases(phone: Phone, folder: Path) -> None:
    """The databases and the increments, where the phone has any."""
    if not (phone.apple or phone.bare):
        _write(_databases(phone, folder), phone, folder)


def address_book(phone: Phone) -> tuple[str, bytes] | None:
    """The name and the content of the user's address book; None where there is none."""
    if not (phone.book_of_others or any("book" in person.names for person in phone.people)):
        return None
    home = phone.owner.number if phone.number_known else None
    return book(phone.people, phone.book_of_others, home, Random(f"book {phone.seed}"))


def _write(files: dict[str, bytes], phone: Phone, folder: Path) -> None:
    """Write files, at times that say nothing."""
    dice = Random(phone.seed)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        when = 1_700_000_000 + dice.randrange(10**7)
        os.utime(target, (when, when))


def _medium(phone: Phone, path: str, content: bytes) -> dict[str, bytes]:
    """The files that a medium is stored as."""
    clear = {place: content} if (place := place_of(phone, path)) is not None else {}
    key = phone.key
    if not (phone.sealed_media and isinstance(key, RootKey)):
        return clear
    below = "" if phone.bare else f"{phone.prefix}Media/"
    digits, sealed, envelope = encrypt_media(content, key, FileMetadata(name=path))
    stored = {f"{below}{digits}.mcrypt1": sealed} | (clear if path in phone.both_forms else {})
    if path not in phone.unnamed:
        stored[f"{below}{digits}.mcrypt1-metadata"] = envelope.encode()
    return stored


def place_of(phone: Phone, path: str) -> str | None:
    """Where a medium lies in the clear, below the given folder; None when it is not given."""
    if phone.apple:
        return f"Message/{path}"
    if not phone.bare:
        return phone.prefix + path
    above = f"{phone.inner or 'Media'}/"
    return path.removeprefix(above) if path.startswith(above) else None


def _databases(phone: Phone, folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for store in phone.stores:
        content, log = msgstore(phone, store, folder)
        root = f"{phone.prefix}Databases/" if phone.databases == phone.prefix else phone.prefix
        place = root if store.beside else phone.databases
        name, content = _sealed(store.name, content, store.seal, folder)
        if store.cut and store.seal is not None:
            content = content[: len(content) * 2 // 3]
        files[place + name] = content
        if log:
            log = bytes(reversed(log)) if store.torn else log
            files[f"{place}{name}-wal"] = log
    for increment in phone.increments:
        name, content = _sealed(increment.name, increment_zip(increment), increment.seal, folder)
        files[phone.databases + name] = content
    if any({"wa", "push", "verified"} & person.names.keys() for person in phone.people) or (
        phone.groups_in_wa
    ):
        name, content = _sealed("wa.db", wa(phone), phone.seal, folder)
        files[(phone.contacts or phone.databases) + name] = content
    return files


def _sealed(name: str, content: bytes, seal: Seal | None, folder: Path) -> tuple[str, bytes]:
    """The name and the content of a database's file."""
    if seal is None:
        return name, content
    plain, sealed = folder / "plain", folder / "sealed"
    plain.write_bytes(content)
    encrypt_file(plain, sealed, seal.key, format=seal.format)
    content = sealed.read_bytes()
    plain.unlink()
    sealed.unlink()
    return f"{name}.{seal.format}", content


def known_notes(phone: Phone) -> list[Note]:
    """Those that a database or an increment has that can be opened."""
    if phone.bare:
        return []
    known = {id(note) for store in phone.stores for note in store.readable_notes()}
    known |= {id(note) for each in phone.increments for note in each.notes}
    return [note for note in phone.notes if id(note) in known]


def lost_notes(phone: Phone, folder: Path) -> list[Note]:
    """Those whose row is on a damaged page, and that nothing else knows."""
    if phone.bare or phone.apple or not phone.newest.damaged:
        return []
    content, _ = msgstore(phone, phone.newest, folder)
    readable = readable_ids(content)
    had = Counter(note.message_id for note in phone.newest.notes)
    others = {id(note) for store in phone.stores[1:] for note in store.readable_notes()}
    return [
        note
        for note in phone.newest.notes
        if readable[note.message_id] < had[note.message_id] and id(note) not in others
    ]
