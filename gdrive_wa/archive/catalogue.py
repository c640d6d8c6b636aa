"""The notes an archive knows: of former runs, and of the databases of this one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gdrive_wa.archive.index import read_index, salvaged
from gdrive_wa.archive.layout import INDEX_NAME, note_id_of
from gdrive_wa.archive.match import Match, Matcher
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.disk import storage_errors

_KEPT = (
    "sender_jid",
    "sent_at",
    "duration",
    "size",
    "mime_type",
    "transcript",
    "whatsapp_path",
    "sha256",
    "waveform",
)
"""What an earlier backup told of a note stays known when a later one no longer says it."""

_NAMELESS = re.compile(
    r"\+?[\d\s().-]+|Unknown( chat| \(.*\))?|Group [\d-]+|Broadcast list|Channel", re.DOTALL
)
"""What somebody or a group is called of whom nobody told a name."""


class NoteCatalogue:
    """Notes by what identifies them; the same note told twice is one.

    Args:
        former: of former runs; those without a row tell nothing here.

    Attributes:
        notes: by :func:`~gdrive_wa.archive.layout.note_id_of`.
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
        self._complete = False

    def expect(self, notes: Iterable[VoiceNote]) -> list[str]:
        """The databases of this run know `notes`; their keys.

        A message that another phone told of before, in its own chat with us, is known by its id
        and content together. Every note of a chat gets the name that the chat has now, those too
        that vanished from the phone; and so with who spoke.
        """
        note_ids = []
        current = list(notes)
        for note in current:
            self._learn(note)
        for note in current:
            note_id = note_id_of(note)
            if note_id not in self.notes and note.sha256 is not None and note.message_id:
                note_id = self._twins.get((note.message_id, note.sha256), note_id)
            self.notes[note_id] = merged(self.notes.get(note_id), note)
            self._matcher.add(note_id, note)
            self._current[note_id] = self._named(note)
            note_ids.append(note_id)
        for note_id, note in self.notes.items():
            self.notes[note_id] = self._named(note)
        return note_ids

    def matcher(self) -> Matcher:
        """Finds the note of a file. Notes of former runs are found by content; by path only
        when no database of this run says better, for paths of two phones are alike.
        """
        if not self._complete:
            self._complete = True
            for note_id, note in self.notes.items():
                if note_id not in self._matcher:
                    self._matcher.add(note_id, note, content_only=bool(self._current))
        return self._matcher

    def match(self, path: str, sha256: str, note: VoiceNote | None = None) -> Match:
        """Whose a file is; `note`'s when neither path nor content tell."""
        match = self.matcher().match(path, sha256, already_placed=sha256 in self._placed)
        if match.exact and match.note_ids:
            self._placed.add(sha256)  # whoever asks places it with all of them
        if not match.note_ids and note is not None and note_id_of(note) in self.notes:
            return Match((note_id_of(note),))
        return match

    def missing_from(self, paths: Iterable[str]) -> list[tuple[str, VoiceNote]]:
        """The notes of this run's databases whose file is at none of `paths`, with their keys;
        each as these databases tell it.
        """
        there = {note_id for path in paths for note_id in self.matcher().by_path(path)}
        return [(note_id, note) for note_id, note in self._current.items() if note_id not in there]

    def _learn(self, note: VoiceNote) -> None:
        """What `note` calls its chat and who spoke holds from now on, if it is a name."""
        _call(self._chats, note.chat_jid, note.chat)
        if not note.from_me:
            _call(self._people, note.sender_jid, note.sender)

    def _named(self, note: VoiceNote) -> VoiceNote:
        chat = self._chats.get(note.chat_jid, note.chat)
        sender = note.sender
        if not note.from_me:
            sender = self._people.get(note.sender_jid or "", sender)
        if (chat, sender) == (note.chat, note.sender):
            return note
        return replace(note, chat=chat, sender=sender)


def _call(names: dict[str, str], jid: str | None, name: str) -> None:
    if jid and (jid not in names or not _NAMELESS.fullmatch(name)):
        names[jid] = name


def former_notes(folder: Path, progress: Progress) -> list[VoiceNote]:
    """The notes that former runs into `folder` left in its index.

    An index that was damaged is put aside. What is whole of it still counts: the databases tell
    anew only of what is still on the phone.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        return []
    try:
        notes = read_index(path)
    except FormatError as error:
        notes = salvaged(path)
        aside = path.with_name(f"{INDEX_NAME}.damaged")
        with storage_errors(path):
            path.replace(aside)
        progress.say(
            f"{error.message}; it was put aside as {aside.name}, {len(notes)} notes of it are kept"
        )
    return notes


def merged(old: VoiceNote | None, new: VoiceNote) -> VoiceNote:
    """What is known of a note: `new`, and from `old` whatever `new` no longer says.

    The same message seen from another phone (its own side, or its other chat) stays as the first
    phone told it.
    """
    if old is None:
        return new
    if note_id_of(old) != note_id_of(new) or old.from_me != new.from_me:
        old, new = new, old
    lacking = {
        name: known
        for name in _KEPT
        if getattr(new, name) in (None, ()) and (known := getattr(old, name)) not in (None, ())
    }
    return replace(new, **lacking) if lacking else new
