"""Property lists, binary and in XML."""

from __future__ import annotations

import plistlib

from gdrive_wa.sources.plist import is_bounded, read_plist
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of

CONTENT = {
    "IsEncrypted": True,
    "OwnJabberID": "15550101@s.whatsapp.net",
    "FullUserName": "Ännchen",
    "Number": 70000,
    "Nested": {"a": [1, 2.5, b"x", "y" * 40]},
}


def try_one(data: bytes) -> object:
    """Only texts, numbers and switches come out; what is bounded can be given to a library."""
    found = read_plist(file_of(data, "Info.plist"))
    assert all(isinstance(name, str) for name in found)
    assert all(isinstance(value, str | int) for value in found.values())
    if is_bounded(data):
        try:
            plistlib.loads(data)
        except Exception:  # noqa: BLE001 - any, as in iphone_files.py; what counts is the cost
            return len(found), "refused"
    return len(found), is_bounded(data)


def main(arguments: list[str]) -> int:
    samples = [plistlib.dumps(CONTENT, fmt=fmt) for fmt in plistlib.PlistFormat]
    return fuzz("plist", samples, try_one, arguments)
