"""Who, where and when, written into an opus file itself; its audio stays bit for bit the same."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import VoiceNote

LONGEST_TAGGED = 256 * 1024 * 1024
"""Bytes of the largest file that is tagged, which happens in memory; a day of speech is half
of it."""

_MAGIC = b"OggS"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an Ogg file, but for its number and checksum.

    Attributes:
        serial: of its stream.
        granule: its time.
        continued: it goes on a packet of the page before.
        lacing: the sizes of its packets, as Ogg writes them: a size below 255 ends one.
        body: the packets' bytes.
    """

    serial: int
    granule: int
    continued: bool
    lacing: bytes
    body: bytes

    @property
    def ended(self) -> int:
        """Packets that end on this page."""
        return len(self.lacing) - self.lacing.count(255)


class NoteTags(NamedTuple):
    """The tags that a file gets when it turns out to be the voice note that it seems to be.

    Attributes:
        key: of the note, as :func:`gdrive_wa.archive.layout.message_key` gives it.
        sha256: of the content that the database promises, hex; None where it promises none.
        mtime: when the note was sent, seconds since 1970 UTC; None where that is unknown.
        tags: Vorbis comments.
    """

    key: str
    sha256: str | None
    mtime: float | None
    tags: dict[str, str]


def is_opus(head: bytes) -> bool:
    """True when a file that begins with `head` (64 bytes will do) is Ogg Opus."""
    return head.startswith(_MAGIC) and b"OpusHead" in head[:64]


def tags_for(note: VoiceNote, timezone: tzinfo | None) -> dict[str, str]:
    """The Vorbis comments of `note`; local times carry their offset from UTC."""
    tags = {"artist": note.sender, "album": note.chat}
    if note.sent_at is not None:
        moment = note.sent_at.astimezone(timezone).isoformat(timespec="seconds")
        tags["title"] = f"{moment[:10]} {moment[11:16]} {note.sender}"
        tags["date"] = moment
    else:
        tags["title"] = f"{PurePosixPath(note.whatsapp_path or note.chat).stem} {note.sender}"
    if note.message_id:
        tags["whatsapp_message_id"] = note.message_id
    if note.chat_jid:
        tags["whatsapp_chat_id"] = note.chat_jid
    return tags


def tagged(content: bytes, tags: dict[str, str]) -> bytes:
    """The opus file `content` with `tags` set, every other comment and all audio as before.

    Raises:
        FormatError: it is no whole Ogg Opus file, or a huge one, and had better stay as it is.
    """
    if len(content) > LONGEST_TAGGED:
        raise FormatError("it is too large")
    from mutagen.oggopus import OggOpus  # noqa: PLC0415 - not needed for --help

    before = audio_digest(content)
    file = io.BytesIO(content)
    try:
        opus: Any = OggOpus(file)  # type: ignore[no-untyped-call]
        for name, text in tags.items():
            opus[name] = text.encode("utf-8", "replace").decode()
        file.seek(0)
        opus.save(file, padding=lambda _: 0)
    except Exception as error:  # a foreign parser on anybody's bytes: it raises what it likes
        raise FormatError("its comments cannot be read") from error
    result = file.getvalue()
    if audio_digest(result) != before:
        raise FormatError("its audio would not have stayed the same")
    return result


def audio_digest(content: bytes) -> bytes:
    """A hash over every page of audio: packets, their sizes, and times.

    Raises:
        FormatError: not one stream of Ogg from the first byte to the last, with two headers
            on pages of their own.
    """
    digest = hashlib.sha256()
    serial, headers = None, 2
    for page in pages(content):
        if serial not in (None, page.serial):
            raise FormatError("more than one stream")
        serial = page.serial
        if headers == 0:
            digest.update(struct.pack("<q?B", page.granule, page.continued, len(page.lacing)))
            digest.update(page.lacing)
            digest.update(page.body)
        elif page.ended > headers or (page.ended == headers and page.lacing[-1:] == b"\xff"):
            raise FormatError("audio on a page of headers")
        else:
            headers -= page.ended
    if headers:
        raise FormatError("no opus headers")
    return digest.digest()


def pages(content: bytes) -> Iterator[Page]:
    """The pages of an Ogg file (RFC 3533), one after the other.

    Raises:
        FormatError: something between or in the pages is not Ogg, or the last page is cut.
    """
    at = 0
    while at < len(content):
        if content[at : at + 4] != _MAGIC or at + 27 > len(content):
            raise FormatError("not a page of Ogg")
        flags, granule, serial = struct.unpack_from("<xBqI", content, at + 4)
        start = at + 27 + content[at + 26]
        lacing = content[at + 27 : start]
        at = start + sum(lacing)
        if at > len(content) or start > len(content):
            raise FormatError("the last page is cut")
        yield Page(serial, granule, bool(flags & 1), lacing, content[start:at])
