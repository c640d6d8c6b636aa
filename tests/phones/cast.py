"""The phone that every trait begins with: one owner, a few people, one group, some notes."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from random import Random

from tests.phones.model import Chat, Note, Person, Phone, Store
from tests.phones.sounds import sound

FORMATS = {
    "US": "155501{:02}",
    "GB": "447700900{:03}",
    "DE": "4917139200{:02}",
    "BR": "55119900000{:02}",
    "BR without 9": "5511900000{:02}",
    "MX": "52155100000{:02}",
    "AR": "54911200000{:02}",
    "RU": "790000000{:02}",
}
"""Numbers that nobody has, by country: of ranges for fiction, or plainly invented."""

FIRST = datetime(2024, 3, 1, 9, tzinfo=UTC)


def make_cast(seed: int, traits: tuple[str, ...], dice: Random) -> Phone:
    """A phone with everything as it is in an ordinary folder."""
    numbers = dice.sample(range(2, 100), 12)
    owner = Person(number=FORMATS[dice.choice(["US", *FORMATS])].format(1))
    phone = Phone(seed=seed, traits=traits, owner=owner)
    for number in numbers[: dice.randint(2, 4)]:
        country = dice.choice(["US", "US", *FORMATS])
        phone.people.append(Person(number=FORMATS[country].format(number)))
    phone.chats = [Chat(person=person) for person in phone.people]
    phone.chats.append(new_group(dice, "Family"))
    at = FIRST
    for _ in range(dice.randint(4, 9)):
        at += timedelta(seconds=dice.randint(2, 300_000))
        add_note(phone, dice, dice.choice(phone.chats), at)
    phone.stores = [Store(name="msgstore.db", notes=list(phone.notes), schema=phone.schema)]
    return phone


def new_group(dice: Random, subject: str | None) -> Chat:
    """A group, of today's kind of jid or of the old."""
    number = dice.randrange(10**15)
    room = dice.choice(
        [f"120363{number % 10**12:012}@g.us", f"15550100-{number % 10**10:010}@g.us"]
    )
    return Chat(room=room, subject=subject, shown_without=f"Group {room.partition('@')[0]}")


def add_note(phone: Phone, dice: Random, chat: Chat, at: datetime) -> Note:
    """One more note, of somebody in that chat; no database has it yet."""
    at = at.replace(microsecond=dice.choice([0, dice.randrange(1000) * 1000]))
    sender = chat.person or dice.choice(phone.people)
    mine = dice.random() < 0.3
    number = len(phone.notes)
    path = path_of(phone, at, number)
    note = Note(
        chat=chat,
        sender=None if mine or chat.is_channel else sender,
        message_id=f"3EB0{phone.seed % 10**6:06}{number:04}",
        sent_at=at,
        audio=sound(number),
        stored=sound(number),
        path=path,
        row_path=path,
    )
    phone.notes.append(note)
    return note


def path_of(phone: Phone, at: datetime, number: int) -> str:
    """Where a phone puts a recording of that day."""
    folder = PurePosixPath(phone.voice_folder, f"{at:%G%V}")
    return str(folder / f"PTT-{at:%Y%m%d}-WA{number:04}.opus")


def hash_of(audio: bytes) -> str:
    """As a row has it."""
    return base64.b64encode(hashlib.sha256(audio).digest()).decode()
