"""Distinguish a folder with WhatsApp's files from other folders, by the names of the files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gdrive_wa.core.kinds import METADATA_SUFFIX, Kind, is_encrypted, kind_of

_DATABASE = re.compile(
    r"(msgstore|wa\.db|chatstorage\.sqlite|contactsv2\.sqlite|lid\.sqlite|axolotl|chatsettings"
    r"|companion_devices|commerce|stickers|wallpapers|backup_settings|status_backup)[^/]*\Z",
    re.IGNORECASE,
)
_FOLDER = re.compile(
    r"(?:^|/)(?:whatsapp (?:business )?(?:voice notes|audio|images|video|video notes|documents"
    r"|stickers|animated gifs|profile photos)|message/media)/",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:PTT|AUD|IMG|VID|DOC|STK|GIF)-\d{8}-WA\d+", re.IGNORECASE)


def holds_whatsapp(folder: str, names: Iterable[str]) -> bool:
    """True if any of `names`, the paths of files below `folder`, may be WhatsApp's."""
    return any(_is_of_whatsapp(f"{folder}/{name}") for name in names)


def _is_of_whatsapp(path: str) -> bool:
    base = path.rpartition("/")[2]
    return (
        is_encrypted(base.removesuffix(METADATA_SUFFIX))
        or kind_of(path) is Kind.VOICE
        or _DATABASE.match(base) is not None
        or _FOLDER.search(path) is not None
        or _NAME.match(base) is not None
    )
