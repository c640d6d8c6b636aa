"""Match files to database rows by path, content or unique file name."""

from __future__ import annotations

import re
from collections import defaultdict
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
    """

    note_ids: tuple[str, ...] = ()
    exact: bool = True


@lru_cache(maxsize=1024)
def rootless_path(path: str) -> str:
    """The part of a path that does not depend on WhatsApp's folder on the phone.

    ``/storage/emulated/0/WhatsApp/Media/x``, ``Android/media/com.whatsapp/WhatsApp/Media/x`` and
    ``Media/x`` give the same result; the files of a second account keep their prefix.
    """
    path = "/" + path.replace("\\", "/").lstrip("/")
    at = path.lower().rfind("/media/whatsapp")
    if at < 0:
        return path[1:]
    account = _ACCOUNT.search(path[: at + 1])
    inner = path[at + len("/media/") :]
    return f"accounts/{account.group(1)}/{inner}" if account else inner


class Matcher:
    """Finds rows by the path, name or content of a file."""

    def __init__(self) -> None:
        self._promised: dict[str, str | None] = {}
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_hash: dict[str, list[str]] = defaultdict(list)

    def add(self, note_id: str, note: VoiceNote, *, content_only: bool = False) -> None:
        """Add `note` as `note_id`; with `content_only`, it matches by hash only."""
        new = note_id not in self._promised
        self._promised[note_id] = note.sha256
        if note.sha256 is not None:
            _add(self._by_hash[note.sha256], note_id, new=new)
        if note.whatsapp_path is not None and not content_only:
            path = rootless_path(note.whatsapp_path)
            _add(self._by_path[path], note_id, new=new)
            _add(self._by_name[path.rsplit("/", 1)[-1]], note_id, new=new)

    def __contains__(self, note_id: str) -> bool:
        return note_id in self._promised

    def by_path(self, path: str) -> tuple[str, ...]:
        """Ids of the notes with this path, or else of the only note with its file name."""
        note_ids = self._by_path.get(rootless_path(path))
        if note_ids is None:
            note_ids = self._by_name.get(_name(path), [])
            return tuple(note_ids) if len(note_ids) == 1 else ()
        return tuple(note_ids)

    def by_content(self, sha256: str) -> tuple[str, ...]:
        """Ids of the notes with this hash."""
        return tuple(self._by_hash.get(sha256, ()))

    def forget(self, sha256: str) -> None:
        """Stop matching this hash; all its notes have their file."""
        self._by_hash.pop(sha256, None)

    def match(self, path: str, sha256: str, *, already_placed: bool = False) -> Match:
        """Find all notes that this file belongs to.

        Rows with this path match if they have no hash or the hash of the file. Then come rows
        with this hash, and then the only row with this file name. A row with this path and a
        different hash is an inexact match.

        Args:
            path: path of the file.
            sha256: hash of its content.
            already_placed: the notes with this content already have their file, so one of those
                that `path` does not name is enough. Thousands of messages may share a recording.
        """
        named = self._by_path.get(rootless_path(path), [])
        exact = dict.fromkeys(
            note_id for note_id in named if self._promised[note_id] in (None, sha256)
        )
        promised = self._by_hash.get(sha256, [])
        exact.update(dict.fromkeys(promised[:1] if already_placed else promised))
        if exact:
            return Match(tuple(exact))
        alone = self._by_name.get(_name(path), [])
        if len(alone) == 1 and self._promised[alone[0]] is None:
            return Match(tuple(alone))
        return Match(tuple(named), exact=False)


def _name(path: str) -> str:
    return without_trash(path.replace("\\", "/").rsplit("/", 1)[-1])


def _add(note_ids: list[str], note_id: str, *, new: bool) -> None:
    if new or note_id not in note_ids:
        note_ids.append(note_id)
