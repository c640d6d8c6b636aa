"""Leave out empty files, and report those that should not be empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.plan import has_content

_AGAIN = "copy them from the phone again, or wait until your cloud drive has downloaded them"


def with_content(entries: Iterable[Entry], progress: Progress) -> Iterator[Entry]:
    """Give the entries that are not empty. At the end, `progress` receives a warning about empty
    voice notes and databases, which an interrupted copy or a cloud drive leaves."""
    voices, databases = 0, []
    for entry in entries:
        if has_content(entry):
            yield entry
        elif not is_junk(entry.path):
            voices += entry.kind is Kind.VOICE
            if entry.kind is Kind.DATABASE and entry.path.lower().endswith((".db", "5", "4", "2")):
                databases.append(entry.path)
    if voices:
        progress.say(f"voice notes that are empty files (0 bytes): {voices}; {_AGAIN}")
    for path in databases:
        progress.say(f"'{path}' is an empty file; copy it from the phone again")
