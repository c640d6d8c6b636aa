"""Restores a phone, and holds the archive against the truth."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import gdrive_wa
from gdrive_wa.core.model import Report, VoiceNote
from tests.phones.folder import known_notes
from tests.phones.model import Note, Phone
from tests.phones.sounds import packets


def faults_of(phone: Phone, folder: Path, dest: Path) -> list[str]:
    """Restore the phone in `folder` into `dest`; what is not as it has to be, a line each."""
    report = restored(phone, folder, dest)
    archive = gdrive_wa.open_archive(dest)
    notes = archive.notes()
    faults = [f"failed: {each.path}: {each.reason}" for each in report.failed]
    faults += _faults_of_notes(phone, notes, dest)
    faults += _faults_of_strays(phone, notes, dest)
    checked = archive.verify()
    if not checked.intact or checked.extra:
        faults.append(f"the archive does not verify: {checked.to_json()}")
    return faults


def restored(phone: Phone, folder: Path, dest: Path) -> Report:
    """One run over the folder."""
    contacts = None
    if phone.book is not None:
        contacts = folder.with_name(f"{folder.name} {phone.book[0]}")
    return gdrive_wa.restore(
        folder,
        dest,
        key=phone.key,
        backup=str(folder / phone.prefix.rstrip("/")) if phone.account else None,
        contacts=contacts,
        timezone="UTC",
        tags=phone.tags,
    )


def _faults_of_notes(phone: Phone, notes: list[VoiceNote], dest: Path) -> list[str]:
    """Every message once, with its who and when, and its file."""
    faults = []
    found: dict[str, list[VoiceNote]] = {}
    for note in notes:
        if note.status != "unmatched":
            found.setdefault(note.message_id, []).append(note)
    for truth in known_notes(phone):
        rows = found.pop(truth.message_id, [])
        if truth.status == "none":
            faults += [f"{truth.message_id} is not a voice note, and was taken for one"] * len(rows)
        elif len(rows) != 1:
            faults.append(f"{truth.message_id} is there {len(rows)} times")
        else:
            faults += [
                f"{truth.message_id}: {fault}" for fault in _differences(phone, truth, rows[0])
            ]
            faults += _faults_of_file(phone, truth, rows[0], dest)
    faults += [f"{message_id} was made up" for message_id in found]
    chats: dict[str, set[str]] = {}
    for note in notes:
        if note.file is not None and note.status == "restored":
            chats.setdefault(str(Path(note.file).parent), set()).add(note.chat_jid)
    faults += [f"several chats in '{place}': {jids}" for place, jids in chats.items() if jids.__len__() > 1]
    return faults


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
    return [
        f"{name} is {value!r} and has to be {wanted[name]!r}"
        for name in wanted
        if (value := getattr(found, name)) != wanted[name]
    ]


def _faults_of_file(phone: Phone, truth: Note, found: VoiceNote, dest: Path) -> list[str]:
    if (found.file is None) != (truth.status == "missing"):
        return [f"{truth.message_id}: its file is {found.file}"]
    if found.file is None or truth.stored is None:
        return []
    content = (dest / found.file).read_bytes()
    same = packets(content) == packets(truth.stored) if phone.tags else content == truth.stored
    return [] if same else [f"{truth.message_id}: '{found.file}' has another content"]


def _faults_of_strays(phone: Phone, notes: list[VoiceNote], dest: Path) -> list[str]:
    """Every recording that no database knows is there, without a name, and nothing else is."""
    known = known_notes(phone)
    held = {hashlib.sha256(note.audio).hexdigest() for note in known if note.hashed}
    wanted = {content for content in phone.strays.values()} | {
        note.stored
        for note in phone.notes
        if note not in known and note.stored is not None and note.path is not None
        if note.status != "none" and hashlib.sha256(note.stored).hexdigest() not in held
    }
    found = Counter(
        (dest / note.file).read_bytes()
        for note in notes
        if note.status == "unmatched" and note.file is not None
    )
    lost = [f"a recording that no database knows is gone: {len(each)} bytes" for each in wanted - found.keys()]
    made_up = [f"unmatched, and known: {note.file}" for note in notes if note.status == "unmatched" and note.file and (dest / note.file).read_bytes() not in wanted]
    return lost + made_up
