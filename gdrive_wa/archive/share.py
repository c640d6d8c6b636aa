"""Give away a part of an archive: the chosen notes with a page and lists of their own.

The result is an archive itself: `verify`, `notes` and `export` work on it. It contains nothing of
what was not chosen: no database, no other chat's name, and no account.
"""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Container, Iterable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

from gdrive_wa.archive.archive import Archive
from gdrive_wa.archive.layout import (
    INDEX_NAME,
    MEDIA,
    PAGE_NAME,
    SUMS_NAME,
    TABLE_NAME,
    VOICE_FOLDER,
    note_id_of,
)
from gdrive_wa.archive.near_files import near_files_of, with_phone_paths
from gdrive_wa.archive.note_filter import NoteFilter
from gdrive_wa.archive.share_near import copy_near_files
from gdrive_wa.archive.stars import Stars
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.context import ContextMessage, Reaction, Reply
from gdrive_wa.core.errors import StorageError, UsageError
from gdrive_wa.core.model import Entry, NoteStatus, Outcome, Report, VoiceNote
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import TEMPORARY_PREFIX, Draft, make_folder
from gdrive_wa.storage.draft_file import write_draft
from gdrive_wa.storage.faces import FACES_PATH, keep_faces, read_faces
from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, read_manifest
from gdrive_wa.storage.tree import Tree

ZIP_SUFFIX = ".zip"
_FIRST_ZIP_YEAR, _LAST_ZIP_YEAR = 1980, 2107
"""A ZIP's dates have seven bits for the year (APPNOTE 4.4.6)."""

_OWN_NAMES = {MEDIA, PAGE_NAME, VOICE_FOLDER, INDEX_NAME, TABLE_NAME, SUMS_NAME, STATE_FOLDER}

Show = Callable[[Tree, list[VoiceNote]], object]


def chosen_notes(
    notes: Iterable[VoiceNote], wanted: NoteFilter, *, starred: bool, stars: Stars | None = None
) -> list[VoiceNote]:
    """The notes that meet all conditions.

    A name must identify one chat or person, so that no other person's notes are given away by
    accident: it is the full name, the jid, or a part of the name that only one has. For the same
    reason, some messages around the notes are left out: those outside the dates and, unless all
    notes of a chat are meant, those of other people.

    Args:
        notes: all notes of the archive.
        wanted: the chat, the sender and the dates.
        starred: only notes that were starred in WhatsApp.
        stars: only notes with a star on the page. With `starred`, also those that were starred in
            WhatsApp, unless the star was removed on the page.

    Raises:
        UsageError: no note matches, or a name fits several chats or people.
    """
    notes = list(notes)
    if wanted.chat is not None:
        jids = _only_one("chat", wanted.chat, ((note.chat_jid, note.chat) for note in notes))
        notes = [note for note in notes if (note.chat_jid or note.chat) == jids]
    if wanted.sender is not None:
        jids = _only_one(
            "sender", wanted.sender, ((note.sender_jid or "", note.sender) for note in notes)
        )
        notes = [note for note in notes if (note.sender_jid or note.sender) == jids]
    rest = replace(wanted, chat=None, sender=None)
    notes = [note for note in notes if rest.admits(note)]
    if stars is not None:
        notes = [note for note in notes if stars.has(note, otherwise=starred and note.starred)]
    elif starred:
        notes = [note for note in notes if note.starred]
    notes = [within_dates(note, wanted) for note in notes]
    if wanted.sender is not None or starred or stars is not None:
        notes = [of_senders_only(note) for note in notes]
    if not notes:
        raise UsageError(
            "no voice note meets all conditions",
            hint="list the notes with gdrive-wa notes, and choose again",
        )
    return notes


def of_senders_only(note: VoiceNote) -> VoiceNote:
    """`note` without anything that other people wrote: messages around it, the message that it
    answers, and reactions."""

    def is_own(each: ContextMessage | Reply | Reaction) -> bool:
        who = each.sender_jid or each.sender
        return each.from_me == note.from_me and (
            note.from_me or who == (note.sender_jid or note.sender)
        )

    return replace(
        note,
        before=tuple(filter(is_own, note.before)),
        after=tuple(filter(is_own, note.after)),
        reply_to=note.reply_to if note.reply_to is not None and is_own(note.reply_to) else None,
        reactions=tuple(filter(is_own, note.reactions)),
    )


def within_dates(note: VoiceNote, wanted: NoteFilter) -> VoiceNote:
    """`note` without messages around it that are outside the dates of `wanted`."""
    before, after = (
        tuple(each for each in messages if wanted.covers(each.sent_at))
        for messages in (note.before, note.after)
    )
    return replace(note, before=before, after=after)


def share_folder(
    archive: Archive,
    notes: list[VoiceNote],
    dest: Path,
    *,
    timezone: tzinfo | None,
    show: Show,
    progress: Progress,
) -> Report:
    """Write `notes` with their files into the folder `dest` as an archive of its own.

    Args:
        archive: the archive with the files.
        notes: the notes to give away.
        dest: a new folder, or one that an earlier call with the same notes began.
        timezone: for the times in file names; None for this machine's.
        show: writes the page into the folder that is passed to it.
        progress: receives progress events and may stop the run.

    Raises:
        UsageError: `dest` is inside the archive, or contains other files.
        StorageError: `dest` cannot be written.
        Interrupted: the user asked to stop.
    """
    started = time.monotonic()
    records = {record.path: record for record in read_manifest(archive.folder)}
    near = sorted(near_files_of(notes) & records.keys())
    _check_target(archive.folder, dest, notes, {records[path].sha256 for path in near})
    report, tree = Report(), Tree(archive.folder)
    with ArchiveWriter(dest, timezone=timezone, tags=False, progress=progress) as writer:
        writer.expect(
            replace(with_phone_paths(note, records), file=None, folder=None)
            for note in notes
            if note.status is not NoteStatus.UNMATCHED
        )
        progress.begin(Stage.WRITE, items=len(notes))
        for note in notes:
            progress.check()
            record = records.get(note.file or "")
            _copy(writer, tree, note, None if record is None else record.content_sha256, report)
            progress.advance(Stage.WRITE, items=1)
        report.bytes += copy_near_files(writer, tree, [records[path] for path in near], progress)
        progress.end(Stage.WRITE)
        speakers = {note.sender_jid for note in notes if note.sender_jid is not None}
        keep_faces(writer.tree, read_faces(tree, speakers), speakers)
        show(writer.tree, writer.finish())
    report.seconds = time.monotonic() - started
    return report


def share_zip(
    archive: Archive,
    notes: list[VoiceNote],
    dest: Path,
    *,
    timezone: tzinfo | None,
    show: Show,
    progress: Progress,
) -> Report:
    """Like :func:`share_folder`, but into one ZIP file, which contains a folder of the same name.

    The folder is prepared next to `dest`, and removed when the ZIP is complete.
    """
    make_folder(dest.parent)
    outer_tree, folder = Tree(dest.parent), dest.parent / f"{TEMPORARY_PREFIX}{dest.stem}"
    with storage_errors(folder):
        outer_tree.check(folder.name)
    report = share_folder(archive, notes, folder, timezone=timezone, show=show, progress=progress)
    with storage_errors(dest), Draft(outer_tree) as draft:
        with zipfile.ZipFile(draft.file, "w") as packed:
            tree = outer_tree.below(folder.name)
            for name in sorted(tree.walk(without=STATE_FOLDER)):
                progress.check()
                _pack(packed, tree, name, dest.stem)
            for name in (f"{STATE_FOLDER}/{MANIFEST_NAME}", FACES_PATH):
                if tree.is_file(name):
                    _pack(packed, tree, name, dest.stem)
        draft.commit(dest.name)
    outer_tree.remove_folder(folder.name)
    report.bytes = outer_tree.lstat(dest.name).st_size
    return report


def _only_one(what: str, wanted: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The jid (or else the name) of the one chat or person called `wanted`."""
    names = {jid or name: name for jid, name in pairs}
    if wanted in names:
        return wanted
    folded = wanted.casefold()
    exact = [one for one, name in names.items() if name.casefold() == folded]
    found = exact or [one for one, name in names.items() if folded in name.casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no {what} is called '{wanted}'",
            hint="list the names with gdrive-wa notes, and check the spelling",
        )
    listed = ", ".join(f"'{names[one]}' ({one})" for one in sorted(found)[:5])
    raise UsageError(
        f"'{wanted}' fits {len(found)} {what}s: {listed}{', …' if len(found) > 5 else ''}",
        hint=f"give the full name of the {what}, or the id in parentheses",
    )


def _check_target(
    source: Path, dest: Path, notes: Iterable[VoiceNote], near: Container[str]
) -> None:
    if dest.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"'{dest}' is inside the archive", hint="choose a folder outside of it")
    if not dest.is_dir() or _contains_only(dest, notes, near):
        return
    raise UsageError(
        f"the folder '{dest}' exists, and contains more than the chosen voice notes",
        hint="give a new folder, so that nothing else is given away by mistake",
    )


def _contains_only(dest: Path, notes: Iterable[VoiceNote], near: Container[str]) -> bool:
    """True if everything in `dest` comes from an earlier share of the same notes, and of the files
    around them with the hashes `near`."""
    names = {path.name for path in dest.iterdir()}
    if not names <= _OWN_NAMES:
        return False
    chosen = {note_id_of(note) for note in notes if note.status is not NoteStatus.UNMATCHED}
    unmatched = {note.sha256 for note in notes if note.status is NoteStatus.UNMATCHED}
    records = read_manifest(dest)
    if any(each.path.startswith(f"{MEDIA}/") and each.sha256 not in near for each in records):
        return False
    records = [record for record in records if record.path.startswith(VOICE_FOLDER)]
    return all(
        record.message in chosen if record.message else record.content_sha256 in unmatched
        for record in records
    )


def _copy(
    writer: ArchiveWriter, tree: Tree, note: VoiceNote, content: str | None, report: Report
) -> None:
    path = note.whatsapp_path or note.file or note_id_of(note)
    if note.file is None:
        report.skipped.append(Outcome(path=path, reason="the archive has no file for it"))
        return
    if (file := writer.file_of(note)) is not None:
        report.skipped.append(Outcome(path=path, file=file, reason="already there"))
        return
    try:
        with storage_errors(tree.shown(note.file)):
            raw, mtime = tree.read(note.file), tree.lstat(note.file).st_mtime
        draft = write_draft(
            writer.tree, raw, inside=STATE_FOLDER, mtime=mtime, content_sha256=content
        )
        entry = Entry(stored_as=note.file or path, path=path, size=len(raw))
        matched = None if note.status is NoteStatus.UNMATCHED else note
        file = writer.place(draft, entry, note=matched)
        report.done.append(Outcome(path=path, file=file, bytes=len(raw)))
        report.bytes += len(raw)
    except StorageError as error:
        if not tree.is_file(note.file):
            report.failed.append(Outcome.failed(path, error))
            return
        raise


def _pack(packed: zipfile.ZipFile, tree: Tree, path: str, above: str) -> None:
    written = tree.lstat(path).st_mtime
    moment = (moment_at(written) or EPOCH).astimezone()  # a ZIP has local times
    year = min(max(moment.year, _FIRST_ZIP_YEAR), _LAST_ZIP_YEAR)
    about = zipfile.ZipInfo(f"{above}/{path}", (year, *moment.timetuple()[1:6]))
    about.external_attr = 0o600 << 16
    with tree.open(path) as file, packed.open(about, "w") as member:
        shutil.copyfileobj(file, member, 1 << 20)
