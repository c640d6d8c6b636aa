"""Match files to database rows by path, content or unique file name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gdrive_wa.core.junk import without_trash
from gdrive_wa.core.model import VoiceNote

_ACCOUNT = re.compile(r"(?:^|/)accounts/([^/]+)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """The rows that a file belongs to.

    Attributes:
        note_ids: ids of the notes, as passed to :meth:`Matcher.add`.
        exact: False if only the path matches and the row's hash differs from the content.
        by_name: only the file name matches, and only one row has that name.
    """

    note_ids: tuple[str, ...] = ()
    exact: bool = True
    by_name: bool = False


@lru_cache(maxsize=1024)
def rootless_path(path: str) -> str:
    """The part of a path that does not depend on WhatsApp's folder on the phone.

    ``/storage/emulated/0/WhatsApp/Media/WhatsApp x``, ``Android/media/com.whatsapp/WhatsApp/Media/
    WhatsApp x`` and ``WhatsApp x`` all become ``Media/WhatsApp x``, the form that most paths have
    already. Paths of a second account keep their prefix.
    """
    rooted = "/" + path.replace("\\", "/").lstrip("/")
    lowered = rooted.lower()
    at = lowered.rfind("/media/whatsapp")
    if at < 0:
        return f"Media{rooted}" if lowered.startswith("/whatsapp") else rooted[1:]
    account = _ACCOUNT.search(rooted[: at + 1])
    inner = rooted[at + len("/media/") :]
    if account:
        return f"accounts/{account.group(1)}/{inner}"
    found = f"Media/{inner}"
    return path if path == found else found  # the same text, not a copy of it


class Matcher:
    """Finds rows by the path, name or content of a file."""

    def __init__(self) -> None:
        self._promised: dict[str, str | None] = {}
        self._by_path = _NoteIds()
        self._by_hash = _NoteIds()
        self._alone: dict[str, str | None] | None = None

    def add(self, note_id: str, note: VoiceNote, *, content_only: bool = False) -> None:
        """Add `note` as `note_id`; with `content_only`, it matches by hash only."""
        new = note_id not in self._promised
        self._promised[note_id] = note.sha256
        if note.sha256 is not None:
            self._by_hash.add(note.sha256, note_id, new=new)
        if note.whatsapp_path is not None and not content_only:
            self._by_path.add(rootless_path(note.whatsapp_path), note_id, new=new)
            self._alone = None

    def __contains__(self, note_id: str) -> bool:
        return note_id in self._promised

    def has_path(self, path: str) -> bool:
        """True if a note has exactly this path."""
        return bool(self._by_path.get(rootless_path(path)))

    def by_path(self, path: str) -> tuple[str, ...]:
        """Ids of the notes with this path, or else of the only note with its file name."""
        note_ids = self._by_path.get(rootless_path(path))
        if note_ids:
            return note_ids
        alone = self._by_name(_name(path))
        return () if alone is None else (alone,)

    def by_content(self, sha256: str) -> tuple[str, ...]:
        """Ids of the notes with this hash."""
        return self._by_hash.get(sha256)

    def forget(self, sha256: str) -> None:
        """Stop matching this hash; all its notes have their file."""
        self._by_hash.forget(sha256)

    def match(self, path: str, sha256: str, *, already_placed: bool = False) -> Match:
        """Find all notes that this file belongs to.

        Rows with this path match if they have no hash or the hash of the file. Then come rows
        with this hash, and then the only row with this file name. A row with this path and a
        different hash is an inexact match.

        Args:
            path: path of the file.
            sha256: hash of its content.
            already_placed: all notes with this content have their file already, so one of them is
                enough, besides those with this path. Thousands of messages may share a recording.
        """
        named = self._by_path.get(rootless_path(path))
        exact = dict.fromkeys(
            note_id for note_id in named if self._promised[note_id] in (None, sha256)
        )
        promised = self._by_hash.get(sha256)
        exact.update(dict.fromkeys(promised[:1] if already_placed else promised))
        if exact:
            return Match(tuple(exact))
        alone = self._by_name(_name(path))
        if alone is not None and self._promised[alone] is None:
            return Match((alone,), by_name=True)
        return Match(named, exact=False)

    def _by_name(self, name: str) -> str | None:
        """The id of the only note with this file name. The table is made when it is first needed,
        because few files are looked up by their names."""
        if self._alone is None:
            self._alone = {}
            for path, note_ids in self._by_path.items():
                for note_id in note_ids:
                    known = self._alone.setdefault(path.rsplit("/", 1)[-1], note_id)
                    if known != note_id:
                        self._alone[path.rsplit("/", 1)[-1]] = None
        return self._alone.get(name)


class _NoteIds:
    """Ids of notes by a text. Most texts have one id, which is stored without a list."""

    def __init__(self) -> None:
        self._ids: dict[str, str | list[str]] = {}

    def add(self, text: str, note_id: str, *, new: bool) -> None:
        """Add `note_id`, unless it is there. If it is `new`, it is not there for any text."""
        known = self._ids.setdefault(text, note_id)
        if known is note_id:
            return
        if isinstance(known, str):
            if known != note_id:
                self._ids[text] = [known, note_id]
        elif new or note_id not in known:
            known.append(note_id)

    def get(self, text: str) -> tuple[str, ...]:
        """The ids of `text`."""
        known = self._ids.get(text, ())
        return (known,) if isinstance(known, str) else tuple(known)

    def forget(self, text: str) -> None:
        """Drop the ids of `text`."""
        self._ids.pop(text, None)

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each text with its ids."""
        return ((text, self.get(text)) for text in self._ids)


def _name(path: str) -> str:
    return without_trash(path.replace("\\", "/").rsplit("/", 1)[-1])
