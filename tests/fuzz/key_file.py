"""Key files of every form."""

from __future__ import annotations

import base64

from gdrive_wa.crypt.keys import JAVA_PREFIX, CipherKey, RootKey, load_key
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import CIPHER_KEY, ROOT_KEY


def java(body: bytes) -> bytes:
    """As the phone writes it."""
    return JAVA_PREFIX + len(body).to_bytes(4, "big") + body


def try_one(data: bytes) -> object:
    """What is read as a key is the same key when it is written and read again."""
    key = load_key(data)
    body = key.reveal() if isinstance(key, RootKey) else key.to_bytes()
    assert load_key(java(body)) == key
    assert key.reveal().hex() not in repr(key)
    return "cipher" if isinstance(key, CipherKey) else "root"


def main(arguments: list[str]) -> int:
    root, cipher = ROOT_KEY.reveal(), CIPHER_KEY.to_bytes()
    samples = [
        java(root),
        java(cipher),
        b"\xff" + root[1:],
        cipher,
        root.hex().encode(),
        b"\xef\xbb\xbf" + root.hex(" ", 2).upper().encode() + b"\r\n",
        base64.b64encode(root),
    ]
    return fuzz("key_file", samples, try_one, arguments)
