"""Decide what becomes of an opened file: whether it is wanted, its name, and its outcome."""

from __future__ import annotations

from collections.abc import Container

from gdrive_wa.archive.catalogue import NoteCatalogue
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.crypt.recognise import media_name, suffix_of
from gdrive_wa.storage.draft_file import DraftFile

NOT_KEPT = "read for names and times, not kept"
"""Why a database that was only read is not in the archive."""


def is_not_chosen(
    entry: Entry, draft: DraftFile, catalogue: NoteCatalogue, *, by_content: Container[str]
) -> bool:
    """True if the content of a file shows that the user did not choose it.

    Args:
        entry: the entry of the file.
        draft: the content of the file.
        catalogue: the notes.
        by_content: stored names of files that are wanted only for their content.
    """
    if entry.stored_as in by_content:
        return not catalogue.chosen_by_content(draft.content_sha256)
    return catalogue.refuses(entry.path, draft.content_sha256)


def report_placed(report: Report, entry: Entry, file: str | None) -> None:
    """Add the file of `entry` to `report`; `file` is None if the archive does not keep it."""
    if file is None:
        report.skipped.append(Outcome(path=entry.path, reason=NOT_KEPT))
    else:
        report.done.append(Outcome(path=entry.path, file=file, bytes=entry.size or 0))


def failed_outcome(entry: Entry, error: GdriveWaError, catalogue: NoteCatalogue) -> Outcome:
    """The outcome of an entry that failed; a file of a chat that was not chosen is not named."""
    if not catalogue.is_of_others(entry.path):
        return Outcome.failed(entry.path, error)
    reason = "a recording that a chosen note shares with another chat could not be opened"
    return Outcome(path="(of another chat)", reason=reason, exit_code=error.exit_code)


def named(entry: Entry, draft: DraftFile, catalogue: NoteCatalogue) -> Entry:
    """The entry as the archive may name it.

    If a chosen note shares a file with a chat that was not chosen, the file is named by the hash of
    its content. A media file without metadata gets the suffix that other programs expect.
    """
    if catalogue.is_of_others(entry.path):
        return Entry(stored_as=draft.content_sha256, path=draft.content_sha256, size=entry.size)
    return _with_suffix(entry, draft.start)


def _with_suffix(entry: Entry, start: bytes) -> Entry:
    if entry.path != entry.stored_as or media_name(entry.stored_as) is None:
        return entry
    suffix = suffix_of(start)
    if suffix in (".bin", ".opus"):  # the archive recognises recordings itself
        return entry
    return replace(entry, path=f"Media/{media_name(entry.stored_as)}{suffix}")
