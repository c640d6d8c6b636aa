"""Partial files and their checkpoints, as a killed download may leave them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import PurePosixPath

from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Silent
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.partial import Partial, open_partials, partial_stem
from gdrive_wa.transfer.run_control import RunControl
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, patched, write
from tests.fuzz.samples import folder

CONTENT = bytes(range(256)) * 4
TARGET = PurePosixPath("Media/x.mcrypt1")
ENTRY = Entry(stored_as=str(TARGET), path=str(TARGET), size=2048, revision="r1")
STEM = partial_stem(TARGET)
FILES = {
    f"{STEM}.part": CONTENT,
    f"{STEM}.json": json.dumps(
        {
            "stored_as": str(TARGET),
            "md5": None,
            "revision": "r1",
            "length": 1000,
            "length_md5": hashlib.md5(CONTENT[:1000]).hexdigest(),
        }
    ).encode(),
}


def try_one(data: bytes) -> object:
    """Only bytes with the recorded hash are taken."""
    try:
        write(patched(FILES, Cursor(data)), folder() / "partial")
        partials = Tree(folder() / "partial")
        open_partials(partials)
        with Partial(
            partials, TARGET, ENTRY, permanent=False, control=RunControl(Silent())
        ) as partial:
            assert partial.length <= len(CONTENT) * 64
            return partial.length in (0, 1000), partial.md5() == hashlib.md5(b"").hexdigest()
    finally:
        shutil.rmtree(folder() / "partial")


def main(arguments: list[str]) -> int:
    return fuzz("checkpoint", [b"\0", b"\1"], try_one, arguments)
