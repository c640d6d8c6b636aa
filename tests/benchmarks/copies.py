"""What a phone keeps beside its newest database: dated copies, and increments.

Every copy lacks what was sent after its day, and knows a few notes that the newest database has
lost. The increments know the notes that were sent after the newest database was written.
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.header import write_varint
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.msgstore import Media
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Conversation,
    HistorySync,
    HistorySyncMsg,
    MediaData,
    Message,
    MessageKey,
    WebMessageInfo,
)

Sent = tuple[datetime, Media]
LOST = 20
"""Notes that the newest database has lost, so that only copies know them."""
_NEWEST = "(SELECT MAX(_id) FROM message)"


def write_copies(store: Path, databases: Path, count: int, key: RootKey) -> None:
    """Write `count` dated copies of `store`, and delete some notes from `store` itself.

    Args:
        store: the plain ``msgstore.db``.
        databases: the folder for the encrypted copies.
        count: of the copies, each a day older than the one before.
        key: encrypts them.
    """
    last = datetime(2026, 1, 7)  # noqa: DTZ001 - a day
    for age in range(count):
        copy = store.with_name("copy.db")
        shutil.copyfile(store, copy)
        _delete(copy, f"_id > {_NEWEST} - {40 * (age + 1)}")
        name = f"msgstore-{last - timedelta(days=age):%Y-%m-%d}.1.db.crypt15"
        encrypt_file(copy, databases / name, key)
        copy.unlink()
    if count:
        early = f"_id <= {50 * LOST} AND _id < {_NEWEST} / 2"
        _delete(store, f"message_type = 2 AND _id % 50 = 1 AND {early}")


def _delete(store: Path, which: str) -> None:
    with closing(sqlite3.connect(store)) as database:
        database.execute(
            f"DELETE FROM message_media WHERE message_row_id IN"  # noqa: S608 - a test's own
            f" (SELECT _id FROM message WHERE {which})"
        )
        database.execute(f"DELETE FROM message WHERE {which}")  # noqa: S608 - likewise
        database.commit()
        database.execute("VACUUM")


def write_increments(databases: Path, notes: Sequence[Sequence[Sent]], key: RootKey) -> None:
    """Write one increment for each of `notes`, as ``msgstore-increment-N-….db.crypt15``."""
    for number, sent in enumerate(notes, 1):
        body = HistorySync(conversations=[_conversation(number, sent)]).SerializeToString()
        plain = databases / "increment.zip"
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("header.json", '{"version": 1}')
            archive.writestr("messages.bin", write_varint(len(body)) + body)
        name = f"msgstore-increment-{number}-2026-01-0{number}.1.db.crypt15"
        encrypt_file(plain, databases / name, key)
        plain.unlink()


def _conversation(number: int, sent: Sequence[Sent]) -> Conversation:
    chat = "15550101@s.whatsapp.net"
    return Conversation(
        id=chat,
        messages=[
            HistorySyncMsg(message=_info(chat, f"LATER{number}{place:04}", at, media))
            for place, (at, media) in enumerate(sent)
        ],
    )


def _info(chat: str, message_id: str, at: datetime, media: Media) -> WebMessageInfo:
    audio = AudioMessage(
        mimetype="audio/ogg; codecs=opus",
        file_sha256=base64.b64decode(media.sha256 or ""),
        file_length=media.size,
        seconds=10,
        ptt=True,
    )
    return WebMessageInfo(
        key=MessageKey(remote_jid=chat, id=message_id),
        message=Message(audio_message=audio),
        message_timestamp=int(at.timestamp()),
        media_data=MediaData(local_path=media.path or ""),
    )
