"""Decryption compared with the peers, and time and memory for a large container.

    python -m tests.benchmarks decrypt [--quick] [--huge] [--folder FOLDER]

Comparisons: a crypt15 database against ``wadecrypt``, and against isal alone, which inflates
the already decrypted stream and checks nothing; thousands of media files against ``wabdd
decrypt``. Ours verifies every MD5 and tag, and flushes; the isal row flushes too, the peers do not.
"""

from __future__ import annotations

import base64
import random
import sqlite3
import sys
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.jobs.key import write_key_file
from tests.benchmarks.measure import OURS, PEERS, Measured, measure, show
from tests.benchmarks.phone import KEY, make_sealed, write_digits
from tests.benchmarks.table import Reach, compare, print_budget
from tests.benchmarks.workspace import Workspace, parse, workspace

SEGMENT_ROWS = 60_000
NOTES = 4_700
SMALL, MEASURED, HUGE = 70, 700, 4_000
"""Megabytes of the containers."""
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


def main(arguments: Sequence[str]) -> None:
    """Measure and print; with ``--huge`` a container of 4 GB too."""
    options = parse(arguments)
    with workspace(options) as work:
        segment = _segment(work.folder)
        for megabytes in (SMALL, MEASURED, HUGE) if options.huge else (SMALL, MEASURED):
            _database(work, segment, options.few(megabytes), judged=megabytes != SMALL)
        _media(work, options.few(NOTES))


def _segment(folder: Path) -> bytes:
    """A real database that deflates to 60 %: short texts, media keys, hashes, thumbnails."""
    path = folder / "segment.db"
    dice = random.Random(2)
    words = [dice.randbytes(dice.randrange(2, 8)).hex() for _ in range(4000)]
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE message(_id INTEGER PRIMARY KEY, chat_row_id INTEGER, key_id TEXT,"
            " timestamp INTEGER, text_data TEXT, media_key BLOB, file_hash TEXT, thumbnail BLOB)"
        )
        database.executemany(
            "INSERT INTO message VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    dice.randrange(300),
                    dice.randbytes(10).hex().upper(),
                    1_700_000_000_000 + number * 7919,
                    " ".join(dice.choices(words, k=dice.randrange(1, 28))),
                    *_file(dice, number),
                )
                for number in range(SEGMENT_ROWS)
            ),
        )
        database.commit()
    content = path.read_bytes()
    path.unlink()
    return content


def _file(dice: random.Random, number: int) -> tuple[bytes | None, str | None, bytes | None]:
    """The media row of every fourth message; some have a thumbnail."""
    if number % 4:
        return None, None, None
    digest = base64.b64encode(dice.randbytes(32)).decode()
    return dice.randbytes(32), digest, None if number % 40 else dice.randbytes(300)


def _database(work: Workspace, segment: bytes, megabytes: int, *, judged: bool) -> None:
    """One container of so many megabytes: the segment again and again, deflated once."""
    folder = work.folder
    stream, sealed, key = folder / "stream", folder / "msgstore.db.crypt15", folder / "root.key"
    write_key_file(KEY, key)
    count = _deflate(segment, stream, megabytes)
    encrypt_file(stream, sealed, KEY, compress=False)
    plain, size = folder / "msgstore.db", count * len(segment)
    commands = {
        "gdrive-wa": (*OURS, "decrypt", sealed, plain, "--key-file", key),
        "isal alone, inflating": (sys.executable, "-c", INFLATE, stream, plain),
    }
    if (PEERS / "wadecrypt").exists():
        commands["wadecrypt"] = (PEERS / "wadecrypt", key, sealed, plain)
    runs: dict[str, Measured] = {}
    for name, command in commands.items():
        runs[name] = measure(command)
        if plain.stat().st_size != size:
            raise SystemExit(f"{name} made {plain.stat().st_size} bytes of {size}")
        plain.unlink()
    share = stream.stat().st_size / size
    title = f"decrypt a crypt15 database of {megabytes} MB"
    show(f"{title}, which is {share:.0%} of what is inside", list(runs.items()))
    reaches = {"wadecrypt": Reach(wall=0.28, memory=64), "isal alone, inflating": Reach(wall=1.05)}
    for name, reach in reaches.items():
        if judged and name in runs:
            compare(title, runs["gdrive-wa"], name, runs[name], reach)
    stream.unlink()
    sealed.unlink()


def _deflate(segment: bytes, stream: Path, megabytes: int) -> int:
    """Write the zlib stream; how many times the segment is in it."""
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
    return count


def _media(work: Workspace, count: int) -> None:
    """Voice notes of 40 KB, as a dump of wabdd has them on disk."""
    account, out, peer = work.folder / "sealed", work.folder / "ours", work.folder / "wabdd"
    dump, digits = make_sealed(account, count, sidecars=True), write_digits(work.folder)
    title = f"decrypt {count} notes of 40 KB"
    rows = [("gdrive-wa", measure((*OURS, "decrypt", dump, out, "--key-file", digits)))]
    found = sum(path.suffix == ".opus" for path in out.rglob("*"))
    if found != count:
        raise SystemExit(f"ours made {found} of {count} files")
    if (PEERS / "wabdd").exists():
        given = ("--key-file", digits, "dump", dump, "--output", peer)
        rows.append(("wabdd decrypt", measure((PEERS / "wabdd", "decrypt", *given))))
        compare(title, rows[0][1], "wabdd decrypt", rows[1][1], Reach(wall=0.4, cpu=0.6))
    show(title, rows)
    work.drop(account, out, peer)


if __name__ == "__main__":
    main(sys.argv[1:])
    print_budget()
