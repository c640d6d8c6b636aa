"""The links to voice notes on WhatsApp's own servers, with the keys to these copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gdrive_wa.chats.people import UNKNOWN_CHAT, Jids
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, positive, sha256_hex, text
from gdrive_wa.core.model import MediaLink

MEDIA_KEY_SIZE = 32
_VOICE = "CAST(message_type AS INTEGER) IN (2, 81, 82, 103)"
_MESSAGE = ("_id", "chat_row_id", "key_id")
_MEDIA = (
    "message_row_id",
    "message_url",
    "direct_path",
    "media_key",
    "enc_file_hash",
    "file_hash",
    "file_length",
    "file_size",
    "mime_type",
)


def read_links(msgstore: Path) -> Iterator[MediaLink]:
    """The links of all audio messages that have one, in no particular order.

    The old schema is not read: links are valid for about a month, and its last ones expired years
    ago. Rows without a media key are left out, because the copy could not be decrypted.

    Raises:
        DatabaseError: `msgstore` is not a database, or cannot be read.
    """
    with Tables(msgstore) as tables:
        kinds = _VOICE if tables.has("message", "message_type") else "0"
        messages = {
            number: row
            for row in tables.rows("message", _MESSAGE, kinds)
            if (number := as_int(row[0])) is not None
        }
        jids = Jids(tables)
        chats = {
            as_int(row_id): jids.jid_at(jid_row)
            for row_id, jid_row in tables.rows("chat", ("_id", "jid_row_id"))
        }
        for row in tables.rows("message_media", _MEDIA):
            number = as_int(row[0])
            url, path, key = text(row[1]), text(row[2]), row[3]
            if number not in messages or not (url or path):
                continue
            if not isinstance(key, bytes) or len(key) != MEDIA_KEY_SIZE:
                continue
            _, chat_row, key_id = messages[number]
            yield MediaLink(
                chat_jid=chats.get(as_int(chat_row)) or UNKNOWN_CHAT,
                message_id=text(key_id) or f"row {number}",
                url=url,
                direct_path=path,
                media_key=key,
                enc_sha256=sha256_hex(row[4]),
                sha256=sha256_hex(row[5]),
                size=positive(row[6], row[7]),
                mime_type=text(row[8]),
            )
