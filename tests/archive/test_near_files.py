"""Pictures around notes are found without an object for each message in memory."""

from __future__ import annotations

from pathlib import Path

from gdrive_wa.archive.near_files import NearFiles
from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.message_pool import MessagePool, PooledMessages
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.storage.record import Record
from gdrive_wa.storage.tree import Tree


def test_messages_with_a_picture_stay_in_a_pool(tmp_path: Path) -> None:
    picture = "Media/WhatsApp Images/IMG-20240102-WA0001.jpg"
    (tmp_path / picture).parent.mkdir(parents=True)
    (tmp_path / picture).write_bytes(b"picture")
    near = NearFiles(Tree(tmp_path), [Record(path=picture, size=7, sha256="0", mtime_ns=0)])
    text = ContextMessage(sender="Ida", sent_at=None, text="look")
    image = ContextMessage(
        sender="Ida", sent_at=None, kind=ContextKind.IMAGE, whatsapp_path=picture
    )
    note = VoiceNote(
        chat="Ida",
        chat_jid="15550101@s.whatsapp.net",
        sender="Ida",
        from_me=False,
        sent_at=None,
        before=MessagePool().kept([text, image]),
    )
    found = near.added_to(note).before
    assert [each.file for each in found] == [None, picture]
    assert [each.whatsapp_path for each in found] == [None, picture]
    assert isinstance(found, PooledMessages)
