"""What an authentic container may hold: mutated before it is sealed."""

from __future__ import annotations

import io
import zlib

from gdrive_wa.crypt.payload import Unpacker
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import CONTENTS

LIMIT = 1 << 20


def try_one(data: bytes) -> object:
    """In pieces of any size, never more than the limit, and what zlib says it is."""
    out = io.BytesIO()
    unpacker = Unpacker(out.write, LIMIT)
    step = 1 + len(data) % 40
    for at in range(0, len(data), step):
        unpacker.feed(data[at : at + step])
    unpacker.finish()
    assert out.tell() == unpacker.size <= LIMIT
    assert out.getvalue() == (zlib.decompress(data) if unpacker.compressed else data)
    return unpacker.kind


def main(arguments: list[str]) -> int:
    bomb = zlib.compress(bytes(2 * LIMIT), 9)
    packed = [zlib.compress(content, level) for content in CONTENTS for level in (0, 1, 9)]
    return fuzz("payload", [*CONTENTS, *packed, bomb], try_one, arguments)
