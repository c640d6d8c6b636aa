"""Restores one chat of a phone, and looks for what belongs to others."""

from __future__ import annotations

import re
from pathlib import Path

import gdrive_wa
from tests.phones.check import faults_of_notes, restored
from tests.phones.folder import known_notes, lost_notes
from tests.phones.model import Phone

_MESSAGE = re.compile(rb"3EB0\d{10}")


def faults_of_one_chat(phone: Phone, folder: Path, dest: Path) -> list[str]:
    """Restore the chat of one note; what is missing of it, and what is there of others."""
    known = [note for note in known_notes(phone) if note.status != "none" and not note.messageless]
    if not known or phone.newest.damaged:
        return []
    text = known[phone.seed % len(known)].chat.shown
    report = restored(phone, folder, dest, chat=text)
    chosen = [note for note in known if text.casefold() in note.chat.shown.casefold()]
    notes = gdrive_wa.open_archive(dest).notes()
    faults = [f"failed: {each.path}: {each.reason}" for each in report.failed]
    faults += faults_of_notes(phone, chosen, notes, lost_notes(phone, folder), dest)
    faults += [f"'{note.file}' is of no chat" for note in notes if note.status == "unmatched"]
    ids = {note.message_id.encode() for note in chosen}
    for path in dest.rglob("*"):
        if path.is_file() and (others := set(_MESSAGE.findall(path.read_bytes())) - ids):
            faults.append(f"'{path.relative_to(dest)}' has messages of other chats: {others}")
    return faults
