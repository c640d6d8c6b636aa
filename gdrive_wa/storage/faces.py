"""The photos of the people in an archive, which its page shows.

``.gdrive-wa/faces.jsonl`` has one JSON object per line: ``jid`` and ``photo``, a picture in base64.
Only people who occur in the archive's notes are in it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Container, Mapping
from contextlib import suppress

from gdrive_wa.core.pictures import parse_picture
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree

FACES_NAME = "faces.jsonl"
FACES_PATH = f"{STATE_FOLDER}/{FACES_NAME}"
LARGEST_FACE = 512 * 1024
"""Maximum bytes of a photo."""
MOST_FACES = 2000
"""Maximum number of people with photos."""
MOST_BYTES = 64 * 1024 * 1024
"""Maximum bytes of all photos together."""


def read_faces(tree: Tree, people: Container[str]) -> dict[str, bytes]:
    """The stored photos of `people`, by jid; none if the file is damaged or cannot be read.

    Args:
        tree: the archive's folder.
        people: jids.
    """
    found: dict[str, bytes] = {}
    with suppress(OSError), tree.open(FACES_PATH, buffering=-1) as lines:
        for line in lines.read(2 * MOST_BYTES).split(b"\n"):
            jid, photo = _parsed(line)
            if photo and jid in people and len(found) < MOST_FACES:
                found[jid] = photo
    return found


def keep_faces(tree: Tree, photos: Mapping[str, bytes], people: Container[str]) -> None:
    """Store `photos` together with those of earlier runs, which they replace; of `people` only.

    Files that are not JPEG or PNG pictures, and too large ones, are left out.

    Args:
        tree: the archive's folder.
        photos: pictures by jid, those of the most important people first.
        people: jids of all who occur in the archive's notes.

    Raises:
        StorageError: the photos cannot be written.
    """
    former = read_faces(tree, people)
    cleaned = {jid: _cleaned(raw) for jid, raw in photos.items() if jid in people}
    wanted = {**{jid: raw for jid, raw in cleaned.items() if raw}, **former}
    wanted |= {jid: raw for jid, raw in cleaned.items() if raw}
    with storage_errors(tree.shown(FACES_PATH)):
        if not wanted:
            return tree.unlink(FACES_PATH)
    if wanted != former:
        write_file(FACES_PATH, b"".join(_lines(wanted)), tree=tree)
    return None


def _lines(photos: Mapping[str, bytes]) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    for jid, raw in photos.items():
        size += len(raw)
        if size > MOST_BYTES or len(lines) >= MOST_FACES:
            break
        item = {"jid": jid, "photo": base64.b64encode(raw).decode("ascii")}
        lines.append(json.dumps(item).encode("ascii") + b"\n")
    return lines


def _parsed(line: bytes) -> tuple[str, bytes]:
    try:
        item = json.loads(line)
        return str(item["jid"]), _cleaned(base64.b64decode(item["photo"], validate=True))
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", b""


def _cleaned(raw: bytes) -> bytes:
    """The picture in `raw` without other data; empty if it is not one, or too large."""
    picture = parse_picture(raw) if len(raw) <= LARGEST_FACE else None
    return b"" if picture is None else picture.content
