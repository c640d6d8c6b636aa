"""The story as data: rows of the database, files, and the expected notes."""

from __future__ import annotations

import base64
import hashlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.crypt.encrypt import encrypt_enc
from gdrive_wa.emulation.msgstore import Media, Message
from gdrive_wa.emulation.ogg import seconds_of, waveform_of, with_serial
from gdrive_wa.emulation.story import (
    GROUP,
    GROUP_JID,
    GROUP_NAME,
    OWNER_NAME,
    PEOPLE,
    MessageKind,
    Person,
    Recording,
    StoryMessage,
    read_picture,
    read_recordings,
    read_story,
)

VOICE_TYPE = "audio/ogg; codecs=opus"
LINK_LIFETIME = timedelta(days=30)
"""The time for which WhatsApp's servers keep a copy."""
LATE = datetime(2099, 1, 1, tzinfo=UTC)
"""The expiry of the link of the missing note: always in the future."""


class Year:
    """The story as data: rows of the database, files, and the expected notes.

    Attributes:
        messages: all messages, by time.
        notes: all voice notes, by time.
        contents: the media of the backup, by path.
        times: when each of them was written, by path.
        transient: encrypted copies on WhatsApp's own servers, by their name there.
    """

    def __init__(self, rng: random.Random) -> None:
        self.messages: list[Message] = []
        self.notes: list[VoiceNote] = []
        self.contents: dict[str, bytes] = {}
        self.times: dict[str, datetime] = {}
        self.transient: dict[str, bytes] = {}
        self._rng = rng
        self._numbers: Counter[str] = Counter()
        self._recordings = read_recordings()
        self._shapes = {
            name: (seconds_of(each.audio), waveform_of(each.audio))
            for name, each in self._recordings.items()
        }
        for line in read_story():
            self._add_message(line)

    def _add_message(self, line: StoryMessage) -> None:
        chat_jid = GROUP_JID if line.chat == GROUP else PEOPLE[line.chat].jid
        in_group = line.sender is not None and line.chat == GROUP
        message_type, origin, text, media = 0, 0, None, None
        match line.what:
            case MessageKind.TEXT:
                text = line.text
            case MessageKind.VOICE:
                message_type, origin = (82 if "once" in line.flags else 2), 1
                media = self._voice(line)
            case MessageKind.IMAGE:
                message_type = 1
                media = self._attach(line, "Images", "IMG", ".jpg", read_picture(), "image/jpeg")
            case MessageKind.AUDIO:
                message_type = 2
                song = self._distinct(self._recordings["song"])
                media = self._attach(line, "Audio", "AUD", ".opus", song, "audio/ogg")
        message = Message(
            chat_jid=chat_jid,
            sender_jid=PEOPLE[line.sender].jid if in_group and line.sender else None,
            from_me=line.sender is None,
            key_id=self._rng.randbytes(16).hex().upper(),
            sent_at=line.at,
            message_type=message_type,
            origin=origin,
            text=text,
            starred="starred" in line.flags,
            forwarded="forwarded" in line.flags,
            media=media,
        )
        self.messages.append(message)
        if line.what is MessageKind.VOICE and media is not None:
            self.notes.append(self._expected_note(line, message, media))

    def _voice(self, line: StoryMessage) -> Media:
        recording = self._recordings[line.text]
        audio = self._distinct(recording)
        seconds, waveform = self._shapes[line.text]
        folder = f"WhatsApp Voice Notes/{line.at:%G%V}"
        path = self._path(line, folder, "PTT", ".opus")
        if "missing" not in line.flags:
            self.contents[path], self.times[path] = audio, line.at
        return self._media(
            line,
            path,
            audio,
            VOICE_TYPE,
            duration=round(seconds),
            waveform=waveform,
            transcript=recording.words if "transcript" in line.flags else None,
        )

    def _attach(
        self,
        line: StoryMessage,
        folder: str,
        prefix: str,
        suffix: str,
        content: bytes,
        mime_type: str,
    ) -> Media:
        path = self._path(line, f"WhatsApp {folder}", prefix, suffix)
        self.contents[path], self.times[path] = content, line.at
        return self._media(line, path, content, mime_type)

    def _path(self, line: StoryMessage, folder: str, prefix: str, suffix: str) -> str:
        day = f"{prefix}-{line.at:%Y%m%d}"
        number = self._numbers[day]
        self._numbers[day] += 1
        sent = "Sent/" if line.sender is None and prefix != "PTT" else ""
        return f"Media/{folder}/{sent}{day}-WA{number:04}{suffix}"

    def _media(
        self,
        line: StoryMessage,
        path: str,
        content: bytes,
        mime_type: str,
        *,
        duration: int = 0,
        waveform: bytes = b"",
        transcript: str | None = None,
    ) -> Media:
        media_key = self._rng.randbytes(32)
        kind = "Image" if mime_type.startswith("image/") else "Audio"
        sealed = encrypt_enc(content, media_key, info=f"WhatsApp {kind} Keys")
        digest = hashlib.sha256(sealed).digest()
        name = f"01_{base64.urlsafe_b64encode(digest[:18]).decode()}"
        expires = line.at + LINK_LIFETIME
        if "missing" in line.flags:
            self.transient[name], expires = sealed, LATE
        return Media(
            path=path,
            size=len(content),
            mime_type=mime_type,
            sha256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
            duration=duration,
            media_key=media_key,
            enc_sha256=base64.b64encode(digest).decode(),
            link=f"/v/t62.7117-24/{name}?ccb=11-4&oh=01&oe={int(expires.timestamp()):X}",
            waveform=waveform,
            transcript=transcript,
        )

    def _distinct(self, recording: Recording) -> bytes:
        return with_serial(recording.audio, self._rng.getrandbits(32))

    def _expected_note(self, line: StoryMessage, message: Message, media: Media) -> VoiceNote:
        chat = GROUP_NAME if line.chat == GROUP else PEOPLE[line.chat].shown
        sender = OWNER_NAME if line.sender is None else PEOPLE[line.sender].shown
        return VoiceNote(
            chat=chat,
            chat_jid=message.chat_jid,
            sender=sender,
            sender_jid=None if line.sender is None else _known_jid(PEOPLE[line.sender]),
            from_me=message.from_me,
            sent_at=line.at,
            duration=float(media.duration),
            size=media.size,
            mime_type=media.mime_type,
            status=NoteStatus.MISSING if "missing" in line.flags else NoteStatus.RESTORED,
            transcript=media.transcript,
            starred=message.starred,
            forwarded=message.forwarded,
            view_once="once" in line.flags,
            message_id=message.key_id,
            whatsapp_path=media.path,
            sha256=base64.b64decode(media.sha256).hex(),
            waveform=tuple(media.waveform),
        )


def _known_jid(person: Person) -> str:
    """The jid with the phone number, if it is known; otherwise the hidden id."""
    return person.number_jid or person.jid
