"""What a download has to do, known before the first byte is fetched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import UnsafeNameError, UsageError
from gdrive_wa.core.model import Entry, Outcome
from gdrive_wa.storage.free_names import FreeNames, metadata_path
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.transfer.existing_file import may_match
from gdrive_wa.transfer.partial import partial_bytes, same_bytes


@dataclass(frozen=True, slots=True)
class Task:
    """One entry that is to be had.

    Attributes:
        entry: which.
        target: where it will lie, relative to the folder.
        candidate: a file is there that may be it already.
    """

    entry: Entry
    target: PurePosixPath
    candidate: bool = False


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to do, what is done already, and what cannot be done.

    Attributes:
        names: who lies where.
        tasks: what is to do.
        already_there: outcomes of what is there and verified.
        stale_metadata: entries that are there, but whose envelope beside them is not.
        impossible: outcomes of what has no place.
        needed: bytes of disk that it will take, as far as the listing tells.
    """

    names: FreeNames
    tasks: list[Task] = field(default_factory=list)
    already_there: list[Outcome] = field(default_factory=list)
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
    recorded = {record.account for record in records} - {None}
    requested = {entry.backup for entry in entries} - {None}
    other = min(filter(None, requested - recorded), default=None) if recorded else None
    if other is not None:
        raise UsageError(
            f"'{dest}' holds the backup of {', '.join(sorted(filter(None, recorded)))}, not"
            f" the one of {other}",
            hint="choose another folder for this backup; nothing was changed in this one",
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
    plan = Plan(names=FreeNames(dest, records.values()))
    for entry in entries:
        with_metadata = entry.envelope is not None
        try:
            target = plan.names.allocate(entry.stored_as, with_metadata=with_metadata)
        except UnsafeNameError as error:
            plan.impossible.append(Outcome.failed(entry.path, error))
            continue
        record = records.get(str(target))
        same = record and same_bytes(entry, record.source_md5, record.source_revision)
        if record and same and manifest.intact(record):
            plan.already_there.append(already_there(entry, target))
            if with_metadata and not _metadata_holds(manifest, records, target, entry):
                plan.stale_metadata.append(Task(entry, target))
            continue
        path = f"{dest}/{target}"
        candidate = may_match(path, entry)
        if not candidate and record is None and os.path.lexists(path):
            target = plan.names.allocate(entry.stored_as, with_metadata=with_metadata)
        plan.tasks.append(Task(entry, target, candidate=candidate))
        if not candidate:
            plan.needed += max(0, (entry.size or 0) - partial_bytes(partials, target))
    return plan


def already_there(entry: Entry, target: PurePosixPath) -> Outcome:
    """The outcome of an entry with which nothing is to do."""
    return Outcome(path=entry.path, file=str(target), reason="already there, verified")


def _metadata_holds(
    manifest: Manifest, records: dict[str, Record], target: PurePosixPath, entry: Entry
) -> bool:
    record = records.get(str(metadata_path(target)))
    text = (entry.envelope or "").encode()
    return (
        record is not None
        and record.sha256 == hashlib.sha256(text).hexdigest()
        and manifest.intact(record)
    )
