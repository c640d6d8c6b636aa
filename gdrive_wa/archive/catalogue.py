"""The notes of an archive: from earlier runs and from the databases of this run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from gdrive_wa.archive.index import read_index, salvaged
from gdrive_wa.archive.layout import INDEX_NAME, note_id_of
from gdrive_wa.archive.match import Match, Matcher
from gdrive_wa.archive.withheld import withheld_notes
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import Entry, NoteStatus, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.tree import Tree

_KEPT = (
    "sender_jid",
    "sent_at",
    "duration",
    "size",
    "mime_type",
    "transcript",
    "transcript_source",
    "words",
    "whatsapp_path",
    "sha256",
    "waveform",
    "before",
    "after",
    "reply_to",
    "reactions",
)
"""Fields kept from an earlier backup when a later one lacks them."""

_OF_TRANSCRIPT = ("transcript_source", "words")
"""Fields that belong to one transcript, and are not kept for another."""

_AROUND = ("before", "after")
"""Fields that are read together, and are not mixed with those of another backup."""

_NAMELESS = re.compile(
    r"\+?[\d\s().-]+|Unknown( chat| \(.*\))?|Group [\d-]+|Broadcast list|Channel", re.DOTALL
)
"""Placeholder names of people and groups without a known name."""


Chosen = Callable[[VoiceNote], bool]
"""Returns True for a note that the user wants."""


def every_note(_note: VoiceNote) -> bool:
    """True: every note is chosen."""
    return True


class NoteCatalogue:
    """Notes by id; a note from several sources is merged into one.

    Args:
        former: notes of earlier runs; those with status ``unmatched`` are ignored.

    Attributes:
        notes: all notes, by :func:`~gdrive_wa.archive.layout.note_id_of`.
    """

    def __init__(self, former: Iterable[VoiceNote]) -> None:
        self.notes = {
            note_id_of(note): note for note in former if note.status is not NoteStatus.UNMATCHED
        }
        self._twins = {
            (note.message_id, note.sha256): note_id
            for note_id, note in self.notes.items()
            if note.message_id and note.sha256
        }
        self._chats: dict[str, str] = {}
        self._people: dict[str, str] = {}
        for note in self.notes.values():
            self._learn(note)
        self._matcher = Matcher()
        self._placed: set[str] = set()
        self._current: dict[str, VoiceNote] = {}
        self._others: dict[str, VoiceNote] = {}
        self._complete = False

    def expect(self, notes: Iterable[VoiceNote], chosen: Chosen = every_note) -> list[str]:
        """Add those of `notes`, from the databases of this run, that are `chosen`; return their
        ids. The others are remembered only so that their files are not given to other notes.

        A message that an earlier run read from another phone, where its chat has another jid, is
        recognised by its message id and content. All notes of a chat get the current name of the
        chat, even those that were deleted from the phone. The same applies to senders.
        """
        note_ids = []
        current = list(notes)
        for note in current:
            self._learn(note)
        for note in current:
            note_id = note_id_of(note)
            if note_id not in self.notes and note.sha256 is not None and note.message_id:
                note_id = self._twins.get((note.message_id, note.sha256), note_id)
            named = self._named(note)
            self._matcher.add(note_id, note)
            if not chosen(named):
                self._others[note_id] = named
                continue
            self.notes[note_id] = merged(self.notes.get(note_id), note)
            self._current[note_id] = named
            note_ids.append(note_id)
        for note_id, note in self.notes.items():
            self.notes[note_id] = self._named(note)
        return note_ids

    def add_around(self, notes: Iterable[VoiceNote]) -> None:
        """Add the messages around `notes`, which were passed to :meth:`expect` without them."""
        for note in notes:
            note_id = note_id_of(note)
            if note_id not in self._current:
                note_id = self._twins.get((note.message_id, note.sha256 or ""), note_id)
            if note_id in self._current:
                self._current[note_id] = named = self._named(note)
                self.notes[note_id] = merged(self.notes.get(note_id), named)

    def rename(self, note_id: str, note: VoiceNote) -> None:
        """Replace the note `note_id` by `note`, which has another id. If there is a note with that
        id already, it is kept, and completed from `note`."""
        self.notes.pop(note_id, None)
        self._learn(note)
        new_id = note_id_of(note)
        self.notes[new_id] = merged(note, self.notes.get(new_id, note))

    def add_path(self, note: VoiceNote) -> None:
        """Let a file at the path of `note` match the note with the same id, too."""
        self._learn(note)
        self._matcher.add(note_id_of(note), note)

    def matcher(self) -> Matcher:
        """Return the matcher from files to notes.

        If this run has databases, notes of earlier runs match by content only, because two
        phones use the same paths.
        """
        if not self._complete:
            self._complete = True
            for note_id, note in self.notes.items():
                if note_id not in self._matcher:
                    self._matcher.add(note_id, note, content_only=bool(self._current))
        return self._matcher

    def current(self) -> list[VoiceNote]:
        """The notes of this run's databases, chosen or not, with the archive's names of chats and
        people."""
        return [*self._current.values(), *self._others.values()]

    def known(self, path: str) -> tuple[VoiceNote, bool] | None:
        """The note with the file `path`, and whether it is chosen; None if there is none. If
        several notes have that file, a chosen one is preferred."""
        note_ids = self._matching(path)
        for note_id in note_ids:
            if note_id not in self._others:
                return self.notes[note_id], True
        return (self._others[note_ids[0]], False) if note_ids else None

    def _matching(self, path: str) -> tuple[str, ...]:
        return self.matcher().by_path(path)

    def chosen_by_path(self, path: str) -> tuple[str, ...]:
        """Ids of the chosen notes with this path."""
        return self._chosen(self._matching(path))

    def chosen_by_content(self, sha256: str) -> tuple[str, ...]:
        """Ids of the chosen notes with this hash."""
        return self._chosen(self.matcher().by_content(sha256))

    def is_of_others(self, path: str) -> bool:
        """True if there are notes with the file `path`, but none of them is chosen."""
        if not self._others:
            return False
        known = self.known(path)
        return known is not None and not known[1]

    def refuses(self, path: str, sha256: str) -> bool:
        """True if a file belongs to notes, but none of them is chosen."""
        if not self._others:
            return False
        found = self.matcher().match(path, sha256).note_ids
        return bool(found) and not self._chosen(found)

    def _chosen(self, note_ids: tuple[str, ...]) -> tuple[str, ...]:
        if not self._others:
            return note_ids
        return tuple(note_id for note_id in note_ids if note_id not in self._others)

    def withheld(self, entries: Iterable[Entry]) -> set[str]:
        """Ids of the notes whose files are, or may be, among `entries`, which failed. Notes that
        failed in an earlier run and are not in this run's databases are included.
        """
        entries = list(entries)
        failed = withheld_notes(entries, self.matcher(), self._current)
        shared = (self.known(entry.path) for entry in entries if self.is_of_others(entry.path))
        hashes = {known[0].sha256 for known in shared if known is not None}
        failed.update(id_ for id_, note in self._current.items() if note.sha256 in hashes - {None})
        return failed | {
            note_id
            for note_id, note in self.notes.items()
            if note.status is NoteStatus.FAILED and note_id not in self._current
        }

    def match(self, path: str, sha256: str, note: VoiceNote | None = None) -> Match:
        """The notes that a file belongs to; `note` if neither its path nor its content matches."""
        match = self.matcher().match(path, sha256, already_placed=sha256 in self._placed)
        if self._others:
            match = replace(match, note_ids=self._chosen(match.note_ids))
        if match.exact and len(match.note_ids) > 1:
            self._placed.add(sha256)  # the caller places the file for all of them
        if not match.note_ids and note is not None and note_id_of(note) in self.notes:
            return Match((note_id_of(note),))
        return match

    def missing_from(self, paths: Iterable[str]) -> list[tuple[str, VoiceNote]]:
        """Ids and notes of this run's databases without a file at any of `paths`."""
        there = {note_id for path in paths for note_id in self.matcher().by_path(path)}
        return [(note_id, note) for note_id, note in self._current.items() if note_id not in there]

    def refresh(self) -> None:
        """Replace this run's notes by those in :attr:`notes`, so that each is in memory only
        once."""
        for note_id in self._current:
            self._current[note_id] = self.notes.get(note_id, self._current[note_id])

    def _learn(self, note: VoiceNote) -> None:
        """From now on, use the names in `note` for its chat and sender, unless they are
        placeholders."""
        _set_name(self._chats, note.chat_jid, note.chat)
        if not note.from_me:
            _set_name(self._people, note.sender_jid, note.sender)

    def _named(self, note: VoiceNote) -> VoiceNote:
        chat = self._chats.get(note.chat_jid, note.chat)
        sender = note.sender
        if not note.from_me:
            sender = self._people.get(note.sender_jid or "", sender)
        if (chat, sender) == (note.chat, note.sender):
            return note
        return replace(note, chat=chat, sender=sender)


def is_placeholder(name: str) -> bool:
    """True if `name` stands in for an unknown name."""
    return _NAMELESS.fullmatch(name) is not None


def _set_name(names: dict[str, str], jid: str | None, name: str) -> None:
    if jid and names.get(jid) != name and (jid not in names or not is_placeholder(name)):
        names[jid] = name


def former_notes(folder: Path, progress: Progress) -> list[VoiceNote]:
    """Read the notes of earlier runs from the index in `folder`.

    A damaged index is renamed. Its intact lines are still used, because the databases contain
    only messages that are still on the phone.
    """
    path, tree = folder / INDEX_NAME, Tree(folder)
    if not tree.lexists(INDEX_NAME):
        return []
    try:
        notes = read_index(path)
    except FormatError as error:
        notes = salvaged(path)
        aside = f"{INDEX_NAME}.damaged"
        with storage_errors(path):
            tree.replace(INDEX_NAME, aside)
        progress.say(f"{error.message}; renamed it to '{aside}' and recovered {len(notes)} notes")
    return notes


def merged(old: VoiceNote | None, new: VoiceNote) -> VoiceNote:
    """Merge two versions of a note: `new`, completed with fields of `old` that `new` lacks.

    If the two come from different phones, the first phone's version wins.
    """
    if old is None:
        return new
    if note_id_of(old) != note_id_of(new) or old.from_me != new.from_me:
        old, new = new, old
    own: tuple[str, ...] = _OF_TRANSCRIPT if new.transcript is not None else ()
    own += _AROUND if new.before or new.after else ()
    lacking = {
        name: known
        for name in _KEPT
        if name not in own
        and getattr(new, name) in (None, ())
        and (known := getattr(old, name)) not in (None, ())
    }
    return replace(new, **lacking) if lacking else new
