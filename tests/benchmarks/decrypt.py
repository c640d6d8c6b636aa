"""Decryption beside the peers: ``python -m tests.benchmarks.decrypt [--quick] [--huge]``.

Makes its own data and prints tables; asserts nothing about time. What is compared: a crypt15
database against ``wadecrypt`` and against isal alone, which inflates the already decrypted stream
to the disk and checks nothing; 5 000 media files against ``wabdd decrypt``. Ours verifies every
MD5 and tag, and flushes to the disk; the isal row flushes too, the peers do not.

For some minutes after thousands of files were deleted, ext4 makes new ones more slowly, for
everybody alike: run it on a disk that was at rest, or name another with ``--folder``.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import sys
import tempfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.jobs.key import write_key_file
from tests.benchmarks.measure import PEERS, measure, show

KEY = RootKey(bytes(range(32)))
SEGMENT_ROWS = 120_000
INFLATE = """
import os, sys
from isal import isal_zlib
inflater = isal_zlib.decompressobj()
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    while piece := source.read(1 << 20):
        while True:
            target.write(inflater.decompress(piece, 4 << 20))
            piece = inflater.unconsumed_tail
            if not piece:
                break
    target.write(inflater.flush())
    target.flush()
    os.fsync(target.fileno())
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print; options of other benchmarks are let pass."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a tenth of everything")
    options.add_argument("--huge", action="store_true", help="a file of 4 GB too")
    options.add_argument("--folder", type=Path, help="where the data go (default: temporary)")
    chosen, _ = options.parse_known_args(argv)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        work = Path(folder)
        write_key_file(KEY, work / "encrypted_backup.key")
        segment = _segment(work)
        sizes = (7, 70) if chosen.quick else (70, 700, 4000) if chosen.huge else (70, 700)
        for megabytes in sizes:
            _database(work, segment, megabytes)
        _media(work, 500 if chosen.quick else 5000)


def _segment(work: Path) -> bytes:
    """A real database, as message tables are: short texts, ids, jids, hashes, thumbnails."""
    path = work / "segment.db"
    dice = random.Random(2)
    words = [dice.randbytes(dice.randrange(2, 8)).hex() for _ in range(4000)]
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE message(_id INTEGER PRIMARY KEY, chat_row_id INTEGER, key_id TEXT,"
            " timestamp INTEGER, text_data TEXT, file_hash TEXT, thumbnail BLOB)"
        )
        for number in range(SEGMENT_ROWS):
            connection.execute(
                "INSERT INTO message VALUES (NULL, ?, ?, ?, ?, ?, ?)",
                (
                    dice.randrange(300),
                    dice.randbytes(10).hex().upper(),
                    1_700_000_000_000 + number * 7919,
                    " ".join(dice.choices(words, k=dice.randrange(1, 25))),
                    dice.randbytes(16).hex() if number % 5 == 0 else None,
                    dice.randbytes(300) if number % 20 == 0 else None,
                ),
            )
    connection.close()
    content = path.read_bytes()
    path.unlink()
    return content


def _database(work: Path, segment: bytes, megabytes: int) -> None:
    """One container of so many megabytes: the segment again and again, deflated once."""
    stream, sealed, key = (
        work / "stream",
        work / "msgstore.db.crypt15",
        work / "encrypted_backup.key",
    )
    deflater = zlib.compressobj(6, wbits=-15)
    deflated = deflater.compress(segment) + deflater.flush(zlib.Z_FULL_FLUSH)
    count = max(1, megabytes * 1_000_000 // len(deflated))
    adler = 1
    with stream.open("wb") as file:
        file.write(b"\x78\x9c")
        for _ in range(count):
            file.write(deflated)
            adler = zlib.adler32(segment, adler)
        file.write(b"\x03\x00" + adler.to_bytes(4, "big"))
    encrypt_file(stream, sealed, KEY, compress=False)
    plain = work / "msgstore.db"
    ours = (sys.executable, "-m", "gdrive_wa", "decrypt", sealed, plain, "--key-file", key)
    rows = []
    for name, command in (
        ("wadecrypt", (PEERS / "wadecrypt", key, sealed, plain)),
        ("isal alone, inflating to disk", (sys.executable, "-c", INFLATE, stream, plain)),
        ("gdrive-wa", ours),
    ):
        rows.append((name, measure(command)))
        size = plain.stat().st_size
        if size != count * len(segment):
            raise SystemExit(f"{name} made {size} bytes")
        plain.unlink()
    show(f"crypt15 of {megabytes} MB, {count * len(segment) // 1_000_000} MB inside", rows)
    stream.unlink()
    sealed.unlink()


def _media(work: Path, count: int) -> None:
    """So many voice notes of 40 KB, as a dump of theirs lies on disk."""
    dice = random.Random(40)
    dump = work / "dump"
    for folder in ("Media", "Databases", "Backups"):
        (dump / folder).mkdir(parents=True)
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    for number in range(count):
        path = f"Media/WhatsApp Voice Notes/{202401 + number // 120}/PTT-WA{number:05}.opus"
        name, sealed, envelope = encrypt_media(
            b"OggS" + dice.randbytes(40_000), KEY, FileMetadata(name=path, updated=moment)
        )
        (dump / "Media" / f"{name}.mcrypt1").write_bytes(sealed)
        (dump / "Media" / f"{name}.mcrypt1-metadata").write_text(envelope)
    digits = work / "digits.txt"
    digits.write_text(KEY.reveal().hex())
    ours = (sys.executable, "-m", "gdrive_wa", "decrypt", dump, work / "ours")
    rows = []
    for name, command in (
        ("wabdd decrypt", (PEERS / "wabdd", "decrypt", "--key-file", digits, "dump", dump)),
        ("gdrive-wa", (*ours, "--key-file", digits)),
    ):
        rows.append((name, measure(command)))
    found = sum(path.suffix == ".opus" for path in (work / "ours").rglob("*"))
    if found != count:
        raise SystemExit(f"ours made {found} of {count} files")
    show(f"{count} mcrypt1 of 40 KB", rows)
    shutil.rmtree(dump)


if __name__ == "__main__":
    main()
