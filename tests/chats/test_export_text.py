"""The text of an exported chat, in the forms of many regions."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.chats.export_notes import ExportedChat, merge_notes, read_exported_chat
from gdrive_wa.chats.export_text import LONGEST_TEXT, ExportedMessage, ExportText, MessageKind
from gdrive_wa.core.export_names import exported_kind, exported_on
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.names import folded_name
from tests.chats.exported import FORMS, MadeChat, make_chat

SEEDS = range(12)


def opened(text: str, *, files: Iterable[str] = (), known_names: Iterable[str] = ()) -> ExportText:
    lines = text.splitlines(keepends=True)
    return ExportText(
        lambda: iter(lines), files={folded_name(file) for file in files}, known_names=known_names
    )


def messages_of(text: str, *, files: Iterable[str] = ()) -> list[ExportedMessage]:
    return list(opened(text, files=files).messages())


def of_made(made: MadeChat) -> ExportText:
    lines = made.text.split("\n")
    files = {folded_name(said.file) for said in made.messages if said.file}
    names = [made.chat, made.file_name]
    return ExportText(lambda: (f"{line}\n" for line in lines[:-1]), files=files, known_names=names)


def chat_of(text: ExportText, *names: str, zone: str = "UTC") -> ExportedChat:
    return read_exported_chat(text, names=names, zone=ZoneInfo(zone))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("region", FORMS)
def test_every_message_of_every_region_is_read_as_it_was(region: str, seed: int) -> None:
    made = make_chat(FORMS[region], random.Random(f"{region} {seed}"))
    found = [
        (message.at, message.sender, message.text, str(message.kind), message.file)
        for message in of_made(made).messages()
    ]
    assert found == [
        (said.at, said.sender, said.text, said.kind, said.file) for said in made.messages
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("region", FORMS)
def test_chat_and_owner_and_notes_are_as_they_were(region: str, seed: int) -> None:
    made = make_chat(FORMS[region], random.Random(f"{region} {seed}"))
    chat = chat_of(of_made(made), made.file_name)
    assert (chat.name, chat.owner) == (made.chat, made.owner)
    assert [(note.sent_at, note.sender, note.from_me, file) for note, file in chat.notes] == [
        (said.at.replace(tzinfo=UTC), said.sender, said.sender == made.owner, said.file)
        for said in made.voices
    ]
    ids = [note.message_id for note, _ in chat.notes]
    assert ids == sorted(set(ids))
