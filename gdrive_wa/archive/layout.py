"""File names in an archive. A file keeps its name across runs.

Files in the manifest keep their names, and new notes get free ones. Notes are sorted first, so
the names do not depend on the order in which the files arrive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import PurePosixPath
from sys import intern

from gdrive_wa.core.kinds import Kind, kind_of, without_encryption
from gdrive_wa.core.local_clock import LocalClock
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.names import folded_name, parts_of, safe_name, safe_path
from gdrive_wa.storage.manifest import Record

VOICE_FOLDER = "Voice notes"
UNMATCHED = "Unmatched"
UNDATED = "undated"
"""Replaces an unknown time in a file name."""
DATABASES = "Databases"
MEDIA = "Media"
INDEX_NAME = "voice-notes.json"
TABLE_NAME = "voice-notes.csv"
SUMS_NAME = "SHA256SUMS"
PAGE_NAME = "index.html"

LONGEST_NAME = 120
"""Maximum length of a chat's folder name and of a sender in a file name, in bytes."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, whatever the zone
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}$")
_LONGEST_SUFFIX = 7
"""Characters of the longest suffix, and of a newline after it."""
_SUFFIXES = {
    "audio/ogg": ".opus",
    "audio/opus": ".opus",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
}
_NEVER_CHANGE = frozenset(
    {Kind.VOICE, Kind.AUDIO, Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT, Kind.STICKER, Kind.UNKNOWN}
)


def note_id_of(note: VoiceNote) -> str:
    """The id of a note in an archive: its chat and WhatsApp's message id. Interned, because several
    tables use it as their key."""
    mark = note.message_id
    if not mark:
        moment = "" if note.sent_at is None else note.sent_at.isoformat()
        mark = f"{moment} {note.whatsapp_path or ''}"
    return intern(f"{note.chat_jid.replace('/', '_')}/{mark}")


def database_name(path: str) -> str:
    """The file name of a database without the encryption suffix."""
    return safe_name(without_encryption(parts_of(path)[-1]))


def media_path(path: str) -> PurePosixPath:
    """The path for a file that is not a voice note: WhatsApp's own path below ``Media``.

    Raises:
        UnsafeNameError: the path leads out of the archive.
    """
    parts = safe_path(without_encryption(path)).parts
    folders = [part.casefold() for part in parts[:-1]]
    if "media" in folders:
        parts = parts[len(folders) - folders[::-1].index("media") :]
    return PurePosixPath(MEDIA, *parts)


def unmatched_path(entry: Entry, *, is_recording: bool) -> PurePosixPath:
    """The path for a file that belongs to no known voice note, but may be a voice note itself.

    Raises:
        UnsafeNameError: the path leads out of the archive.
    """
    wanted = media_path(entry.path)
    if entry.kind is Kind.VOICE:
        return PurePosixPath(VOICE_FOLDER, UNMATCHED, wanted.name)
    if entry.kind is Kind.UNKNOWN and is_recording:
        return PurePosixPath(VOICE_FOLDER, UNMATCHED, f"{wanted.name}.opus")
    return wanted


def suffix_of(note: VoiceNote) -> str:
    """The suffix for a note's file: the original one, or by MIME type, or else ``.opus``."""
    return _suffix((note.whatsapp_path or "")[-_LONGEST_SUFFIX:], note.mime_type)


@lru_cache(maxsize=1024)
def _suffix(path_end: str, mime_type: str | None) -> str:
    had = _SUFFIX.search(path_end)
    if had:
        return had.group().lower()
    return _SUFFIXES.get((mime_type or "").partition(";")[0].strip().lower(), ".opus")


def owner_of(record: Record) -> str:
    """The owner of a path that does not belong to a known voice note.

    Media files never change, so different content under the same path comes from another phone
    and both files are kept. Of other files, such as settings, only the newest is kept.
    """
    path = record.whatsapp_path or record.path
    if record.path.startswith(f"{VOICE_FOLDER}/") or kind_of(path) in _NEVER_CHANGE:
        return f"sha256:{record.content_sha256 or record.sha256}"
    return path


class Layout:
    """The file names of one archive.

    Args:
        timezone: for the times in names; None for this machine's.
        records: the files already in the archive.
    """

    def __init__(self, timezone: tzinfo | None, records: Iterable[Record]) -> None:
        self._clock = LocalClock(timezone)
        self._files: dict[str, str] = {}
        self._above: set[str] = set()
        self._usable_folders: set[str] = set()
        self._folders: dict[str, str] = {}
        self._chats: dict[str, str] = {folded_name(UNMATCHED): ""}
        self._names: dict[str, str] = {}
        for record in records:
            self._take(folded_name(record.path), record.message or owner_of(record))
            place = PurePosixPath(record.path)
            if record.message is not None:
                self._names[record.message] = record.path
                if place.parts[0] == VOICE_FOLDER and len(place.parts) == 3:
                    chat = record.message.partition("/")[0]
                    self._folders.setdefault(chat, place.parts[1])
                    self._chats.setdefault(folded_name(place.parts[1]), chat)

    def assign(self, notes: Iterable[VoiceNote]) -> None:
        """Name those of `notes` that have no name yet, in a fixed order."""
        new = [note for note in notes if note_id_of(note) not in self._names]
        chats = {note.chat_jid.replace("/", "_"): note.chat for note in new}
        for jid in sorted(chats):
            if jid not in self._folders:
                self._name_folder(jid, chats[jid])
        for note in sorted(new, key=_order):
            self.of(note)

    def of(self, note: VoiceNote) -> str:
        """The path of `note`: ``Voice notes/<chat>/<YYYY-MM-DD HH.MM.SS> <sender>.opus``."""
        key = note_id_of(note)
        if key not in self._names:
            jid = key.partition("/")[0]
            if jid not in self._folders:
                self._name_folder(jid, note.chat)
            moment = UNDATED
            if note.sent_at is not None:
                local = _EPOCH + timedelta(seconds=self._clock.seconds(note.sent_at)[0])
                moment = local.isoformat(" ", "seconds").replace(":", ".")
            sender = _sender_name(note.sender)
            name = f"{moment} {sender}{suffix_of(note)}"
            wanted = f"{VOICE_FOLDER}/{self._folders[jid]}/{name}"
            self._names[key] = self.claim(wanted, key, marks=_marks(note))
        return self._names[key]

    def rename(self, old_id: str, new_id: str, *, with_name: bool = True) -> None:
        """Transfer the file name of note `old_id` to note `new_id`, and the folder of its chat to
        the chat of `new_id`, unless these have their own already. Without `with_name`, the file
        name becomes free.
        """
        path = self._names.pop(old_id, None)
        if path is None:
            return
        self.release(path)
        old, new = old_id.partition("/")[0], new_id.partition("/")[0]
        if new not in self._folders and old in self._folders:
            self._folders[new] = self._folders[old]
            self._chats[folded_name(self._folders[old])] = new
        if with_name and new_id not in self._names:
            self._names[new_id] = path
            self._files[folded_name(path)] = new_id

    def release(self, path: str) -> None:
        """Free the name `path`."""
        self._files.pop(folded_name(path), None)

    def claim(self, wanted: str, owner: str, *, marks: Iterable[str] = ()) -> str:
        """Claim the path `wanted` for `owner`, and return it. If another owner has it, a variant
        with one of `marks` or a hash is claimed instead."""
        for path in _alternatives(wanted, owner, marks):
            key = folded_name(path)
            if self._files.get(key) == owner or self._free(key):
                self._take(key, owner)
                return path
        raise AssertionError("alternatives never end")  # pragma: no cover

    def _free(self, key: str) -> bool:
        if key in self._files or key in self._above:
            return False
        folder = key.rpartition("/")[0]
        if folder not in self._usable_folders:
            if any(each in self._files for each in _folders_of(key)):
                return False
            self._usable_folders.add(folder)  # from now on, no file can get the name of this folder
        return True

    def _take(self, key: str, owner: str) -> None:
        self._files[key] = owner
        if key.rpartition("/")[0] not in self._above:
            self._above.update(_folders_of(key))

    def _name_folder(self, jid: str, chat: str) -> None:
        user = safe_name(jid.partition("@")[0], fallback="unknown")
        name = safe_name(chat, fallback=user, max_bytes=LONGEST_NAME)
        if name.startswith("."):
            name = "_" + name
        mark = hashlib.sha256(jid.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        for candidate in (name, f"{name} ({user})", f"{name} ({mark})"):
            folder = safe_name(candidate)
            if self._chats.setdefault(folded_name(folder), jid) == jid:
                break
        self._folders[jid] = folder


@lru_cache(maxsize=1024)
def _sender_name(sender: str) -> str:
    return safe_name(sender, fallback="Unknown", max_bytes=LONGEST_NAME)


def _marks(note: VoiceNote) -> Iterator[str]:
    """Texts that distinguish the file of a note from others of the same name."""
    yield safe_name(note.message_id, fallback="0")[-8:]
    yield note.message_id


def _folders_of(key: str) -> Iterator[str]:
    at = key.rfind("/")
    while at > 0:
        yield key[:at]
        at = key.rfind("/", 0, at)


def _alternatives(wanted: str, owner: str, marks: Iterable[str]) -> Iterator[str]:
    yield wanted
    place = PurePosixPath(wanted)
    stem, suffix = place.stem, place.suffix
    for mark in marks:
        yield place.with_name(safe_name(f"{stem} ({mark}){suffix}")).as_posix()
    number = 0
    while True:
        mark = hashlib.sha256(f"{owner} {number}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        yield place.with_name(safe_name(f"{stem}~{mark}{suffix}")).as_posix()
        yield PurePosixPath(place.parts[0], f"{mark}{suffix}").as_posix()
        number += 1


def _order(note: VoiceNote) -> tuple[float, str, str]:
    moment = 0.0 if note.sent_at is None else note.sent_at.timestamp()
    return (moment, note.chat_jid, note.message_id)
