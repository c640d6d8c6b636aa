"""Decide which opened files do not become part of an archive, although they may look like notes."""

from __future__ import annotations

from gdrive_wa.archive.catalogue import NoteCatalogue
from gdrive_wa.core.junk import is_trashed
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry
from gdrive_wa.crypt.recognise import looks_like, suffix_of
from gdrive_wa.storage.draft_file import DraftFile

_AUDIO = (".opus", ".ogg", ".oga", ".m4a", ".mp3", ".mp4", ".aac", ".amr", ".3gp", ".wav", ".waptt")
_NOT_AUDIO = (".jpg", ".png", ".gif", ".pdf", ".vcf", ".webp", ".avi", ".heic")


def reason_to_leave_out(
    entry: Entry, draft: DraftFile, catalogue: NoteCatalogue, *, include_unmatched: bool
) -> str | None:
    """Why a file that was opened is not kept; None if it is kept.

    Args:
        entry: the entry of the file.
        draft: the content of the file.
        catalogue: the voice notes of the databases.
        include_unmatched: keep a media file without metadata that the databases do not mention.
    """
    if entry.kind is Kind.UNKNOWN and not include_unmatched:
        if not catalogue.chosen_by_content(draft.content_sha256):
            return "the databases do not mention it as a voice note"
    elif entry.kind is Kind.VOICE:
        return _unlike_a_note(entry, draft, catalogue)
    return None


def _unlike_a_note(entry: Entry, draft: DraftFile, catalogue: NoteCatalogue) -> str | None:
    trashed = is_trashed(entry.path)
    if not trashed and (entry.path.lower().endswith(_AUDIO) or _is_audio(draft.start)):
        return None
    match = catalogue.matcher().match(entry.path, draft.content_sha256)
    if match.exact and match.note_ids:
        return None
    if trashed:
        return "it is in the phone's bin, and the databases do not mention it as a voice note"
    return "it is among the voice notes, but is not a recording"


def _is_audio(start: bytes) -> bool:
    return looks_like(start) == "media" and suffix_of(start) not in _NOT_AUDIO
