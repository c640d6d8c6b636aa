"""Messages around the notes, from a backup into an archive, and into a share of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.catalogue import merged
from gdrive_wa.archive.index import read_index, write_json
from gdrive_wa.chats.read import PhoneReader
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.context import ContextKind, ContextMessage, Reaction, Reply
from gdrive_wa.core.errors import DatabaseError, FormatError, UsageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs import messages_around
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.sources import open_folder
from tests.chats.store import FAMILY, Rows, jids, media, message, modern

ANNA, MUM = "15550102@s.whatsapp.net", "15550101@s.whatsapp.net"


def backup(folder: Path) -> Path:
    """A phone with a group, where Mum and Anna speak, and a chat with Anna."""
    (folder / "Databases").mkdir(parents=True)
    voices = folder / "Media" / "WhatsApp Voice Notes" / "202401"
    voices.mkdir(parents=True)
    rows: Rows = []
    for number, (who, words) in enumerate(
        [
            (1, "MumWroteThis"), (2, "AnnaWroteThis"), (1, None), (0, "OwnerWroteThis"),
            (2, None), (1, "MumWroteLater"),
        ],
        1,
    ):  # fmt: skip
        rows.append(
            message(
                number,
                from_me=int(who == 0),
                sender_jid_row_id=who,
                message_type=0 if words else 2,
                origin=0 if words else 1,
                starred=int(number == 3),
                text_data=words,
            )
        )
    rows.append(message(7, chat_row_id=2, message_type=0, origin=0, text_data="InPrivate"))
    rows.append(message(8, chat_row_id=2, text_data=None))
    quoted = {"message_row_id": 3, "chat_row_id": 1, "from_me": 0, "sender_jid_row_id": 2}
    reaction = {"_id": 1, "chat_row_id": 1, "parent_message_row_id": 3, "from_me": 0}
    modern(
        folder / "Databases" / "msgstore.db",
        rows,
        [media(number, file_hash=None) for number in (3, 5, 8)],
        jid=jids(MUM, ANNA, FAMILY),
        chat=[
            {"_id": 1, "jid_row_id": 3, "subject": "Family"},
            {"_id": 2, "jid_row_id": 2, "subject": None},
        ],
        message_quoted=[quoted | {"message_type": 0, "text_data": "AnnaAsked"}],
        message_add_on=[reaction | {"sender_jid_row_id": 2, "message_add_on_type": 56}],
        message_add_on_reaction=[{"message_add_on_row_id": 1, "reaction": "AnnaReacted"}],
    )
    for number in (3, 5, 8):
        (voices / f"PTT-20240101-WA{number:04}.opus").write_bytes(b"OggS" + bytes([number]) * 99)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backup(tmp_path_factory.mktemp("phone") / "WhatsApp")


def restored(source: Path, dest: Path, **options: object) -> list[VoiceNote]:
    restore(open_folder(source), dest, timezone=UTC, **options)  # type: ignore[arg-type]
    return open_archive(dest).notes()


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def texts(messages: Sequence[ContextMessage]) -> list[str]:
    return [each.text for each in messages]


def test_the_archive_keeps_the_messages_around_each_note(source: Path, tmp_path: Path) -> None:
    first, _, private = restored(source, tmp_path / "out")
    assert texts(first.before) == ["MumWroteThis", "AnnaWroteThis"]
    assert texts(first.after) == ["OwnerWroteThis", "", "MumWroteLater"]
    assert [each.kind for each in first.after] == ["text", "voice", "text"]
    assert first.reply_to is not None
    assert (first.reply_to.text, first.reply_to.sender_jid) == ("AnnaAsked", ANNA)
    assert [(each.emoji, each.sender_jid) for each in first.reactions] == [("AnnaReacted", ANNA)]
    assert texts(private.before) == ["InPrivate"]
    listed = json.loads((tmp_path / "out" / "voice-notes.json").read_bytes())[0]
    assert {"sender", "sent_at", "text", "kind"} <= set(listed["before"][0])
    assert listed["before"][0]["sent_at"] == "2024-01-01T10:00:01Z"
    assert b"WroteThis" not in (tmp_path / "out" / "voice-notes.csv").read_bytes()


def test_an_archive_made_without_context_has_none(source: Path, tmp_path: Path) -> None:
    restored(source, tmp_path / "out", context=0, chat="Family")  # without databases
    found = everything_in(tmp_path / "out")
    for canary in (b"Wrote", b"InPrivate", b"AnnaAsked", b"AnnaReacted"):
        assert canary not in found


def test_one_chat_has_nothing_of_the_others(source: Path, tmp_path: Path) -> None:
    restored(source, tmp_path / "out", chat="Family")
    found = everything_in(tmp_path / "out")
    assert b"MumWroteThis" in found
    assert b"InPrivate" not in found


def test_messages_outside_the_dates_are_not_kept(source: Path, tmp_path: Path) -> None:
    first, _, _ = restored(source, tmp_path / "out", selection=_since(2))
    assert texts(first.before) == ["AnnaWroteThis"]
    assert b"MumWroteThis" not in everything_in(tmp_path / "out")


def _since(second: int) -> Selection:
    return Selection(since=datetime(2024, 1, 1, 10, 0, second, tzinfo=UTC))


def test_another_number_of_messages_applies_to_the_next_run(source: Path, tmp_path: Path) -> None:
    restored(source, tmp_path / "out", context=1)
    first, _, _ = restored(source, tmp_path / "out", context=3)
    assert len(first.before) == 2


def test_a_later_run_without_context_keeps_existing_messages(source: Path, tmp_path: Path) -> None:
    before = restored(source, tmp_path / "out")
    assert restored(source, tmp_path / "out", context=0) == before


@pytest.mark.parametrize("number", [-1, 101, 2.5])
def test_an_invalid_number_is_refused(source: Path, tmp_path: Path, number: object) -> None:
    with pytest.raises(UsageError, match="context"):
        restored(source, tmp_path / "out", context=number)


@pytest.mark.parametrize(
    ("chosen", "kept", "gone"),
    [
        ({"sender": MUM}, ["MumWroteThis", "MumWroteLater"], ["Anna", "Owner", "InPrivate"]),
        ({"starred": True}, ["MumWroteThis", "MumWroteLater"], ["Anna", "Owner", "InPrivate"]),
        ({"sender": ANNA, "chat": FAMILY}, ["AnnaWroteThis"], ["MumW", "Owner", "AnnaAsked"]),
        ({"chat": FAMILY}, ["MumWroteThis", "OwnerWrote", "AnnaAsked"], ["InPrivate"]),
    ],
)
def test_a_share_has_nothing_of_other_people(
    source: Path, tmp_path: Path, chosen: dict[str, object], kept: list[str], gone: list[str]
) -> None:
    restored(source, tmp_path / "archive")
    share(tmp_path / "archive", tmp_path / "out", timezone=UTC, **chosen)  # type: ignore[arg-type]
    found = everything_in(tmp_path / "out")
    assert [canary for canary in kept if canary.encode() not in found] == []
    assert [canary for canary in gone if canary.encode() in found] == []


def test_a_share_of_dates_has_only_messages_of_these_dates(source: Path, tmp_path: Path) -> None:
    restored(source, tmp_path / "archive")
    since = datetime(2024, 1, 1, 10, 0, 2, tzinfo=UTC)
    share(tmp_path / "archive", tmp_path / "out", chat=FAMILY, since=since, timezone=UTC)
    found = everything_in(tmp_path / "out")
    assert b"AnnaWroteThis" in found
    assert b"MumWroteThis" not in found


NOTE = VoiceNote(
    chat="Mum", chat_jid=MUM, sender="Mum", from_me=False, sent_at=datetime(2024, 1, 1, tzinfo=UTC)
)
SAID = ContextMessage(sender="Mum", sent_at=None, text="hello", kind=ContextKind.TEXT)


def test_messages_of_two_backups_are_not_mixed() -> None:
    old = replace(NOTE, before=(SAID,), after=(SAID,), reactions=(Reaction(sender="A", emoji="x"),))
    new = replace(NOTE, after=(replace(SAID, text="other"),), reply_to=Reply(sender="Mum"))
    both = merged(old, new)
    assert (both.before, texts(both.after)) == ((), ["other"])
    assert (both.reactions, both.reply_to) == (old.reactions, new.reply_to)
    assert merged(old, NOTE) == old


@pytest.mark.parametrize(
    ("field", "value"),
    [("before", 7), ("after", [{"sender": 1}]), ("reply_to", "x"), ("reactions", [{}])],
)
def test_a_list_with_an_invalid_value_is_damaged(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "voice-notes.json"
    item = NOTE.to_json() | {field: value}
    path.write_text(json.dumps([item]))
    with pytest.raises(FormatError):
        read_index(path)


def test_a_list_is_bounded_and_a_new_kind_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "voice-notes.json"
    with path.open("wb") as file:
        write_json([replace(NOTE, before=(replace(SAID, text="x" * 9000),) * 500)], file.write)
    path.write_bytes(path.read_bytes().replace(b'"kind": "text"', b'"kind": "hologram"'))
    [note] = read_index(path)
    assert len(note.before) == 100
    assert {(len(each.text), each.kind) for each in note.before} == {(2000, ContextKind.OTHER)}


@pytest.mark.parametrize("most", [1, 10_000])
def test_files_are_opened_before_the_messages_around_them_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """If there are not too many notes: both together need more memory."""
    monkeypatch.setattr(messages_around, "MOST", most)
    submitted: list[int] = []
    with ThreadPoolExecutor(1) as threads:
        submit = threads.submit

        def counted(*arguments: Any) -> Any:
            submitted.append(len(arguments[2]))
            return submit(*arguments)

        monkeypatch.setattr(threads, "submit", counted)
        around, at_that_time = PhoneReader.around, []

        def watched(reader: PhoneReader, window: ContextWindow) -> list[VoiceNote]:
            at_that_time.append(sum(submitted))
            return around(reader, window)

        monkeypatch.setattr(PhoneReader, "around", watched)
        restore(backup(tmp_path / "phone"), tmp_path / "out", executor=threads)
    media = 3
    assert sum(submitted) == media + 1
    assert at_that_time == [sum(submitted) - (media if most == 1 else 0)]
    assert any(note.before for note in open_archive(tmp_path / "out").notes())


def test_notes_stay_when_the_messages_around_them_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_reader: PhoneReader, _window: ContextWindow) -> list[VoiceNote]:
        raise DatabaseError("the disk image is malformed")

    monkeypatch.setattr(PhoneReader, "around", fails)
    report = restore(backup(tmp_path / "phone"), tmp_path / "out")
    assert [(each.path, each.exit_code) for each in report.failed] == [
        ("Databases/msgstore.db", DatabaseError.exit_code)
    ]
    notes = open_archive(tmp_path / "out").notes()
    assert {note.sender for note in notes} == {"+1 5550101", "+1 5550102"}
    assert not any(note.before or note.after for note in notes)
