"""Leave out entries in unsupported formats, and refuse the folders of other programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.kinds import Kind, is_encrypted
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.progress import Progress
from gdrive_wa.crypt.unsupported import unsupported
from gdrive_wa.jobs.plan import NothingThereError
from gdrive_wa.sources.base import WHEN_EMPTY, BackupSource
from gdrive_wa.sources.whatsapp_folder import holds_whatsapp


def restorable_entries(
    source: BackupSource, backup: Backup, entries: Iterable[Entry], progress: Progress
) -> list[Entry]:
    """The entries without those in unsupported formats; `progress` receives a warning about each.

    Raises:
        NothingThereError: the folder is not a WhatsApp backup.
        FormatError: the backup has nothing else that can be restored.
    """
    entries = list(entries)
    _require_whatsapp(source, backup, entries)
    kept: list[Entry] = []
    refused: list[FormatError] = []
    for entry in entries:
        error = unsupported(entry.path, b"")
        if error is None:
            kept.append(entry)
        else:
            refused.append(error)
    if refused and not any(map(_can_be_restored, kept)):
        raise refused[0]
    for error in refused:
        progress.say(f"left out: {error.message}")
    return kept


def _require_whatsapp(source: BackupSource, backup: Backup, entries: list[Entry]) -> None:
    if entries and getattr(source, "any_folder", False):
        folder = Path(backup.name)
        if not holds_whatsapp(folder.name, (entry.stored_as for entry in entries)):
            raise NothingThereError(
                f"'{folder}' is not a WhatsApp backup", hint=WHEN_EMPTY["folder"]
            )


def _can_be_restored(entry: Entry) -> bool:
    return entry.kind in (Kind.DATABASE, Kind.VOICE, Kind.AUDIO) or is_encrypted(entry.path)
