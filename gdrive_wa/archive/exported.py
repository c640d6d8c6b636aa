"""Recognise the notes of an exported chat among those of a backup of the same chat.

An exported chat holds no ids of WhatsApp's, names are those of one phone's address book, and
Android gives minutes only. So its notes have ids of their own, until a backup of the chat comes
into the same archive, or is there already: then a note is the backup's, and who said it and when
is what the backup says. The chat becomes the backup's chat as a whole.
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
"""How far two clocks are apart at most: the export was made in another time zone."""


def adopt_exported(
    notes: Iterable[VoiceNote],
    catalogue: NoteCatalogue,
    store: ArchiveStore,
    layout: Layout,
    *,
    set_aside: Callable[[Record], None],
) -> list[VoiceNote]:
    """Join the notes of this run with those of the archive, where only one of the two is known
    from an exported chat.

    Args:
        notes: of this run.
        catalogue: the notes of the archive; those from an exported chat get the ids of `notes`.
        store: the files of the archive.
        layout: their names.
        set_aside: makes a file unmatched. Its note is about to be found by its content, and then
            it gets the name, the tags and the time that the backup gives it.

    Returns:
        The notes of this run; those from an exported chat with the ids of the archive.
    """
    notes = list(notes)
    if not any(is_exported_id(note.message_id) for note in (*notes, *catalogue.notes.values())):
        return notes
    new, there = _Known(notes), _Known(catalogue.notes.values())
    for note, backed_up in _joined(there.exported, _Pairs(there.exported, new.others)):
        old_id, new_id = note_id_of(note), note_id_of(backed_up)
        catalogue.rename(old_id, backed_up)
        record = store.existing_file(old_id)
        if record is None or is_exported_id(backed_up.message_id):
            store.rename_note(old_id, new_id)
            layout.rename(old_id, new_id)
        else:
            layout.rename(old_id, new_id, with_name=False)
            set_aside(record)
    pairs = _Pairs(new.exported, there.others, adopted=there.exported)
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


class _Known:
    """Notes by time: those from exported chats, and the others."""

    def __init__(self, notes: Iterable[VoiceNote]) -> None:
        self.exported: list[VoiceNote] = []
        self.others: list[VoiceNote] = []
        for note in sorted(notes, key=_in_time):
            (self.exported if is_exported_id(note.message_id) else self.others).append(note)


class _Pairs:
    """Which note of a backup a note of an exported chat is.

    Args:
        exported: notes of exported chats, by time.
        others: notes of backups, by time.
        adopted: notes of exported chats that may have got the chat of a backup before.

    Attributes:
        notes: by the id of the exported note.
        chats: a note of the backup's chat, by the jid of the exported chat.
    """

    def __init__(
        self,
        exported: list[VoiceNote],
        others: list[VoiceNote],
        *,
        adopted: Iterable[VoiceNote] = (),
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
            self._take(note, self._with_its_content(note))
        self.chats = self._chats(exported, adopted)
        for note in exported:
            if note_id_of(note) not in self.notes:
                self._take(note, self._of_its_time(note))

    def _take(self, note: VoiceNote, found: list[VoiceNote]) -> None:
        free = [each for each in found if note_id_of(each) not in self._taken]
        if free:
            best = min(free, key=lambda each: _distance(note, each))
            self.notes[note_id_of(note)] = best
            self._taken.add(note_id_of(best))

    def _with_its_content(self, note: VoiceNote) -> list[VoiceNote]:
        same = self._by_content.get(note.sha256 or "", [])
        return [each for each in same if _may_be_at_once(note, each)]

    def _of_its_time(self, note: VoiceNote) -> list[VoiceNote]:
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
        self, exported: Iterable[VoiceNote], adopted: Iterable[VoiceNote]
    ) -> dict[str, VoiceNote]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        notes: dict[str, VoiceNote] = {}
        before = {(each.message_id, _letters(each.chat)): each for each in adopted}
        for note in exported:
            pair = self.notes.get(note_id_of(note))
            pair = pair or before.get((note.message_id, _letters(note.chat)))
            if pair is not None:
                counts[note.chat_jid][pair.chat_jid] += 1
                notes[pair.chat_jid] = pair
        return {jid: notes[count.most_common(1)[0][0]] for jid, count in counts.items()}


def _joined(exported: Iterable[VoiceNote], pairs: _Pairs) -> Iterator[tuple[VoiceNote, VoiceNote]]:
    """The notes that get another id, and how they are called then."""
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
    """`note` in the chat and by the sender of `known`. A name that only the exported chat knows
    stays: backups often know no more than a phone number."""
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


def _may_be_at_once(note: VoiceNote, other: VoiceNote) -> bool:
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
