"""Headers, and what `inspect` makes of them."""

from __future__ import annotations

from gdrive_wa.crypt.inspect import inspect
from gdrive_wa.crypt.recognise import read_container_header
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import containers, file_of


def try_one(data: bytes) -> object:
    """A header that is read lies within the data, and the parts of the file add up."""
    seen = inspect(file_of(data, "msgstore.db.crypt15"))
    parts = (
        seen.header_size,
        seen.ciphertext_size,
        seen.tag_size,
        seen.checksum_size,
        seen.tail_size,
    )
    assert min(parts) >= 0
    assert sum(parts) == seen.size == len(data)
    header = read_container_header(data)
    assert 0 < header.size <= len(data)
    assert len(header.iv) == 16
    return header.format


def main(arguments: list[str]) -> int:
    return fuzz("header", containers(), try_one, arguments)
