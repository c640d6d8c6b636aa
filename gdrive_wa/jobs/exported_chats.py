"""The voice notes of exported chats: the text of each chat takes the place of the databases."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from gdrive_wa.chats.export_notes import ExportedChat, merge_notes, read_exported_chat
from gdrive_wa.chats.export_people import NameOf
from gdrive_wa.chats.export_text import ExportText
from gdrive_wa.chats.export_words import chat_of_file_name
from gdrive_wa.chats.read import NAMELESS_OWNER, Chats
from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.export_ids import EXPORT_SERVER
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE
from gdrive_wa.core.message_pool import MessagePool
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.names import folded_name
from gdrive_wa.core.ogg import opus_seconds
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.sources.export_files import ExportedFile, ExportFolder
from gdrive_wa.sources.exported_chat import ExportedChats, path_of_file

_PIECE = 1 << 20
_OFTEN = 500
"""Lines between two checks whether the user asked to stop."""
_LEFT_OUT = (
    "media files that were left out when the chats were exported: {}; to get the voice notes among"
    " them, export again and include media"
)


def read_exported_chats(
    source: ExportedChats,
    entries: Iterable[Entry],
    *,
    contacts: Path | None,
    timezone: tzinfo | None,
    context: int = 0,
    progress: Progress,
) -> Chats:
    """Read the texts of exported chats, each note once.

    Args:
        source: the source of the chats.
        entries: all entries of `source`.
        contacts: an address book, for people who are shown by their phone number.
        timezone: the time zone of the phones that made the exports; None for this machine's.
        context: how many messages before and after each note are kept.
        progress: receives what the user should know, and may stop the run.

    Raises:
        UsageError: `contacts` is not an address book.
    """
    by_path = {entry.path: entry for entry in entries}
    name_of = _names_in(contacts)
    notes: list[VoiceNote] = []
    chats: list[ExportedChat] = []
    warnings = list(source.warnings)
    for folder, text in _texts(source):
        opened = _open_text(source, folder, text, progress)
        chat = _read(opened, folder, text, timezone, name_of, context)
        chats.append(chat)
        if chat.refused:
            warnings.append(
                f"'{text.stored_as}' mentions too many voice notes: {chat.refused} were left out"
            )
        if not chat.messages:
            warnings.append(f"no message in '{text.stored_as}' could be read")
        for note in _with_files(chat, folder):
            progress.check()
            notes.append(_with_content(note, source, by_path))
    if left_out := sum(chat.left_out for chat in chats if not any(map(chat.repeats, chats))):
        warnings.append(_LEFT_OUT.format(left_out))
    for warning in warnings:
        progress.say(warning)
    owners = Counter(chat.owner for chat in chats if chat.owner is not None)
    return Chats(
        owner=owners.most_common(1)[0][0] if owners else NAMELESS_OWNER,
        notes=tuple(merge_notes(notes)),
        warnings=tuple(warnings),
        attached=sum(chat.attached for chat in chats),
        nameless=_nameless(notes, name_of),
    )


def exported_texts(source: ExportedChats) -> Iterator[ExportText]:
    """The text of each chat in `source`, for reading its messages."""
    for folder, text in _texts(source):
        yield _open_text(source, folder, text, Silent())


def _texts(source: ExportedChats) -> Iterator[tuple[ExportFolder, ExportedFile]]:
    for folder in source.folders:
        for text in folder.texts:
            yield folder, text


def _open_text(
    source: ExportedChats, folder: ExportFolder, text: ExportedFile, progress: Progress
) -> ExportText:
    def lines() -> Iterator[str]:
        for number, line in enumerate(source.lines(text)):
            if not number % _OFTEN:
                progress.check()
            yield line

    files = {folded_name(file.name) for file in folder.media}
    names = filter(None, map(chat_of_file_name, (PurePosixPath(text.name).stem, *folder.names)))
    return ExportText(lines, files=files, known_names=names)


def _read(
    opened: ExportText,
    folder: ExportFolder,
    text: ExportedFile,
    timezone: tzinfo | None,
    name_of: NameOf,
    context: int,
) -> ExportedChat:
    stem = PurePosixPath(text.name).stem
    names = [stem, *(name for name in folder.names if name != stem)]
    return read_exported_chat(opened, names=names, zone=timezone, name_of=name_of, context=context)


def _with_files(chat: ExportedChat, folder: ExportFolder) -> Iterator[VoiceNote]:
    """The notes of `chat`, each with the path of its file."""
    files = {folded_name(file.name): file for file in folder.media}
    pool = MessagePool()
    for note, name in chat.notes:
        file = None if name is None else files.get(folded_name(name))
        path = name if file is None else path_of_file(folder, file)
        yield replace(
            note,
            whatsapp_path=path,
            size=None if file is None else file.size,
            before=pool.kept(_with_file(each, folder, files) for each in note.before),
            after=pool.kept(_with_file(each, folder, files) for each in note.after),
        )


def _with_file(
    message: ContextMessage, folder: ExportFolder, files: dict[str, ExportedFile]
) -> ContextMessage:
    """A message near a note, with the path of its file in place of the name."""
    if message.whatsapp_path is None:
        return message
    file = files.get(folded_name(message.whatsapp_path))
    path = None if file is None else path_of_file(folder, file)
    return replace(message, whatsapp_path=path)


def _with_content(note: VoiceNote, source: ExportedChats, by_path: dict[str, Entry]) -> VoiceNote:
    """`note` with its duration and the hash of its content, which also identifies the note in
    other backups of the chat."""
    entry = by_path.get(note.whatsapp_path or "")
    if entry is None or (entry.size or 0) > LONGEST_VOICE_NOTE:
        return note
    pieces = []
    try:
        with source.open(entry) as stream:
            while piece := stream.read(_PIECE):
                pieces.append(piece)
    except GdriveWaError:  # the run reports it when it fetches the file
        return note
    content = b"".join(pieces)
    return replace(note, duration=opus_seconds(content), sha256=hashlib.sha256(content).hexdigest())


def _names_in(contacts: Path | None) -> NameOf:
    if contacts is None:
        return lambda _: None
    from gdrive_wa.chats.contacts import Contacts, read_people  # noqa: PLC0415 - slow to import

    return Contacts(read_people(contacts)).name


def _nameless(notes: Iterable[VoiceNote], name_of: NameOf) -> tuple[str, ...]:
    """The jids of the chats that are only known by a phone number."""
    jids = dict.fromkeys(note.chat_jid for note in notes)
    return tuple(
        jid for jid in jids if not jid.endswith(f"@{EXPORT_SERVER}") and name_of(jid) is None
    )
