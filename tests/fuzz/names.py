"""Names from a backup: what is not refused stays below the folder it is joined to."""

from __future__ import annotations

from gdrive_wa.core.names import OWN_PREFIX, folded_name, parts_of, safe_name, safe_path
from tests.fuzz.campaign import fuzz

SAMPLES = (
    "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus",
    "../../x",
    "C:\\x",
    "\\\\host\\x",
    "aux.opus",
    "a. /b ",
    "\N{GRINNING FACE}\u202e\ufe0f.opus",
    "e\u0301" * 90 + ".opus",
    ".gdrive-wa/manifest.jsonl",
    "%2e%2e%2f~-",
    "\udcff",
)


def try_one(data: bytes) -> object:
    """One name, and a path of many."""
    text = data.decode("utf-8", "surrogateescape")
    for name in (safe_name(text), *safe_path(text).parts):
        assert name
        assert name not in (".", "..")
        assert not set(name) & set('/\\\0:*?"<>|')
        assert len(name.encode("utf-8")) <= 255
    path = safe_path(text)
    assert not path.is_absolute()
    assert not any(folded_name(part).startswith(OWN_PREFIX) for part in path.parts)
    assert safe_path(path.as_posix()) == path
    return len(parts_of(text))


def main(arguments: list[str]) -> int:
    samples = [sample.encode("utf-8", "surrogateescape") for sample in SAMPLES]
    return fuzz("names", samples, try_one, arguments)
