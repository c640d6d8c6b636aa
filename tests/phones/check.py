"""Restores a phone, and holds the archive against the truth."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import gdrive_wa
from gdrive_wa.core.kinds import Kind, kind_of
from gdrive_wa.core.model import Report, VoiceNote
from tests.phones.folder import address_book, known_notes, lost_notes, place_of
from tests.phones.model import Note, Phone
from tests.phones.sounds import packets

_FRACTION = timedelta(milliseconds=1)


def faults_of(phone: Phone, folder: Path, dest: Path) -> list[str]:
    """Restore the phone in `folder` into `dest`; what is not as it has to be, a line each."""
    report = restored(phone, folder, dest)
    archive = gdrive_wa.open_archive(dest)
    notes = archive.notes()
    faults = _faults_of_report(phone, report)
    lost = lost_notes(phone, folder)
    faults += faults_of_notes(phone, known_notes(phone), notes, lost, dest)
    faults += _faults_of_strays(phone, notes, lost, dest)
    checked = archive.verify()
    if not checked.intact or checked.extra:
        faults.append(f"the archive does not verify: {checked.to_json()}")
    return faults


def _faults_of_report(phone: Phone, report: Report) -> list[str]:
    """Nothing fails, except that there is no database where none was given."""
    failed = [f"failed: {each.path}: {each.reason}" for each in report.failed]
    if not phone.bare:
        return failed
    return [] if len(failed) == 1 and "Databases" in failed[0] else ["no word of the databases"]


def restored(phone: Phone, folder: Path, dest: Path, *, chat: str | None = None) -> Report:
    """One run over the folder, for one chat or for all."""
    made = address_book(phone)
    return gdrive_wa.restore(
        folder,
        dest,
        key=phone.key,
        backup=str(folder / phone.prefix.rstrip("/")) if phone.account else None,
        contacts=None if made is None else folder.with_name(made[0]),
        timezone=phone.timezone,
        tags=phone.tags,
        chat=chat,
    )


def faults_of_notes(
    phone: Phone, known: list[Note], notes: list[VoiceNote], lost: list[Note], dest: Path
) -> list[str]:
    """Every message once, with its who and when, and its file.

    Args:
        phone: whose.
        known: the truth.
        notes: of the archive.
        lost: those of `known` that may be there or not.
        dest: the archive.
    """
    faults = []
    rows = [note for note in notes if note.status != "unmatched"]
    for truth in known:
        if truth.messageless:
            found = [note for note in rows if note.chat_jid == truth.chat.jid]
            found = [note for note in found if note.message_id.startswith("row ")]
            rows = [note for note in rows if note not in found]
            if truth.stored is not None and len(found) != 1 and not lost:
                faults.append(f"the file of {truth.message_id} is there {len(found)} times")
            continue
        found = [note for note in rows if note.message_id == truth.message_id]
        in_chat = [note for note in found if note.chat_jid == truth.chat.jid]
        found = in_chat if in_chat or truth in lost else found
        rows = [note for note in rows if note not in found]
        if truth in lost:
            continue
        if truth.status == "none":
            faults += [f"{truth.message_id} is not a voice note, and was taken for one"] * len(
                found
            )
        elif len(found) != 1:
            faults.append(f"{truth.message_id} is there {len(found)} times")
        else:
            faults += [
                f"{truth.message_id}: {each}" for each in _differences(phone, truth, found[0])
            ]
            faults += _faults_of_file(phone, truth, found[0], dest)
    if lost:  # a file's row may be left of them
        rows = [note for note in rows if not note.message_id.startswith("row ")]
    faults += [f"{note.message_id} in {note.chat_jid} was made up" for note in rows]
    return faults + _shared_folders(notes)


def _shared_folders(notes: list[VoiceNote]) -> list[str]:
    """Two chats of one name stay two."""
    chats: dict[str, set[str]] = {}
    for note in notes:
        if note.file is not None and note.status == "restored":
            chats.setdefault(str(Path(note.file).parent), set()).add(note.chat_jid)
    return [
        f"'{place}' is the folder of {sorted(jids)}"
        for place, jids in chats.items()
        if len(jids) > 1
    ]


def _differences(phone: Phone, truth: Note, found: VoiceNote) -> list[str]:
    owner = phone.owner_name or "Me"
    sender = truth.sender
    if truth.from_me:
        who, jid = owner, None
    elif sender is None:
        who, jid = truth.chat.shown, truth.chat.jid
    else:
        who, jid = sender.shown, sender.jid
    wanted = {
        "chat": truth.chat.shown,
        "chat_jid": truth.chat.jid,
        "sender": who,
        "sender_jid": jid,
        "from_me": truth.from_me,
        "sent_at": truth.sent_at if truth.dated else None,
        "status": truth.status,
        "forwarded": truth.forwarded,
        "starred": truth.starred,
        "view_once": truth.once,
    }
    if phone.apple and found.sent_at is not None and truth.dated:  # a fraction of seconds
        wanted["sent_at"] = found.sent_at
        if abs(found.sent_at - truth.sent_at) > _FRACTION:
            wanted["sent_at"] = truth.sent_at
    return [
        f"{name} is {value!r} and has to be {each!r}"
        for name, each in wanted.items()
        if (value := getattr(found, name)) != each
    ]


def _faults_of_file(phone: Phone, truth: Note, found: VoiceNote, dest: Path) -> list[str]:
    if (found.file is None) != (truth.status == "missing"):
        return [f"{truth.message_id}: its file is {found.file}"]
    if found.file is None or truth.stored is None:
        return []
    content = (dest / found.file).read_bytes()
    same = packets(content) == packets(truth.stored) if phone.tags else content == truth.stored
    return [] if same else [f"{truth.message_id}: '{found.file}' has another content"]


def _faults_of_strays(
    phone: Phone, notes: list[VoiceNote], lost: list[Note], dest: Path
) -> list[str]:
    """Every recording that no database knows is there, without a name, and nothing else is."""
    unmatched = [note for note in notes if note.status == "unmatched" and note.file is not None]
    found = {(dest / str(note.file)).read_bytes(): note.file for note in unmatched}
    wanted = _unknown_recordings(phone)
    faults = [
        f"a recording of {len(each)} bytes that no database knows is gone"
        for each in wanted - found.keys()
    ]
    allowed = wanted | {note.stored for note in lost}
    faults += [f"'{found[each]}' is unmatched" for each in found.keys() - allowed]
    files = list(phone.recordings().values())
    if len(unmatched) > sum(files.count(each) for each in found):
        faults.append("a recording is unmatched several times")
    junk = {Path(path).name for path in phone.extra} - {"wa.db"}
    return faults + [f"junk: {each}" for each in dest.rglob("*") if each.name in junk]


def _unknown_recordings(phone: Phone) -> set[bytes]:
    """What was said in files that no database names or has the hash of."""
    known = [note for note in known_notes(phone) if not note.rowless]
    held = {hashlib.sha256(note.audio).digest() for note in known if note.hashed}
    paths = {note.path for note in known}
    return {
        content
        for path, content in phone.recordings().items()
        if "/.trashed-" not in path  # what nobody knows stays in the bin
        and path not in paths
        and hashlib.sha256(content).digest() not in held
        and (path in phone.unnamed or kind_of(place_of(phone, path) or "") is Kind.VOICE)
    }
