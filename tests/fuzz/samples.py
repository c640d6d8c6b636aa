"""Valid samples that the targets mutate, small so that many are tried."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.keys import CipherKey, RootKey

ROOT_KEY = RootKey(bytes(range(32)))
CIPHER_KEY = CipherKey(bytes(range(32)), server_salt=bytes(32), google_id=bytes(16), key_version=2)
IV = bytes(range(16))
CONTENTS = (
    b"SQLite format 3\0" + bytes(range(256)) * 3,
    b'{"settings": [1, 2, 3]}',
    b"",
)
FORMATS = ("crypt12", "crypt14", "crypt15")


def container(content: bytes, format_: str = "crypt15", **options: bool) -> bytes:
    """`content` as a container."""
    plain, sealed = file_of(content, "plain"), folder() / "sealed"
    key = ROOT_KEY if format_ == "crypt15" else CIPHER_KEY
    encrypt_file(plain, sealed, key, format=format_, iv=IV, **options)  # type: ignore[arg-type]
    return sealed.read_bytes()


def containers() -> list[bytes]:
    """Every format, with and without MD5, compressed and not."""
    return [
        container(content, format_, checksum=checksum, compress=compress)
        for content in CONTENTS
        for format_ in FORMATS
        for checksum in (True, False)
        for compress in (True, False)
    ]


@cache
def folder() -> Path:
    """A folder that is there while the targets run; each input takes the place of the last.

    In memory where that can be had: inputs are flushed to the disk otherwise, one by one.
    """
    memory = Path("/dev/shm")
    path = tempfile.mkdtemp(prefix="gdrive-wa-fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


def file_of(content: bytes, name: str) -> Path:
    """`content` as a file of that name."""
    path = folder() / name
    path.write_bytes(content)
    return path
