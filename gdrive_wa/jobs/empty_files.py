"""Leave out empty files, and say so where they should have had a content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.plan import has_content

_AGAIN = "copy them from the phone again, or wait until the cloud has brought them to this machine"


def with_content(entries: Iterable[Entry], progress: Progress) -> Iterator[Entry]:
    """The entries that hold something; in the end, `progress` receives a warning about voice notes
    and databases that are empty, as an interrupted copy or a cloud drive leaves them."""
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
