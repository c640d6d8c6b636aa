"""Lines of the index are the JSON of the notes, however the messages around them are kept."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from gdrive_wa.archive.index import write_json, write_table
from gdrive_wa.archive.index_lines import Lines
from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import MessagePool
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.waveform import Waveform

_AT = datetime(2024, 5, 6, 7, 8, 9, 250_000, tzinfo=UTC)
_MESSAGES = (
    ContextMessage(sender='Noor "N" Haddad', sent_at=_AT, text='say ", "waveform": []\n\x01é'),
    ContextMessage(sender="Ida", sent_at=None, sender_jid="15550101@s.whatsapp.net"),
    ContextMessage(sender="Me", sent_at=_AT, from_me=True, kind=ContextKind.POLL, text="\ud83d"),
    ContextMessage(sender="Ida", sent_at=_AT, kind=ContextKind.IMAGE, file='Media/"a" \\ b.jpg'),
)
_NOTE = VoiceNote(
    chat=', "waveform": []',
    chat_jid="15550101@s.whatsapp.net",
    sender="Ida",
    from_me=False,
    sent_at=_AT,
    transcript='", "waveform": []',
    waveform=Waveform(range(0, 256, 4)),
)


def _json(note: VoiceNote) -> str:
    return json.dumps(note.to_json(), ensure_ascii=False)


@pytest.mark.parametrize("waveform", [_NOTE.waveform, (), (1, 2, 300)], ids=["bytes", "no", "odd"])
def test_a_line_is_the_json_of_its_note(waveform: tuple[int, ...]) -> None:
    note = replace(_NOTE, waveform=waveform, before=_MESSAGES, after=_MESSAGES[:1])
    assert Lines().of(note) == _json(note)


def test_messages_of_pools_are_encoded_like_any_others() -> None:
    one, other, lines = MessagePool(), MessagePool(), Lines()
    other.kept(reversed(_MESSAGES))  # the same numbers are other messages there
    kept = one.kept(_MESSAGES)
    for pool in (one, other, one):
        note = replace(_NOTE, before=pool.kept(_MESSAGES), after=kept)
        assert lines.of(note) == _json(note)


def test_more_messages_than_are_remembered_keep_their_own_texts() -> None:
    pool, lines = MessagePool(), Lines()
    many = [replace(_MESSAGES[0], text=str(number)) for number in range(1200)]
    notes = [replace(_NOTE, before=pool.kept(many[at : at + 60])) for at in range(0, 1200, 60)]
    assert [lines.of(note) for note in notes] == [_json(note) for note in notes]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_lists_of_any_length_have_each_note_once(count: int) -> None:
    notes = [replace(_NOTE, message_id=f"id {number}") for number in range(count)]
    index, table = bytearray(), bytearray()
    write_json(notes, index.extend)
    write_table(notes, table.extend)
    assert json.loads(index) == [json.loads(_json(note)) for note in notes]
    assert index.count(b"\n") == count + 2
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    assert [row["message_id"] for row in rows] == [note.message_id for note in notes]


def test_the_cells_of_a_note_are_its_values() -> None:
    note = replace(
        _NOTE, chat="+1", sender="@x", transcript="=1\x00", starred=True, duration=2.5, size=7
    )
    table = bytearray()
    write_table([note], table.extend)
    [row] = csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    expected = {name: note.to_json()[name] for name in row}
    shown = {True: "yes", False: "no", None: ""}
    plain = {
        name: shown[value] if isinstance(value, bool) or value is None else str(value)
        for name, value in expected.items()
    }
    assert row == plain | {"chat": "'+1", "sender": "'@x", "transcript": "'=1"}
