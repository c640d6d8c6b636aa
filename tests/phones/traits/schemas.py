"""Which tables and columns the app's version has."""

from __future__ import annotations

from random import Random

from tests.phones.model import Phone
from tests.phones.traits.registry import trait


@trait(3, group="schema")
def schema_of_2026(phone: Phone, _dice: Random) -> None:
    phone.schema.year, phone.schema.pairs = 2026, "chat"


@trait(3, group="schema")
def schema_of_2024(phone: Phone, _dice: Random) -> None:
    phone.schema.year = 2024


@trait(2, group="schema")
def schema_of_2022(phone: Phone, _dice: Random) -> None:
    phone.schema.year = 2022
    _before_hidden_ids(phone)


@trait(2, group="schema")
def both_schemas(phone: Phone, dice: Random) -> None:
    """The old messages are still in their old table."""
    phone.schema.year, phone.schema.legacy = 2021, "some"
    _before_hidden_ids(phone)
    phone.schema.paths = dice.choice(["message_media", "thumb_image"])


@trait(1, group="schema")
def copied_to_the_new_schema(phone: Phone, dice: Random) -> None:
    """The old messages were copied under their numbers, and their old table was left."""
    phone.schema.year, phone.schema.legacy = 2021, "copied"
    _before_hidden_ids(phone)
    phone.schema.paths = dice.choice(["message_media", "thumb_image"])


@trait(2, group="schema")
def old_schema(phone: Phone, dice: Random) -> None:
    """All messages are in the old table; the new one may be there, without a message."""
    phone.schema.year, phone.schema.legacy = 2019, "all"
    _before_hidden_ids(phone)
    phone.schema.paths = dice.choice(["message_media", "thumb_image"])
    phone.schema.sentinel = dice.random() < 0.5


@trait(0.3)
def columns_that_are_absent(phone: Phone, dice: Random) -> None:
    """Columns that no note of this phone needs."""
    unused = [
        "message.starred", "messages.starred", "message.received_timestamp",
        "messages.received_timestamp", "message_media.media_name", "message_media.file_length",
        "message_media.raw_transcription_text", "audio_data", "message_media.media_duration",
        "messages.media_name", "jid.user", "jid.server",
    ]  # fmt: skip
    if any(note.starred for note in phone.notes):
        unused = [name for name in unused if not name.endswith("starred")]
    if any("timestamp" in note.changes for note in phone.notes):
        unused = [name for name in unused if not name.endswith("timestamp")]
    if any(note.changes.get("origin") is not None for note in phone.notes):
        unused.remove("audio_data")
    if any("media_name" in note.media_changes for note in phone.notes):
        unused = [name for name in unused if not name.endswith("media_name")]
    chosen = dice.sample(unused, dice.randint(1, 5))
    phone.schema.lacks = phone.schema.lacks | frozenset(chosen)


@trait(0.1)
def no_push_to_talk_column(phone: Phone, _dice: Random) -> None:
    """An app that did not write down yet what was spoken; its names say it."""
    needed = {"origin", "message_type"}
    if not any(note.rowless or needed & note.changes.keys() for note in phone.notes):
        absent = frozenset({"message.origin", "messages.origin"})
        phone.schema.lacks = phone.schema.lacks | absent


@trait(0.15)
def no_sentinel(phone: Phone, _dice: Random) -> None:
    phone.schema.sentinel = False


def _before_hidden_ids(phone: Phone) -> None:
    """Everybody went by their number."""
    for person in phone.people:
        person.hidden, person.mapped = None, True
        person.names.pop("lid", None)
    for note in phone.notes:
        if str(note.changes.get("sender_jid_row_id")).endswith("@lid"):
            del note.changes["sender_jid_row_id"]
