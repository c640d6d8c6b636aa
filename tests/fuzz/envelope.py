"""Metadata envelopes: sealed ones, and the JSON in them."""

from __future__ import annotations

from gdrive_wa.core.errors import MetadataError, WrongKeyError
from gdrive_wa.crypt.envelope import (
    FileMetadata,
    open_envelope,
    parse_file_metadata,
    seal_envelope,
    stored_name,
)
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import IV, ROOT_KEY

JSONS = (
    (
        b'{"name": "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus", '
        b'"md5Hash": "0123456789abcdef0123456789abcdef", "sizeBytes": 2042, '
        b'"updateTime": "2025-07-05T13:31:59.000+02:00"}'
    ),
    b'{"name": "\\u00e9", "sizeBytes": "12", "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}',
    b'{"name": ["x", {"y": [1e400, null, true]}]}',
)
SEALED = tuple(seal_envelope(text, ROOT_KEY, iv=IV) for text in JSONS)


def try_one(data: bytes) -> object:
    """As JSON, as an envelope round it, and as an envelope itself."""
    assert open_envelope(seal_envelope(data, ROOT_KEY, iv=IV), ROOT_KEY) == data
    try:
        assert open_envelope(data.decode("latin-1"), ROOT_KEY) in JSONS
    except (MetadataError, WrongKeyError):
        metadata = parse_file_metadata(data)
    else:
        return "opened"
    assert parse_file_metadata(metadata.to_json()).name == metadata.name
    stored_name(ROOT_KEY, metadata.name, metadata.md5 or "00" * 16)
    return type(metadata) is FileMetadata


def main(arguments: list[str]) -> int:
    return fuzz("envelope", [*JSONS, *(text.encode() for text in SEALED)], try_one, arguments)
