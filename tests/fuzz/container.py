"""Containers: what is not refused is the very content that was sealed."""

from __future__ import annotations

import io

from tests.crypt.fixtures import decrypt_to
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import CIPHER_KEY, CONTENTS, FORMATS, ROOT_KEY, containers, file_of


def try_one(data: bytes) -> object:
    """An altered container gives the original content or none."""
    key = ROOT_KEY if len(data) % 2 else CIPHER_KEY
    out = io.BytesIO()
    decrypted = decrypt_to(file_of(data, "msgstore.db.crypt15"), out, key)
    if decrypted.format in FORMATS:
        assert out.getvalue() in CONTENTS
    return decrypted.format


def main(arguments: list[str]) -> int:
    samples = containers()
    return fuzz(
        "container", [*samples, *(sample + b"\0" for sample in samples)], try_one, arguments
    )
