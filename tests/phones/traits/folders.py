"""How the folder lies, which part of it is given to the program, and what else is in it."""

from __future__ import annotations

from random import Random

from tests.phones.model import Phone
from tests.phones.traits.registry import trait


@trait(4, group="place")
def whatsapp_folder(_phone: Phone, _dice: Random) -> None:
    """The folder ``WhatsApp`` itself."""


@trait(2, group="place")
def old_phone(phone: Phone, _dice: Random) -> None:
    _inside(phone, "WhatsApp")


@trait(3, group="place")
def new_phone(phone: Phone, _dice: Random) -> None:
    """What a phone shows over USB, from its storage on."""
    _inside(phone, "Android/media/com.whatsapp/WhatsApp")


@trait(1, group="place")
def phone_with_storages(phone: Phone, _dice: Random) -> None:
    _inside(phone, "Internal shared storage/Android/media/com.whatsapp/WhatsApp")


@trait(1, group="place")
def media_folder_of_android(phone: Phone, _dice: Random) -> None:
    _inside(phone, "com.whatsapp/WhatsApp")


@trait(1, group="place")
def business(phone: Phone, _dice: Random) -> None:
    """WhatsApp Business names its folders after itself."""
    for note in phone.notes:
        if note.path is not None:
            note.path = note.path.replace("/WhatsApp ", "/WhatsApp Business ")
        if note.row_path is not None:
            note.row_path = note.row_path.replace("/WhatsApp ", "/WhatsApp Business ")
    _inside(phone, "Android/media/com.whatsapp.w4b/WhatsApp Business")


@trait(1, group="place")
def second_account(phone: Phone, _dice: Random) -> None:
    _inside(phone, "WhatsApp/accounts/1001")
    phone.account = True


@trait(0.3)
def tags_written(phone: Phone, _dice: Random) -> None:
    phone.tags = True


@trait(0.2)
def metadata_lost(phone: Phone, dice: Random) -> None:
    """A sealed file is known by its content only."""
    notes = [note for note in phone.plain_notes() if note.hashed and note.path is not None]
    if notes and phone.sealed_media:
        note = dice.choice(notes)
        note.odd = True
        phone.unnamed.add(note.path or "")


def _inside(phone: Phone, folder: str) -> None:
    phone.prefix = f"{folder}/"
    phone.databases = f"{folder}/Databases/"
