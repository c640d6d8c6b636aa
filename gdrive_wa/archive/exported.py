"""Recognise the notes of an exported chat among those of a backup of the same chat.

An exported chat contains none of WhatsApp's ids, its names are those of one phone's address book,
and Android leaves out the seconds of its times. So its notes have ids of their own as long as the
archive has no backup of the chat. As soon as it has one, a note that is in both gets the id, the
sender and the time that the backup has, and the other notes of the chat move into the backup's.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from gdrive_wa.archive.catalogue import NoteCatalogue, is_placeholder, merged
from gdrive_wa.archive.layout import Layout, note_id_of
from gdrive_wa.archive.store import ArchiveStore
from gdrive_wa.core.export_ids import is_exported_id
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.storage.manifest import Record

_ZONES = timedelta(hours=26)
"""Maximum difference between the two times of a note, if the time zone of the export is wrong."""


def join_exported(
    notes: Iterable[VoiceNote],
    catalogue: NoteCatalogue,
    store: ArchiveStore,
    layout: Layout,
    *,
    set_aside: Callable[[Record], None],
) -> list[VoiceNote]:
    """Join notes of this run with notes of the archive, if one comes from an exported chat and the
    other from a backup.

    Args:
        notes: the notes of this run.
        catalogue: the notes of the archive. Those from an exported chat get the ids of `notes`.
        store: the files of the archive.
        layout: the names of those files.
        set_aside: makes a file unmatched. It is then found again by its content, and gets the
            name, tags and time that its note has in the backup.

    Returns:
        The notes of this run. Those from an exported chat have the ids of the archive.
    """
    notes = list(notes)
    if not any(is_exported_id(note.message_id) for note in (*notes, *catalogue.notes.values())):
        return notes
    new, archived = _ByOrigin(notes), _ByOrigin(catalogue.notes.values())
    for note, backed_up in _joined(archived.exported, _Pairs(archived.exported, new.others)):
        old_id, new_id = note_id_of(note), note_id_of(backed_up)
        catalogue.rename(old_id, backed_up)
        record = store.existing_file(old_id)
        if record is None or is_exported_id(backed_up.message_id):
            store.rename_note(old_id, new_id)
            layout.rename(old_id, new_id)
        else:
            layout.rename(old_id, new_id, with_name=False)
            set_aside(record)
    pairs = _Pairs(new.exported, archived.others, former=archived.exported)
    joined = {note_id_of(note): known for note, known in _joined(new.exported, pairs)}
    found = []
    for note in notes:
        known = joined.get(note_id_of(note), note)
        before = catalogue.notes.get(note_id_of(known))
        if known is not note and before is not None and not is_exported_id(before.message_id):
            catalogue.add_path(replace(known, sha256=before.sha256 or known.sha256))
            known = merged(known, before)
        found.append(known)
    return found


class _ByOrigin:
    """Notes from exported chats, and all others; each list by time."""

    def __init__(self, notes: Iterable[VoiceNote]) -> None:
        self.exported: list[VoiceNote] = []
        self.others: list[VoiceNote] = []
        for note in sorted(notes, key=_in_time):
            (self.exported if is_exported_id(note.message_id) else self.others).append(note)


class _Pairs:
    """Pairs the notes of exported chats with the same notes of backups.

    Args:
        exported: notes of exported chats, by time.
        others: notes of backups, by time.
        former: notes of exported chats that an earlier run may have moved into a backup's chat.

    Attributes:
        notes: the note of the backup, by the id of the exported note.
        chats: any note of the backup's chat, by the jid of the exported chat.
    """

    def __init__(
        self,
        exported: list[VoiceNote],
        others: list[VoiceNote],
        *,
        former: Iterable[VoiceNote] = (),
    ) -> None:
        self.notes: dict[str, VoiceNote] = {}
        self._taken: set[str] = set()
        self._by_content: dict[str, list[VoiceNote]] = defaultdict(list)
        self._by_minute: dict[object, list[VoiceNote]] = defaultdict(list)
        for note in others:
            if note.sha256 is not None:
                self._by_content[note.sha256].append(note)
            for chat in (note.chat_jid, _letters(note.chat)):
                self._by_minute[chat, _minute(note)].append(note)
        for note in exported:
            self._pair(note, self._with_same_content(note))
        self.chats = self._chats(exported, former)
        for note in exported:
            if note_id_of(note) not in self.notes:
                self._pair(note, self._at_same_time(note))

    def _pair(self, note: VoiceNote, found: list[VoiceNote]) -> None:
        """Pair `note` with the most similar of the notes `found` that has no pair yet."""
        free = [each for each in found if note_id_of(each) not in self._taken]
        if free:
            best = min(free, key=lambda each: _distance(note, each))
            self.notes[note_id_of(note)] = best
            self._taken.add(note_id_of(best))

    def _with_same_content(self, note: VoiceNote) -> list[VoiceNote]:
        same = self._by_content.get(note.sha256 or "", [])
        return [each for each in same if _may_be_simultaneous(note, each)]

    def _at_same_time(self, note: VoiceNote) -> list[VoiceNote]:
        known = self.chats.get(note.chat_jid)
        chat = _letters(note.chat) if known is None else known.chat_jid
        return [
            each
            for each in self._by_minute.get((chat, _minute(note)), [])
            if None in (note.sha256, each.sha256)
            and (each.from_me or not note.from_me)
            and (each.from_me or known is not None or _letters(each.chat) == chat)
        ]

    def _chats(
        self, exported: Iterable[VoiceNote], former: Iterable[VoiceNote]
    ) -> dict[str, VoiceNote]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        notes: dict[str, VoiceNote] = {}
        before = {(each.message_id, _letters(each.chat)): each for each in former}
        for note in exported:
            pair = self.notes.get(note_id_of(note))
            pair = pair or before.get((note.message_id, _letters(note.chat)))
            if pair is not None:
                counts[note.chat_jid][pair.chat_jid] += 1
                notes[pair.chat_jid] = pair
        return {jid: notes[count.most_common(1)[0][0]] for jid, count in counts.items()}


def _joined(exported: Iterable[VoiceNote], pairs: _Pairs) -> Iterator[tuple[VoiceNote, VoiceNote]]:
    """The notes that get another id, each with its new version."""
    for note in exported:
        pair, chat = pairs.notes.get(note_id_of(note)), pairs.chats.get(note.chat_jid)
        if pair is not None:
            yield note, _named_like(pair, replace(note, message_id=pair.message_id), pair.sender)
        elif chat is not None and chat.chat_jid != note.chat_jid:
            sender_jid = note.sender_jid
            if sender_jid == note.chat_jid:
                sender_jid = chat.chat_jid
            yield (
                note,
                _named_like(
                    replace(chat, sender_jid=sender_jid, from_me=note.from_me), note, note.sender
                ),
            )


def _named_like(known: VoiceNote, note: VoiceNote, sender: str) -> VoiceNote:
    """`note` with the chat and the sender of `known`. A name that only the exported chat has is
    kept, because a backup often has only a phone number."""
    return replace(
        note,
        chat=note.chat if is_placeholder(known.chat) else known.chat,
        chat_jid=known.chat_jid,
        sender=note.sender if is_placeholder(sender) else sender,
        sender_jid=known.sender_jid,
        from_me=known.from_me,
    )


def _distance(note: VoiceNote, other: VoiceNote) -> tuple[bool, bool, float]:
    seconds = 0.0
    if note.sent_at is not None and other.sent_at is not None:
        seconds = abs((note.sent_at - other.sent_at).total_seconds())
    return (
        _letters(note.chat) != _letters(other.chat),
        _letters(note.sender) != _letters(other.sender),
        seconds,
    )


def _may_be_simultaneous(note: VoiceNote, other: VoiceNote) -> bool:
    if note.sent_at is None or other.sent_at is None:
        return True
    return abs(note.sent_at - other.sent_at) <= _ZONES


def _minute(note: VoiceNote) -> object:
    return None if note.sent_at is None else note.sent_at.replace(second=0, microsecond=0)


def _in_time(note: VoiceNote) -> tuple[float, str]:
    return (0.0 if note.sent_at is None else note.sent_at.timestamp(), note.message_id)


def _letters(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, folded)) or folded
