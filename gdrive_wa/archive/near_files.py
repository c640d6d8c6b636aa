"""The archive's pictures and videos that belong to messages around notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gdrive_wa.archive.layout import VOICE_FOLDER
from gdrive_wa.archive.match import rootless_path
from gdrive_wa.core.context import SHOWN_KINDS, ContextMessage
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import MessagePool, kinds_of
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.storage.manifest import Record
from gdrive_wa.storage.tree import Tree


def near_files_of(notes: Iterable[VoiceNote]) -> set[str]:
    """The paths of all files of messages around `notes`."""
    return {
        message.file
        for note in notes
        for message in (*note.before, *note.after)
        if message.file is not None
    }


def with_phone_paths(note: VoiceNote, records: Mapping[str, Record]) -> VoiceNote:
    """`note` with the phone's path of each file around it; lists do not contain these paths.

    Args:
        note: a note from the list of an archive.
        records: the archive's files, by path.
    """
    before, after = (
        tuple(_with_phone_path(each, records) for each in messages)
        for messages in (note.before, note.after)
    )
    return replace(note, before=before, after=after)


def _with_phone_path(message: ContextMessage, records: Mapping[str, Record]) -> ContextMessage:
    if message.file is None:
        return message
    record = records.get(message.file)
    path = message.file if record is None else record.whatsapp_path or record.path
    return replace(message, whatsapp_path=path)


class NearFiles:
    """Finds the files of messages in an archive.

    Args:
        tree: the archive's folder.
        records: the files in it.
    """

    def __init__(self, tree: Tree, records: Iterable[Record]) -> None:
        self._tree = tree
        self._by_path = {
            rootless_path(record.whatsapp_path or record.path): record.path
            for record in records
            if record.message is None and not record.path.startswith(f"{VOICE_FOLDER}/")
        }
        self._present: dict[str, bool] = {}
        self._pool = MessagePool()

    def added_to(self, note: VoiceNote) -> VoiceNote:
        """`note` with the archive's paths of the files around it. A message whose file is not in
        the archive gets no path."""
        before, after = map(self._each, (note.before, note.after))
        if before is note.before and after is note.after:
            return note
        return replace(note, before=before, after=after)

    def _each(self, messages: Sequence[ContextMessage]) -> Sequence[ContextMessage]:
        if not messages or SHOWN_KINDS.isdisjoint(kinds_of(messages)):
            return messages
        found = [(message, self._message(message)) for message in messages]
        if all(before is after for before, after in found):
            return messages
        return self._pool.kept(after for _, after in found)  # in the same compact form

    def _message(self, message: ContextMessage) -> ContextMessage:
        if message.kind not in SHOWN_KINDS:
            return message
        file = message.file
        if message.whatsapp_path is not None:
            file = self._by_path.get(rootless_path(message.whatsapp_path), file)
        if file is not None and not self._is_there(file):
            file = None
        return message if file == message.file else replace(message, file=file)

    def _is_there(self, path: str) -> bool:
        if path not in self._present:
            self._present[path] = self._tree.is_file(path)
        return self._present[path]
