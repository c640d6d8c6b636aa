"""mcrypt1 and .enc files: what is not refused is the very content that was sealed."""

from __future__ import annotations

import io

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, read_file_metadata
from gdrive_wa.crypt.media import decrypt_enc, decrypt_mcrypt1
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import IV, ROOT_KEY

CONTENT = b"OggS" + bytes(range(256)) * 2
NAME, SEALED, ENVELOPE = encrypt_media(
    CONTENT, ROOT_KEY, FileMetadata(name="Media/PTT-1.opus"), iv=IV
)
METADATA = read_file_metadata(ENVELOPE, ROOT_KEY)


def try_one(data: bytes) -> object:
    """With and without its envelope, and as if it came from a transient server."""
    for metadata in (METADATA, None):
        out = io.BytesIO()
        try:
            notes = decrypt_mcrypt1(
                io.BytesIO(data), len(data), NAME, ROOT_KEY, out.write, metadata=metadata
            )
        except GdriveWaError:
            continue
        assert out.getvalue() == CONTENT
        return len(notes)
    decrypt_enc(io.BytesIO(data), len(data), bytes(32), io.BytesIO().write)
    return "enc"


def main(arguments: list[str]) -> int:
    return fuzz("media", [SEALED, SEALED[:-16], CONTENT], try_one, arguments)
