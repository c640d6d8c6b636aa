"""The photos of the people in an archive, from the user's address book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gdrive_wa.chats.person import Person
from gdrive_wa.core.export_ids import EXPORT_SERVER
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.storage.faces import keep_faces
from gdrive_wa.storage.tree import Tree


def keep_faces_of(
    tree: Tree,
    notes: Sequence[VoiceNote],
    contacts: Path | None,
    *,
    owner: str | None = None,
    only_named: bool = False,
) -> None:
    """Keep the photos of the chats and speakers of `notes` in the archive, and no others.

    Args:
        tree: the archive's folder.
        notes: all its notes.
        contacts: an address book, which may contain photos; None to keep those of earlier runs.
        owner: the owner's number, where it is known.
        only_named: leave out people whom the notes show by their number. Names of `contacts` that
            certainly belong to a number are in the notes already.

    Raises:
        UsageError: `contacts` cannot be read.
        StorageError: the photos cannot be written.
    """
    names = {note.chat_jid: note.chat for note in notes}
    names |= {note.sender_jid: note.sender for note in notes if note.sender_jid is not None}
    photos: dict[str, bytes] = {}
    if contacts is not None:
        named = names if not only_named else dict(filter(_has_name, names.items()))
        photos = _photos(contacts, named, owner)
    often = Counter(jid for note in notes for jid in {note.chat_jid, note.sender_jid} if jid)
    ranked = sorted(photos, key=lambda jid: -often[jid])
    keep_faces(tree, {jid: photos[jid] for jid in ranked}, names)


def _photos(contacts: Path, names: dict[str, str], owner: str | None) -> dict[str, bytes]:
    from gdrive_wa.chats.contacts import Contacts, read_people  # noqa: PLC0415 - slow to import

    people = read_people(contacts)
    book = Contacts(people, owner=owner, candidates=names)
    by_name = _by_name(people)
    photos = {}
    for jid, name in names.items():
        if jid.endswith(f"@{EXPORT_SERVER}"):  # an exported chat has the address book's names
            person = by_name.get(name.casefold())
        else:
            person = book.person(jid)
        if person is not None and person.photo is not None:
            photos[jid] = person.photo.content
    return photos


def _by_name(people: list[Person]) -> dict[str, Person | None]:
    """People by name; None for a name that several people have."""
    found: dict[str, Person | None] = {}
    for person in people:
        name = person.name.casefold()
        found[name] = person if name not in found else None
    return found


def _has_name(named: tuple[str, str]) -> bool:
    """False for a pair of jid and name if the name is only the phone number."""
    from gdrive_wa.chats.people import international, phone_number  # noqa: PLC0415 - slow to import

    digits = phone_number(named[0])
    return digits is None or named[1] != international(digits)
