"""Decide which backup and which of its entries are meant, before anything is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError, MissingKeyError, UsageError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE, Kind, is_encrypted
from gdrive_wa.core.model import Backup, Entry, Outcome, Report, not_a_target, within
from gdrive_wa.core.progress import Progress, Silent, Stage, interruptible
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.keys import Key
from gdrive_wa.crypt.recognise import media_name
from gdrive_wa.jobs.database_groups import group_databases
from gdrive_wa.jobs.lock_hints import key_hints
from gdrive_wa.jobs.newest_backup import newest_backup
from gdrive_wa.jobs.placing import NOT_KEPT
from gdrive_wa.jobs.reveal import check_key, reveal
from gdrive_wa.sources.base import WHEN_EMPTY, BackupSource, listen
from gdrive_wa.storage.manifest import Manifest

_KNOWN_BY_NAME = {Kind.DATABASE, Kind.SETTINGS, Kind.UNKNOWN}
"""Kinds that a listing shows without the key, even if the names of media are encrypted."""


class NothingThereError(GdriveWaError):
    """The source can be read, but has no backup, or only an empty one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The entries that a restore needs, in the order in which it needs them.

    Attributes:
        backup: the backup to restore.
        databases: the databases, which come first because they have the senders and times.
        media: voice notes and other selected files.
        entries: everything in the backup.
        wants_chats: the databases of chats are needed.
        keeps_databases: the databases are kept in the archive, and not only read.
    """

    backup: Backup
    databases: tuple[Entry, ...]
    media: tuple[Entry, ...]
    entries: tuple[Entry, ...] = ()
    wants_chats: bool = True
    keeps_databases: bool = True

    @property
    def size(self) -> int:
        """Bytes to fetch, as far as they are listed."""
        return sum(entry.counted_size for entry in self.databases + self.media)

    def report(self, dest: Path) -> Report:
        """What a restore into `dest` would report. Nothing is written.

        Older databases are not in it: they would be read, but not kept.
        """
        held = Manifest.glance(dest)
        report = Report()
        older = {
            each.stored_as
            for group in group_databases(self.databases)
            for each in group.entries[1:]
        }
        for entry in self.databases + self.media:
            if entry.stored_as in older:
                continue
            known = held.from_source(entry.stored_as, md5=entry.md5, revision=entry.revision)
            if entry.kind is Kind.DATABASE and not self.keeps_databases:
                report.skipped.append(Outcome(path=entry.path, reason=NOT_KEPT))
                report.bytes += entry.counted_size
            elif known and held.intact(known):
                reason = "already there, verified"
                report.skipped.append(Outcome(path=entry.path, file=known.path, reason=reason))
            else:
                report.done.append(Outcome(path=entry.path, bytes=entry.counted_size))
        report.bytes += sum(outcome.bytes for outcome in report.done)
        return report


def pick_backup(
    source: BackupSource, name: str | None = None, *, progress: Progress | None = None
) -> Backup:
    """The backup with the given name, or by default the newest.

    Args:
        source: the source of the backup.
        name: the name of the backup, or the account's number in any spelling.
        progress: receives a message if one of several was chosen by default, and if the
            backup may be incomplete; may stop the job.

    Raises:
        NothingThereError: the source has no backup.
        UsageError: no backup has that name.
    """
    if progress is not None:
        listen(source, progress.say)
    backups = interruptible(source.backups, progress or Silent())
    if not backups:
        usual = ("there is no WhatsApp backup here", WHEN_EMPTY.get(source.name))
        message, hints = getattr(source, "when_empty", usual)
        raise NothingThereError(message, hint=hints)
    reporter = progress or Silent()
    chosen = newest_backup(source, backups, reporter) if name is None else _named(name, backups)
    if progress is not None:
        if name is None and len(backups) > 1 and chosen is backups[0]:
            progress.say(
                f"{len(backups)} backups are here; this is the newest: {chosen.name}"
                " (gdrive-wa backups lists them; to use another, give its name)"
            )
        if chosen.unfinished:
            progress.say(
                "the phone may still be uploading this backup, or have stopped half-way: it may"
                " lack files"
            )
    return chosen


def _named(name: str, backups: Iterable[Backup]) -> Backup:
    digits = re.sub(r"[\s+()-]", "", name)
    for backup in backups:
        if name in (backup.name, backup.account) or digits == backup.account:
            return backup
    known = ", ".join(backup.account for backup in backups)
    raise UsageError(f"no backup named {name!r}", hint=f"use one of these: {known}")


def list_entries(
    source: BackupSource,
    backup: Backup,
    key: Key | None,
    *,
    dest: Path | None = None,
    keep_envelopes: bool = True,
    progress: Progress,
) -> list[Entry]:
    """Everything in `backup`, under its real names where `key` opens them.

    Args:
        source: the source of the backup.
        backup: the backup to list.
        key: opens the names; None to list the stored names.
        dest: the target. If it is inside the backup's own folder, files of an earlier run there
            are not part of the backup.
        keep_envelopes: as for :func:`~gdrive_wa.jobs.reveal.reveal`.
        progress: receives progress, and may stop the job.

    Raises:
        Interrupted: the user asked to stop.
        WrongKeyError, WrongKeyTypeError: the listing shows that this is not the backup's key.
        UsageError: `dest` is the backup's own folder, or a part of it with files of the backup.
    """
    ours = None
    if dest is not None and source.name == "folder":
        ours = within(_own_folder(backup), dest)
        within(getattr(source, "given", _own_folder(backup)), dest)  # a folder of several backups

    results: list[Entry] = []

    def listing() -> list[Entry]:
        found = []
        for entry in source.entries(backup):
            if is_junk(entry.stored_as):
                continue
            if ours is not None and entry.stored_as.startswith(f"{ours}/"):
                results.append(entry)
                continue
            found.append(entry)
            progress.advance(Stage.LIST, items=1)
            progress.check()
        return found

    progress.begin(Stage.LIST)
    listed = interruptible(listing, progress)
    progress.end(Stage.LIST)
    if dest is not None and results and not len(Manifest.glance(dest)):
        raise not_a_target(dest)
    if key is not None:
        check_key(backup, listed, key)
    listed.reverse()
    consumed = (listed.pop() for _ in range(len(listed)))  # the list is not in memory twice
    return list(reveal(consumed, key, keep_envelopes=keep_envelopes, progress=progress))


def _own_folder(backup: Backup) -> Path:
    """The folder of a backup on this machine; an iPhone's holds one backup for each app."""
    folder, _, app = backup.name.rpartition("#")
    return Path(folder if app.startswith("AppDomainGroup-") else backup.name)


def choose(
    entries: Iterable[Entry],
    selection: Selection,
    key: Key | None,
    *,
    progress: Progress | None = None,
) -> list[Entry]:
    """The entries that `selection` describes.

    Args:
        entries: all entries of the listing.
        selection: what the user chose.
        key: the key that opened the envelopes of the listing; None without a key.
        progress: receives messages about an empty selection, and about files without real names.

    Raises:
        MissingKeyError: `selection` names kinds of media, but without the key, the kind of each
            file is unknown, so that nothing would be selected.
    """
    listed, progress = list(entries), progress or Silent()
    sealed = sum(entry.envelope is not None and entry.kind is Kind.UNKNOWN for entry in listed)
    if key is None and sealed:
        if selection.only - _KNOWN_BY_NAME:
            raise MissingKeyError(
                f"without the key, the kind of {sealed} files is unknown, so none can be chosen"
            )
        if selection.include or selection.exclude:
            progress.say(
                f"without the key, {sealed} files are chosen by the names they are stored under,"
                " not by their real ones"
            )
    chosen = [entry for entry in listed if selection.admits(entry)]
    nameless = sum(entry.envelope is None and _may_be_voice(entry) for entry in listed)
    if nameless and selection.only:
        progress.say(
            f"files without metadata that are left out: {nameless}; only their content would show"
            " their kind"
        )
    if listed and not chosen:
        progress.say(f"none of the {len(listed)} files in this backup matches your selection")
    return chosen


def make_plan(
    backup: Backup, entries: Iterable[Entry], selection: Selection, *, everything: bool = False
) -> Plan:
    """The entries to restore: the default ones, those that `selection` describes, or all.

    Voice notes need the databases, which have the senders and times. A media file without metadata
    may be a voice note: it is included, and checked once it is open.

    Raises:
        NothingThereError: the backup is empty.
    """
    listed = list(entries)
    if not listed:
        raise NothingThereError(
            f"the backup of {backup.account} is empty",
            hint="in WhatsApp, back up again, wait until it is done, and run this again",
        )
    kept = selection.keeps_databases
    selection = selection.with_usual_kinds(everything=everything)
    voices = bool(selection.only) and selection.voice_notes
    wants_chats = not selection.only or Kind.DATABASE in selection.only
    wants_chats = wants_chats or selection.chat is not None
    databases, media = [], []
    for entry in listed:
        if not has_content(entry):
            continue
        if entry.kind is Kind.DATABASE:
            if wants_chats:
                databases.append(entry)
        elif selection.admits(entry) or (voices and _may_be_voice(entry)):
            media.append(entry)
    return Plan(backup, tuple(databases), tuple(media), tuple(listed), wants_chats, kept)


def has_content(entry: Entry) -> bool:
    """False for junk, and for a voice note or a database without a single byte."""
    if is_junk(entry.path):
        return False
    wanted = entry.kind in (Kind.DATABASE, Kind.VOICE)
    return not (wanted and (entry.size == 0 or entry.plain_size == 0))


def _may_be_voice(entry: Entry) -> bool:
    """True for a media file without metadata that is not too long for a voice note."""
    short = entry.size is None or entry.size <= LONGEST_VOICE_NOTE
    return entry.kind is Kind.UNKNOWN and media_name(entry.stored_as) is not None and short


def require_key(plan: Plan, key: Key | None) -> None:
    """Stop before anything is fetched if the selection needs a key and there is none.

    Raises:
        MissingKeyError: an entry is encrypted, and `key` is None.
    """
    if key is not None:
        return
    if any(is_encrypted(entry.stored_as) for entry in plan.databases + plan.media):
        raise MissingKeyError(
            "this backup is encrypted, and no key was given", hint=key_hints(plan.backup)
        )
