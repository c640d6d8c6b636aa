"""Keys made for tests, a real database, and containers of it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from gdrive_wa.crypt.decrypt import Decrypted, decrypt_content
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey

ROOT_KEY = RootKey(bytes(range(32)))
OTHER_ROOT_KEY = RootKey(bytes(range(1, 33)))
CIPHER_KEY = CipherKey(
    bytes(range(100, 132)),
    server_salt=bytes(range(32)),
    google_id=bytes(range(50, 66)),
    key_version=2,
)

Seal = Callable[..., Path]


def key_for(format_: str) -> Key:
    """The test key that opens files of that format."""
    return ROOT_KEY if format_ == "crypt15" else CIPHER_KEY


def decrypt_to(path: Path, out: IO[bytes], key: Key | None, *, copy: bool = False) -> Decrypted:
    """Decrypt the file at `path` into `out`; `copy` what has no known format."""
    with path.open("rb") as file:
        return decrypt_content(file, path.name, out.write, key, copy_unknown=copy)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real SQLite database of 2 MB, whose container is longer than one piece of 1 MiB."""
    path = tmp_path_factory.mktemp("database") / "msgstore.db"
    dice = random.Random(15)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE message(_id INTEGER PRIMARY KEY, text TEXT, raw BLOB)")
        rows = (("a text " * dice.randrange(9), dice.randbytes(90)) for _ in range(14000))
        connection.executemany("INSERT INTO message(text, raw) VALUES (?, ?)", rows)
    connection.close()
    return path


@pytest.fixture
def seal(tmp_path: Path, database: Path) -> Seal:
    """Makes a container: ``seal("crypt15", content=b"…", checksum=False)``; its path."""

    def make(
        format_: str,
        *,
        content: bytes | None = None,
        compress: bool = True,
        checksum: bool = True,
        key: Key | None = None,
    ) -> Path:
        plain = database
        if content is not None:
            plain = tmp_path / "plain"
            plain.write_bytes(content)
        sealed = tmp_path / f"msgstore.db.{format_}"
        encrypt_file(
            plain,
            sealed,
            key or key_for(format_),
            format=format_,
            compress=compress,
            checksum=checksum,
        )
        return sealed

    return make
