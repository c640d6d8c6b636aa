"""Which databases there are beside the newest, and what each of them has lost."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from random import Random

from gdrive_wa.crypt.keys import CipherKey, RootKey
from tests.phones.model import Increment, Note, Phone, Seal, Store
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


@trait(0.4)
def media_in_the_clear(phone: Phone, _dice: Random) -> None:
    """The phone itself encrypts its databases only; Google gets all files encrypted."""
    phone.clear_media = True


@trait(0.3)
def increments(phone: Phone, dice: Random) -> None:
    """The last messages are in increments only, under names of three spellings."""
    if phone.seal is None or phone.seal.format == "crypt12" or len(phone.newest.notes) < 3:
        return
    by_time = [note for note in _by_time(phone.newest.notes) if not note.chatless]
    first = dice.choice([1, 2, 8, 9])
    pieces = [[note] for note in by_time[-dice.randint(1, 3) :]]
    day = by_time[-1].sent_at
    dated = dice.randint(0, len(pieces))  # the phone dates those that a full database replaces
    for number, notes in enumerate(pieces, first):
        for note in notes:
            phone.newest.notes.remove(note)
            note.sent_at = note.sent_at.replace(microsecond=0)
            note.changes.clear()
            note.messageless = False
            if "media_name" in note.media_changes:
                note.row_path = note.path
            if note.rowless:
                note.rowless, note.status = False, "restored"
        spelling = dice.choice([f"-{day:%Y-%m-%d}", f"-{day:%Y-%m-%d}.1"])
        spelling = spelling if number - first < dated else ""
        name = f"msgstore-increment-{number}{spelling}.db"
        phone.increments.append(Increment(name=name, notes=notes, seal=phone.seal))


@trait(0.2)
def names_from_increments(phone: Phone, dice: Random) -> None:
    """An increment brings names of people; what the owner's databases say comes first."""
    if phone.increments:
        for person in phone.people:
            if person.mapped and dice.random() < 0.6:
                source = dice.choice(["saved", "push"])
                person.names.setdefault(source, "Inc Reminded")
                phone.increments[-1].contacts[person] = source


@trait(0.3)
def group_renamed_twice(phone: Phone, _dice: Random) -> None:
    """Since the full database: the last increment has the last name."""
    groups = [chat for chat in phone.chats if chat.room.endswith("@g.us") and chat.subject]
    if len(phone.increments) > 1 and groups:
        for store in phone.stores:
            store.subjects[groups[0].room] = "Former Name"
        for each in phone.increments[:-1]:
            each.subjects[groups[0].room] = "Interim Name"
        phone.increments[-1].subjects[groups[0].room] = groups[0].subject or ""


@trait(0.15)
def replaced_increments(phone: Phone, dice: Random) -> None:
    """What the full database has taken in is still there; it is older, and so are its names."""
    if phone.seal is None or phone.seal.format == "crypt12":
        return
    notes = [note for note in _some_older(phone, dice) if not note.changes and not note.chatless]
    notes = [note for note in notes if not (note.rowless or note.messageless)]
    there = {note.chat for note in phone.newest.notes}
    subjects = {
        chat.room: "Replaced Name"
        for chat in there
        if chat.room.endswith("@g.us") and chat.subject and chat.room not in phone.groups_in_wa
    }
    if notes and phone.newest.subjects == {}:
        name = f"msgstore-increment-{dice.choice([1, 11])}-2024-02-01.db"
        made = Increment(name=name, notes=notes, seal=phone.seal, subjects=subjects)
        phone.increments.insert(0, made)


@trait(0.3)
def dated_copies(phone: Phone, dice: Random) -> None:
    """Daily copies, of the time before the last messages."""
    by_time = _by_time(phone.newest.notes)
    ends = sorted(dice.sample(range(1, len(by_time)), min(dice.randint(1, 3), len(by_time) - 1)))
    for end in reversed(ends):
        _copy(phone, _dated(by_time[end - 1]), by_time[:end])


@trait(0.25)
def deleted_messages(phone: Phone, dice: Random) -> None:
    """The newest database has lost what a copy still has."""
    last = _by_time(phone.newest.notes)[-1]
    held = [note for note in _in_copies(phone) if note is not last and note in phone.newest.notes]
    if held:
        for note in dice.sample(held, dice.randint(1, len(held))):
            phone.newest.notes.remove(note)


@trait(0.15)
def copies_of_an_older_app(phone: Phone, dice: Random) -> None:
    """The app was updated since, and has moved its messages."""
    for store in phone.stores[1:]:
        store.schema = replace(store.schema, year=2022, legacy=dice.choice(["none", "some", "all"]))


@trait(0.15)
def groups_of_another_name(phone: Phone, _dice: Random) -> None:
    """A group was renamed since the copies."""
    there = {note.chat.room for note in phone.newest.notes}
    for chat in phone.chats:
        if chat.room.endswith("@g.us") and chat.room in there and chat.subject is not None:
            for store in phone.stores[1:]:
                store.subjects[chat.room] = "Former Name"


@trait(0.12)
def old_copy_at_the_root(phone: Phone, dice: Random) -> None:
    """Somebody copied the database once; it has the name of the newest."""
    _copy(phone, "msgstore.db", _some_older(phone, dice)).beside = True


@trait(0.12)
def decrypted_long_ago(phone: Phone, dice: Random) -> None:
    """What a tool once decrypted lies beside the database."""
    if phone.seal is not None:
        _copy(phone, "msgstore.db", _some_older(phone, dice)).seal = None


@trait(0.15)
def leftover_under_another_key(phone: Phone, dice: Random) -> None:
    """A database from before the key was changed, or from before end-to-end encryption."""
    if phone.end_to_end:
        seal = dice.choice(
            [
                Seal(format="crypt15", key=OTHER_ROOT_KEY),
                Seal(format="crypt14", key=CIPHER_KEY),
                Seal(format="crypt12", key=CIPHER_KEY),
            ]
        )
        dated = _dated(_by_time(phone.newest.notes)[0])
        name = "msgstore.db" if seal.format != "crypt15" and dice.random() < 0.6 else dated
        store = _copy(phone, name, _some_older(phone, dice))
        store.seal, store.readable = seal, False


@trait(0.2)
def write_ahead_log(phone: Phone, dice: Random) -> None:
    """The newest messages are beside the database only."""
    if phone.seal is None:
        by_time = _by_time(phone.newest.notes)
        phone.newest.late = by_time[-dice.randint(1, len(by_time)) :]


@trait(0.1)
def log_of_rubbish(phone: Phone, dice: Random) -> None:
    """What lies beside the database is not its log, or not whole: the database counts."""
    if phone.seal is None and not phone.newest.late:
        rubbish = [b"not a log " * 400, bytes(4096), dice.randbytes(20), dice.randbytes(9000)]
        place = f"{phone.prefix}Databases/" if phone.databases == phone.prefix else phone.databases
        phone.extra[f"{place}{phone.newest.name}-wal"] = dice.choice(rubbish)


@trait(0.15)
def damaged_page(phone: Phone, dice: Random) -> None:
    """A page of the newest database is rubbish; a copy is sound."""
    _whole_copy(phone)
    _speak_documents(phone)
    if not phone.newest.late:
        phone.newest.damaged = (dice.randrange(50),)


@trait(0.1)
def damaged_page_without_a_copy(phone: Phone, dice: Random) -> None:
    """What is on the page is lost; nothing else is. Which database is the newest is then open."""
    for store in phone.stores:
        store.subjects.clear()
    for increment in phone.increments:
        increment.subjects.clear()
    _speak_documents(phone)
    if not phone.newest.late:
        phone.newest.damaged = (dice.randrange(50),)


@trait(0.1)
def torn_log(phone: Phone, _dice: Random) -> None:
    """A write-ahead log that was not copied whole costs its own messages."""
    phone.newest.torn = bool(phone.newest.late) and len(phone.newest.late) < len(phone.newest.notes)


@trait(0.1)
def cut_short(phone: Phone, _dice: Random) -> None:
    """The newest database was not copied whole; a daily one was."""
    _whole_copy(phone)
    if not phone.newest.late:
        phone.newest.cut = True


@trait(0.1)
def only_a_dated_copy(phone: Phone, _dice: Random) -> None:
    phone.newest.name = _dated(_by_time(phone.newest.notes)[-1]).replace(".1.db", ".9.db")


def _seal(phone: Phone, seal: Seal) -> None:
    phone.seal, phone.key = seal, seal.key
    phone.newest.seal = seal


def _by_time(notes: list[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: note.sent_at)


def _in_copies(phone: Phone) -> list[Note]:
    return list(dict.fromkeys(note for store in phone.stores[1:] for note in store.notes))


def _some_older(phone: Phone, dice: Random) -> list[Note]:
    """Those up to some moment before the last one."""
    by_time = _by_time(phone.newest.notes)
    return by_time[: dice.randint(1, max(1, len(by_time) - 1))]


def _copy(phone: Phone, name: str, notes: list[Note]) -> Store:
    taken = {store.name for store in phone.stores}
    while name in taken and name != "msgstore.db":
        stem, number = re.fullmatch(r"(.*\.)(\d)\.db", name).groups()  # type: ignore[union-attr]
        name = f"{stem}{int(number) + 1}.db"
    store = Store(name=name, notes=list(notes), schema=replace(phone.schema), seal=phone.seal)
    phone.stores.append(store)
    return store


def _speak_documents(phone: Phone) -> None:
    """No documents: what is left of one on a damaged page is taken for a voice note."""
    for note in phone.notes:
        if note.document:
            note.document = False
            note.changes.pop("message_type")


def _whole_copy(phone: Phone) -> None:
    """A daily copy of everything that the newest has."""
    notes = phone.newest.notes
    _copy(phone, _dated(_by_time(notes)[-1]).replace(".1.db", ".2.db"), notes)


def _dated(note: Note) -> str:
    """The name of the copy that was made the night after a note."""
    day = min(note.sent_at.year, 2026)
    night = note.sent_at.replace(year=day, day=min(note.sent_at.day, 28)) + timedelta(days=1)
    return f"msgstore-{night:%Y-%m-%d}.1.db"
