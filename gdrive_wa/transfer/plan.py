"""What a download has to do, known before the first byte is fetched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import UnsafeNameError, UsageError
from gdrive_wa.core.model import Entry, Outcome
from gdrive_wa.storage.free_names import Places, metadata_path
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.transfer.partial import room_saved, same_bytes
from gdrive_wa.transfer.standing import may_be


@dataclass(frozen=True, slots=True)
class Task:
    """One entry that is to be had.

    Attributes:
        entry: which.
        place: where it will lie, relative to the folder.
        look: a file is there that may be it already.
    """

    entry: Entry
    place: PurePosixPath
    look: bool = False


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to do, what is done already, and what cannot be done.

    Attributes:
        places: who lies where.
        tasks: what is to do.
        standing: outcomes of what is there and verified.
        stale_metadata: entries that are there, but whose envelope beside them is not.
        impossible: outcomes of what has no place.
        needed: bytes of disk that it will take, as far as the listing tells.
    """

    places: Places
    tasks: list[Task] = field(default_factory=list)
    standing: list[Outcome] = field(default_factory=list)
    stale_metadata: list[Task] = field(default_factory=list)
    impossible: list[Outcome] = field(default_factory=list)
    needed: int = 0


def require_one_backup(dest: Path, records: Iterable[Record], entries: Iterable[Entry]) -> None:
    """Refuse to bring a second backup into `dest`.

    Two of them store their databases under the same names, so the second would take the first
    one's place as if it were its next version.

    Raises:
        UsageError: `records` are of one backup, `entries` of another.
    """
    held = {record.account for record in records} - {None}
    asked = {entry.backup for entry in entries} - {None}
    other = min(filter(None, asked - held), default=None) if held else None
    if other is not None:
        raise UsageError(
            f"{dest} holds the backup of {', '.join(sorted(filter(None, held)))}, and this is that"
            f" of {other}",
            hint="give each backup a folder of its own; this one is as it was",
        )


def make_plan(
    manifest: Manifest, records: dict[str, Record], entries: Iterable[Entry], partials: Path
) -> Plan:
    """What it takes to have `entries`. Reads names and sizes, no content, and writes nothing.

    Args:
        manifest: of the folder; it need not be open, nor the folder there.
        records: what earlier runs put there, by path.
        entries: what is wanted.
        partials: where partial files lie.
    """
    dest = manifest.folder
    plan = Plan(places=Places(dest, records.values()))
    for entry in entries:
        with_metadata = entry.envelope is not None
        try:
            place = plan.places.give(entry.stored_as, with_metadata=with_metadata)
        except UnsafeNameError as error:
            plan.impossible.append(Outcome.failed(entry.path, error))
            continue
        record = records.get(str(place))
        same = record and same_bytes(entry, record.source_md5, record.source_revision)
        if record and same and manifest.intact(record):
            plan.standing.append(standing(entry, place))
            if with_metadata and not _metadata_holds(manifest, records, place, entry):
                plan.stale_metadata.append(Task(entry, place))
            continue
        path = f"{dest}/{place}"
        candidate = may_be(path, entry)
        if not candidate and record is None and os.path.lexists(path):
            place = plan.places.give(entry.stored_as, with_metadata=with_metadata)
        plan.tasks.append(Task(entry, place, look=candidate))
        if not candidate:
            plan.needed += max(0, (entry.size or 0) - room_saved(partials, place))
    return plan


def standing(entry: Entry, place: PurePosixPath) -> Outcome:
    """The outcome of an entry with which nothing is to do."""
    return Outcome(path=entry.path, file=str(place), reason="already there, verified")


def _metadata_holds(
    manifest: Manifest, records: dict[str, Record], place: PurePosixPath, entry: Entry
) -> bool:
    record = records.get(str(metadata_path(place)))
    text = (entry.envelope or "").encode()
    return (
        record is not None
        and record.sha256 == hashlib.sha256(text).hexdigest()
        and manifest.intact(record)
    )
