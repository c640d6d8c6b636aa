"""The file of stars that a page saves."""

from __future__ import annotations

import json
from dataclasses import replace

from gdrive_wa.archive.stars import FORMAT, read_stars
from tests.fuzz.campaign import fuzz
from tests.fuzz.index import NOTE
from tests.fuzz.samples import file_of

SAVED = {
    "format": FORMAT,
    "archive": "0123456789abcdef",
    "stars": {"15550101@s.whatsapp.net/A1": [1, 1_700_000_000], "x/y": [0, 1]},
    "places": {"15550101@s.whatsapp.net/A1": [12.5, 1_700_000_000]},
}


def try_one(data: bytes) -> object:
    """Every note has a star or has none."""
    stars = read_stars(file_of(data, "places.json"))
    given = stars.has(replace(NOTE, message_id="A1"))
    assert given in (True, False)
    return len(stars.chosen), given


def main(arguments: list[str]) -> int:
    return fuzz("stars", [json.dumps(SAVED).encode()], try_one, arguments)
