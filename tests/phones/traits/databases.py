"""Which databases there are, and how each looks inside."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from gdrive_wa.crypt.keys import CipherKey, RootKey
from tests.phones.model import Note, Phone, Schema, Seal, Store
from tests.phones.traits.registry import trait

ROOT_KEY = RootKey(bytes(range(32)))
OTHER_ROOT_KEY = RootKey(bytes(range(50, 82)))
CIPHER_KEY = CipherKey(
    bytes(range(100, 132)),
    server_salt=bytes(range(32)),
    google_id=bytes(range(50, 66)),
    key_version=2,
)


@trait(4, group="encryption")
def not_encrypted(_phone: Phone, _dice: Random) -> None:
    """A rooted phone's folder, or what a tool has decrypted."""


@trait(1, group="encryption")
def crypt12(phone: Phone, _dice: Random) -> None:
    _seal(phone, Seal(format="crypt12", key=CIPHER_KEY))


@trait(2, group="encryption")
def crypt14(phone: Phone, _dice: Random) -> None:
    _seal(phone, Seal(format="crypt14", key=CIPHER_KEY))


@trait(4, group="encryption")
def crypt15(phone: Phone, _dice: Random) -> None:
    _seal(phone, Seal(format="crypt15", key=ROOT_KEY))


def _seal(phone: Phone, seal: Seal) -> None:
    phone.seal, phone.key = seal, seal.key
    phone.newest.seal = seal


def latest(notes: list[Note]) -> datetime:
    """When the last of them was sent."""
    return max(note.sent_at for note in notes)


def copy_of(phone: Phone, name: str, notes: list[Note]) -> Store:
    """An older database, with the schema of today."""
    store = Store(name=name, notes=notes, schema=replace_schema(phone.schema), seal=phone.seal)
    phone.stores.append(store)
    return store


def replace_schema(schema: Schema) -> Schema:
    """A copy of it."""
    return replace(schema)


def day_after(moment: datetime) -> str:
    """As dated copies have it in their names."""
    return f"{moment + timedelta(days=1):%Y-%m-%d}"
