"""Plan a download before fetching anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import UnsafeNameError, UsageError
from gdrive_wa.core.model import Entry, Outcome
from gdrive_wa.storage.free_names import FreeNames, metadata_path
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.existing_file import may_match
from gdrive_wa.transfer.partial import partial_stem, same_bytes


@dataclass(frozen=True, slots=True)
class Task:
    """One entry to download.

    Attributes:
        entry: the entry.
        target: path of the entry, relative to the folder.
        candidate: an existing file at `target` may already be the entry.
    """

    entry: Entry
    target: PurePosixPath
    candidate: bool = False


@dataclass(slots=True, kw_only=True)
class Plan:
    """The tasks of a download, and the outcomes that are known beforehand.

    Attributes:
        names: allocates the paths.
        tasks: entries to download.
        already_there: outcomes of entries that exist and are verified.
        stale_metadata: existing entries whose metadata envelope is missing or outdated.
        impossible: outcomes of entries with an unsafe name.
        needed: required disk space in bytes, as far as the listing gives sizes.
    """

    names: FreeNames
    tasks: list[Task] = field(default_factory=list)
    already_there: list[Outcome] = field(default_factory=list)
    stale_metadata: list[Task] = field(default_factory=list)
    impossible: list[Outcome] = field(default_factory=list)
    needed: int = 0


def require_one_backup(dest: Path, records: Iterable[Record], entries: Iterable[Entry]) -> None:
    """Check that `dest` does not already hold another backup.

    Backups use the same names for their databases, so those of the second would replace those
    of the first.

    Raises:
        UsageError: `records` and `entries` belong to different backups.
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
    manifest: Manifest, records: dict[str, Record], entries: Iterable[Entry], partials: Tree
) -> Plan:
    """Plan the download of `entries`. Reads names and sizes only, and writes nothing.

    Args:
        manifest: the manifest of the folder. It need not be open, and the folder need not exist.
        records: files of earlier runs, by path.
        entries: the entries to download.
        partials: the folder of partial files.
    """
    tree = manifest.tree
    plan = Plan(names=FreeNames(tree, records.values()))
    partial_sizes = _PartialSizes(partials)
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
            if with_metadata and not _has_current_metadata(manifest, records, target, entry):
                plan.stale_metadata.append(Task(entry, target))
            continue
        plan.names.check_no_link(target)
        may_exist = plan.names.may_exist(target)
        candidate = may_exist and may_match(tree, str(target), entry)
        if may_exist and not candidate and record is None and tree.lexists(str(target)):
            target = plan.names.allocate(entry.stored_as, with_metadata=with_metadata)
        plan.tasks.append(Task(entry, target, candidate=candidate))
        if not candidate:
            plan.needed += max(0, entry.counted_size - partial_sizes.size(target))
    return plan


def already_there(entry: Entry, target: PurePosixPath) -> Outcome:
    """The outcome of an entry that exists and is verified."""
    return Outcome(path=entry.path, file=str(target), reason="already there, verified")


def _has_current_metadata(
    manifest: Manifest, records: dict[str, Record], target: PurePosixPath, entry: Entry
) -> bool:
    record = records.get(str(metadata_path(target)))
    text = (entry.envelope or "").encode()
    return (
        record is not None
        and record.sha256 == hashlib.sha256(text).hexdigest()
        and manifest.intact(record)
    )


class _PartialSizes:
    """The sizes of the partial files in a folder, which need not exist."""

    def __init__(self, partials: Tree) -> None:
        self._tree = partials
        try:
            self._names = frozenset(partials.names())
        except OSError:
            self._names = frozenset()

    def size(self, target: PurePosixPath) -> int:
        """Size of the partial file for `target`; 0 if there is none."""
        if not self._names:
            return 0
        name = f"{partial_stem(target)}.part"
        try:
            return self._tree.lstat(name).st_size if name in self._names else 0
        except OSError:
            return 0
