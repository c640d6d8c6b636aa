"""An iPhone's backup of the same chats."""

from __future__ import annotations

import plistlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chats.store import Rows, fill
from tests.phones.cast import hash_of
from tests.phones.model import Chat, Note, Person, Phone
from tests.sources.apple import DOMAIN, EPOCH, AppleBackup

_FORWARDED = 0x180
_PREFERENCES = f"Library/Preferences/{DOMAIN.removeprefix('AppDomainGroup-')}.plist"


def write_backup(phone: Phone, folder: Path) -> None:
    """Write a backup as a Mac makes it."""
    backup = AppleBackup(folder)
    backup.add("ChatStorage.sqlite", _database(_chat_tables(phone)))
    if hidden := [person for person in phone.people if person.hidden]:
        backup.add("LID.sqlite", _database({"ZWAZACCOUNT": [_account(each) for each in hidden]}))
    contacts = [_contact(each) for each in phone.people if {"wa", "verified"} & each.names.keys()]
    if contacts:
        backup.add("ContactsV2.sqlite", _database({"ZWAADDRESSBOOKCONTACT": contacts}))
    if phone.owner_name is not None:
        preferences = {"FullUserName": phone.owner_name, "OwnJabberID": phone.owner.phone_jid}
        backup.add(_PREFERENCES, plistlib.dumps(preferences, fmt=plistlib.FMT_BINARY))
    for path, content in phone.recordings().items():
        backup.add(f"Message/{path}", content)
    backup.finish()


def _database(tables: dict[str, Rows]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        fill(database, tables)
        return bytes(database.serialize())


def _account(person: Person) -> dict[str, Any]:
    return {
        "ZIDENTIFIER": person.stored_jid,
        "ZPHONENUMBER": person.phone_jid if person.mapped else None,
        "ZDISPLAYNAME": person.names.get("lid"),
    }


def _contact(person: Person) -> dict[str, Any]:
    return {
        "ZWHATSAPPID": person.phone_jid,
        "ZPHONENUMBER": f"+{person.number}",
        "ZFULLNAME": person.names.get("wa"),
        "ZBUSINESSNAME": person.names.get("verified"),
    }


def _chat_tables(phone: Phone) -> dict[str, Rows]:
    tables: dict[str, Rows] = {name: [] for name in ("ZWAMESSAGE", "ZWAMEDIAITEM")}
    sessions: dict[tuple[Chat, Person | None], int] = {}
    members: dict[Person, int] = {}
    for number, note in enumerate(phone.newest.notes, 1):
        about = note.sender if note.chat.room == "status@broadcast" else None
        session = sessions.setdefault((note.chat, about), len(sessions) + 1)
        member = None
        if note.chat.person is None and note.sender is not None and about is None:
            member = members.setdefault(note.sender, len(members) + 1)
        tables["ZWAMESSAGE"].append(_message(note, number, session, member))
        tables["ZWAMEDIAITEM"].append(_media(note, number))
    tables["ZWACHATSESSION"] = [
        {
            "Z_PK": number,
            "ZCONTACTJID": chat.stored_jid if about is None else _status_of(about),
            "ZPARTNERNAME": _partner(phone, chat),
        }
        for (chat, about), number in sessions.items()
    ]
    tables["ZWAGROUPMEMBER"] = [
        {"Z_PK": number, "ZMEMBERJID": person.stored_jid} for person, number in members.items()
    ]
    tables["ZWAPROFILEPUSHNAME"] = [
        {"ZJID": person.stored_jid, "ZPUSHNAME": person.names["push"]}
        for person in phone.people
        if "push" in person.names
    ]
    return tables


def _status_of(person: Person) -> str:
    known = person.hidden is None or person.mapped
    return f"{person.number if known else person.hidden}@status"


def _partner(phone: Phone, chat: Chat) -> str | None:
    """A chat of two has the name of the contact, or the number where there is none."""
    if chat.person is None:
        return chat.subject
    name = chat.person.names.get("wa")
    if name is not None and phone.marked:
        return f"\u200e{name}\u200f"
    return name or (f"\u202a+{chat.person.number}\u202c" if chat.person.mapped else None)


def _message(note: Note, number: int, session: int, member: int | None) -> dict[str, Any]:
    return {
        "Z_PK": number,
        "ZCHATSESSION": 999 if note.chatless else session,
        "ZISFROMME": int(note.from_me),
        "ZMESSAGEDATE": note.sent_at.timestamp() - EPOCH,
        "ZMESSAGETYPE": 8 if note.document else 53 if note.once else 3,
        "ZSTANZAID": note.message_id,
        "ZGROUPMEMBER": member,
        "ZFROMJID": None if note.from_me else note.chat.stored_jid,
        "ZSTARRED": int(note.starred),
        "ZMEDIAITEM": number + 100,
        "ZFLAGS": 0x1000400 | _FORWARDED * note.forwarded,
    }


def _media(note: Note, number: int) -> dict[str, Any]:
    return {
        "Z_PK": number + 100,
        "ZMESSAGE": number,
        "ZMEDIALOCALPATH": note.row_path,
        "ZFILESIZE": len(note.audio),
        "ZMOVIEDURATION": 2,
        "ZVCARDSTRING": note.media_changes.get("mime_type", "audio/ogg; codecs=opus"),
        "ZVCARDNAME": hash_of(note.audio) if note.hashed else None,
    }
