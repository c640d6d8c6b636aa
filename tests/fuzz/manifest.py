"""Manifests that rotted on somebody's disk."""

from __future__ import annotations

from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, Manifest, Record, read_manifest
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import folder

RECORDS = (
    Record(path="Media/a.opus", size=3, sha256="ab" * 32, mtime_ns=1, stored_as="Media/X.mcrypt1"),
    Record(
        path="Voice notes/Ann/é.opus",
        size=0,
        sha256="",
        mtime_ns=0,
        message="15550100@s.whatsapp.net/A1",
        also=(("Media/Y.mcrypt1", "00" * 16, None),),
    ),
)


def sample() -> bytes:
    """A manifest of two files."""
    with Manifest(folder()) as manifest:
        for record in RECORDS:
            manifest.add(record)
    return manifest.path.read_bytes()


def try_one(data: bytes) -> object:
    """What can be read can be held, and is the same when it is read again."""
    (folder() / STATE_FOLDER).mkdir(exist_ok=True)
    (folder() / STATE_FOLDER / MANIFEST_NAME).write_bytes(data)
    records = read_manifest(folder())
    with Manifest(folder()) as manifest:
        for record in records:
            manifest.intact(record)
            manifest.from_source(record.stored_as or "")
    assert {r.path: r for r in read_manifest(folder())} == {r.path: r for r in records}
    return len(records)


def main(arguments: list[str]) -> int:
    whole = sample()
    dropped = whole + b'{"path":"Media/a.opus","dropped":true}\n'
    return fuzz("manifest", [whole, dropped, whole[:-9]], try_one, arguments)
