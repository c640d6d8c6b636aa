"""Pictures of the messages around notes: from a backup to an archive, its page and a share."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.index import read_index
from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.pages.page import render
from gdrive_wa.sources import open_folder
from tests.chats.store import ANNA, FAMILY, MUM, Rows, jids, media, message, modern, path_of
from tests.pages.test_page import data_of
from tests.pictures import JPEG, png

MUMS, ANNAS, OTHERS = JPEG, png(0, 99, 0), png(99, 0, 0)
FOLDER = "Media/WhatsApp Images"
FILES = {2: ("IMG-MUM.jpg", MUMS), 4: ("IMG-ANNA.png", ANNAS), 7: ("IMG-OTHER.png", OTHERS)}


def backup(folder: Path) -> Path:
    """A group with a note of Mum's between pictures of Mum and Anna, and a chat with Anna."""
    (folder / "Databases").mkdir(parents=True)
    rows: Rows = [
        message(number, message_type=kind, sender_jid_row_id=who, origin=int(kind == 2))
        | {"text_data": None, "starred": int(number == 3), "chat_row_id": chat}
        for number, chat, who, kind in (
            (1, 1, 1, 0), (2, 1, 1, 1), (3, 1, 1, 2), (4, 1, 2, 1), (7, 2, 2, 1), (8, 2, 2, 2),
        )
    ]  # fmt: skip
    shown = [
        media(number, file_path=f"{FOLDER}/{name}", mime_type="image/jpeg", file_hash=None)
        for number, (name, _) in FILES.items()
    ]
    modern(
        folder / "Databases" / "msgstore.db",
        rows,
        [*(media(number, file_hash=None) for number in (3, 8)), *shown],
        jid=jids(MUM, ANNA, FAMILY),
        chat=[
            {"_id": 1, "jid_row_id": 3, "subject": "Family"},
            {"_id": 2, "jid_row_id": 2, "subject": None},
        ],
    )
    files = [(path_of(number), b"OggS" + bytes([number]) * 99) for number in (3, 8)]
    files += [(f"{FOLDER}/{name}", content) for name, content in FILES.values()]
    for path, content in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backup(tmp_path_factory.mktemp("phone") / "WhatsApp")


def restored(source: Path, dest: Path, **options: object) -> list[VoiceNote]:
    restore(open_folder(source), dest, timezone=UTC, **options)  # type: ignore[arg-type]
    return open_archive(dest).notes()


def files(note: VoiceNote) -> list[str | None]:
    return [each.file for each in (*note.before, *note.after)]


def everything_in(folder: Path) -> bytes:
    """The content of every file, and every name."""
    paths = sorted(folder.rglob("*"))
    return b"".join(
        path.name.encode() + (path.read_bytes() if path.is_file() else b"") for path in paths
    )


def test_pictures_that_were_restored_are_shown(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, second = restored(source, out, everything=True)
    assert files(first) == [
        None,
        "Media/WhatsApp Images/IMG-MUM.jpg",
        "Media/WhatsApp Images/IMG-ANNA.png",
    ]
    assert files(second) == ["Media/WhatsApp Images/IMG-OTHER.png"]
    shown = data_of((out / "index.html").read_text("utf-8"))["files"]
    assert [*shown.values()] == [*filter(None, files(first)), *filter(None, files(second))]
    for path in filter(None, files(first)):
        assert (out / path).is_file()
    listed = json.loads((out / "voice-notes.json").read_bytes())[0]["before"][1]
    assert listed["file"] == "Media/WhatsApp Images/IMG-MUM.jpg"
    assert "whatsapp_path" not in listed


def test_a_picture_that_was_not_chosen_is_not_even_named(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, _ = restored(source, out, selection=Selection(only=frozenset({Kind.VOICE})))
    assert [each.kind for each in first.before] == ["text", "image"]
    assert files(first) == [None, None, None]
    assert b"IMG-" not in everything_in(out)


def test_a_later_run_with_pictures_adds_them_and_one_without_keeps_them(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    restored(source, out)
    with_pictures = restored(source, out, everything=True)
    assert any(files(with_pictures[0]))
    assert restored(source, out) == with_pictures
    (out / "Media/WhatsApp Images/IMG-MUM.jpg").unlink()
    gone, _ = restored(source, out, context=0)
    assert files(gone) == [None, None, "Media/WhatsApp Images/IMG-ANNA.png"]


@pytest.mark.parametrize(
    ("chosen", "given"),
    [
        ({"chat": FAMILY}, {"IMG-MUM.jpg", "IMG-ANNA.png"}),
        ({"sender": MUM}, {"IMG-MUM.jpg"}),
        ({"starred": True}, {"IMG-MUM.jpg"}),
        ({"chat": ANNA}, {"IMG-OTHER.png"}),
    ],
)
def test_a_share_has_the_pictures_of_its_own_messages_only(
    source: Path, tmp_path: Path, chosen: dict[str, object], given: set[str]
) -> None:
    restored(source, tmp_path / "archive", everything=True)
    out = tmp_path / "out"
    share(tmp_path / "archive", out, timezone=UTC, **chosen)  # type: ignore[arg-type]
    found = everything_in(out)
    for name, content in FILES.values():
        assert (content in found) == (name in given), name
        assert (name.encode() in found) == (name in given), name
    (note,) = open_archive(out).notes()
    assert {Path(file).name for file in filter(None, files(note))} == given
    assert open_archive(out).verify().intact
    share(tmp_path / "archive", out, timezone=UTC, **chosen)  # type: ignore[arg-type]
    assert everything_in(out).count(b"\xff\xd8\xff") == found.count(b"\xff\xd8\xff")


def test_a_share_with_more_pictures_is_not_taken_for_a_smaller_one(
    source: Path, tmp_path: Path
) -> None:
    restored(source, tmp_path / "archive", everything=True)
    share(tmp_path / "archive", tmp_path / "out", chat=FAMILY, timezone=UTC)
    with pytest.raises(Exception, match="contains more than the chosen"):
        share(tmp_path / "archive", tmp_path / "out", chat=FAMILY, sender=MUM, timezone=UTC)


def test_an_exported_chat_shows_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "WhatsApp Chat with Mum"
    folder.mkdir()
    (folder / "PTT-20240101-WA0001.opus").write_bytes(b"OggS" + bytes(99))
    (folder / "IMG-20240101-WA0000.jpg").write_bytes(JPEG)
    (folder / "WhatsApp Chat with Mum.txt").write_text(
        "01/01/2024, 09:59 - Mum: IMG-20240101-WA0000.jpg (file attached)\n"
        "01/01/2024, 10:00 - Mum: PTT-20240101-WA0001.opus (file attached)\n"
        "01/01/2024, 10:01 - Alex: hello\n"
    )
    (note,) = restored(folder, tmp_path / "out", everything=True)
    (shown,) = filter(None, files(note))
    assert (tmp_path / "out" / shown).read_bytes() == JPEG
    assert restored(folder, tmp_path / "voice")[0].before[0].file is None


NOTE = VoiceNote(
    chat="Mum", chat_jid=MUM, sender="Mum", from_me=False, sent_at=datetime(2024, 1, 1, tzinfo=UTC)
)
SHOWN = ContextMessage(sender="Mum", sent_at=None, kind=ContextKind.IMAGE)


@pytest.mark.parametrize(
    "file",
    ["../x.jpg", "/etc/x.jpg", "Media/x.svg", "Media/x.html", "Media/x.jpg.exe", "C:\\x.jpg"],
)
def test_a_path_that_leads_out_and_a_file_with_scripts_are_not_on_the_page(file: str) -> None:
    note = replace(NOTE, before=(replace(SHOWN, file=file),))
    data = data_of(render([note]))
    assert (len(data["messages"]), data["files"]) == (1, {})


@pytest.mark.parametrize("file", ["../x.jpg", 7, "/x.jpg"])
def test_a_list_with_such_a_path_is_damaged(tmp_path: Path, file: object) -> None:
    item = replace(NOTE, before=(SHOWN,)).to_json()
    item["before"][0]["file"] = file  # type: ignore[index]
    (tmp_path / "list.json").write_text(json.dumps([item]))
    with pytest.raises(FormatError):
        read_index(tmp_path / "list.json")
