"""Which photos of an address book get into an archive, onto its page and into a share."""

from __future__ import annotations

import base64
import json
import os
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from click.testing import CliRunner

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.cli.app import app
from gdrive_wa.core.errors import UsageError
from gdrive_wa.jobs.page import page
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.pages.page import render
from gdrive_wa.pages.page_data import LARGEST_PHOTOS
from gdrive_wa.sources import open_folder
from gdrive_wa.storage.faces import FACES_PATH, LARGEST_FACE, keep_faces, read_faces
from gdrive_wa.storage.tree import Tree
from tests.chats.store import FAMILY
from tests.jobs.test_context import ANNA, MUM, backup
from tests.pages.test_page import data_of
from tests.pictures import JPEG, chunk, jpeg_with, png, segment

MUMS, ANNAS, STRANGERS = png(200, 0, 0), JPEG, png(0, 0, 200)
STRANGER = "15550109@s.whatsapp.net"
WHERE = b"taken at 48.137 N"


def card(name: str, jid: str, photo: bytes, kind: str = "JPEG") -> str:
    """A vCard; the picture is base64 in one long line, as some programs write it."""
    number = jid.partition("@")[0]
    encoded = base64.b64encode(photo).decode()
    return (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL:+{number}\r\n"
        f"PHOTO;ENCODING=b;TYPE={kind}:{encoded}\r\nEND:VCARD\r\n"
    )


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Mum and Anna, whose pictures contain their location, and somebody else."""
    path = tmp_path / "contacts.vcf"
    path.write_text(
        card("Mum", MUM, png(200, 0, 0, extra=chunk(b"tEXt", WHERE)), "PNG")
        + card("Anna", ANNA, jpeg_with(segment(0xE1, WHERE), end=WHERE))
        + card("Stranger", STRANGER, STRANGERS)
    )
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backup(tmp_path_factory.mktemp("phone") / "WhatsApp")


def shown(folder: Path) -> dict[str, bytes]:
    """The photos on the page, by jid."""
    photos = data_of((folder / "index.html").read_text("utf-8"))["photos"]
    return {jid: base64.b64decode(url.partition(",")[2]) for jid, url in photos.items()}


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def is_in(photo: bytes, content: bytes) -> bool:
    """Whether a part of `photo` is in `content`, as it is or in base64."""
    encoded = base64.b64encode(photo)
    return photo in content or encoded[:60] in content or encoded[-60:] in content


def test_the_page_shows_the_faces_of_people_in_the_archive(
    source: Path, book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    restore(open_folder(source), out, contacts=book, timezone=UTC)
    assert shown(out) == {MUM: MUMS, ANNA: ANNAS}
    found = everything_in(out)
    assert not is_in(STRANGERS, found)
    assert WHERE not in found
    assert base64.b64encode(WHERE)[2:-4] not in found
    assert open_archive(out).verify().intact
    assert open_archive(out).verify().extra == ()


def test_faces_of_chats_that_were_not_chosen_are_nowhere(
    source: Path, book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    restore(open_folder(source), out, contacts=book, chat="Anna", timezone=UTC)
    assert shown(out) == {ANNA: ANNAS}
    assert not is_in(MUMS, everything_in(out))


def test_a_later_run_and_a_later_page_keep_them(source: Path, book: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    restore(open_folder(source), out, contacts=book, timezone=UTC)
    book.unlink()
    restore(open_folder(source), out, timezone=UTC)
    assert shown(out) == {MUM: MUMS, ANNA: ANNAS}
    (out / "index.html").unlink()
    page(out, timezone=UTC)
    assert shown(out) == {MUM: MUMS, ANNA: ANNAS}


def test_a_newer_photo_takes_the_place_of_an_older_one(
    source: Path, book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    restore(open_folder(source), out, contacts=book, timezone=UTC)
    book.write_text(card("Mum", MUM, STRANGERS))
    restore(open_folder(source), out, contacts=book, timezone=UTC)
    assert shown(out) == {MUM: STRANGERS, ANNA: ANNAS}


def test_the_page_command_takes_an_address_book(source: Path, book: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    restore(open_folder(source), out, timezone=UTC)
    assert shown(out) == {}
    written = CliRunner().invoke(app, ["page", str(out), "--contacts", str(book)])
    assert written.exit_code == 0, written.output
    assert shown(out) == {MUM: MUMS, ANNA: ANNAS}
    with pytest.raises(UsageError, match="cannot read the contacts file"):
        page(out, contacts=tmp_path / "none.vcf")


@pytest.mark.parametrize(
    ("chosen", "faces"),
    [
        ({"sender": MUM}, {MUM: MUMS}),
        ({"sender": ANNA}, {ANNA: ANNAS}),
        ({"starred": True}, {MUM: MUMS}),
        ({"chat": FAMILY}, {MUM: MUMS, ANNA: ANNAS}),
    ],
)
def test_a_share_has_only_the_faces_of_people_who_speak_in_it(
    source: Path, book: Path, tmp_path: Path, chosen: dict[str, object], faces: dict[str, bytes]
) -> None:
    restore(open_folder(source), tmp_path / "archive", contacts=book, timezone=UTC)
    out = tmp_path / "out"
    share(tmp_path / "archive", out, timezone=UTC, **chosen)  # type: ignore[arg-type]
    assert shown(out) == faces
    found = everything_in(out)
    assert [is_in(photo, found) for photo in (MUMS, ANNAS)] == [MUM in faces, ANNA in faces]
    share(tmp_path / "archive", tmp_path / "z.zip", timezone=UTC, **chosen)  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "z.zip") as packed:
        packed.extractall(tmp_path)
    (tmp_path / "z" / "index.html").unlink()
    page(tmp_path / "z", timezone=UTC)
    assert shown(tmp_path / "z") == faces


def test_an_exported_chat_finds_faces_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "WhatsApp Chat with Mum"
    folder.mkdir()
    (folder / "PTT-20240101-WA0001.opus").write_bytes(b"OggS" + bytes(99))
    (folder / "WhatsApp Chat with Mum.txt").write_text(
        "01/01/2024, 10:00 - Mum: PTT-20240101-WA0001.opus (file attached)\n"
        "01/01/2024, 10:01 - Alex: hello\n"
    )
    book = tmp_path / "book.vcf"
    book.write_text(
        card("MUM", "15550107@x", MUMS)
        + card("Alex", "15550108@x", ANNAS)
        + card("Alex", "15550106@x", STRANGERS)
    )
    restore(open_folder(folder), tmp_path / "out", contacts=book, timezone=UTC)
    (note,) = open_archive(tmp_path / "out").notes()
    assert shown(tmp_path / "out") == {note.chat_jid: MUMS}


def test_a_photo_that_is_not_a_picture_or_too_large_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / ".gdrive-wa").mkdir()
    large = png(1, 1, 1, extra=chunk(b"sRGB", bytes(LARGEST_FACE)))
    photos = {"a": b"<svg onload=alert(1)>", "b": large, "c": JPEG[:-9], "d": JPEG}
    keep_faces(Tree(tmp_path), photos, {"a", "b", "c", "d"})
    assert read_faces(Tree(tmp_path), {"a", "b", "c", "d"}) == {"d": JPEG}
    keep_faces(Tree(tmp_path), {}, {"a"})
    assert not (tmp_path / FACES_PATH).exists()


def test_a_damaged_or_planted_file_shows_no_faces(tmp_path: Path) -> None:
    state = tmp_path / ".gdrive-wa"
    state.mkdir()
    good = json.dumps({"jid": "a", "photo": base64.b64encode(JPEG).decode()})
    (tmp_path / FACES_PATH).write_text(f'\x00\n[]\n{{"jid": 1}}\n{good}\n{good[:50]}')
    assert read_faces(Tree(tmp_path), {"a"}) == {"a": JPEG}
    shutil.move(tmp_path / FACES_PATH, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", tmp_path / FACES_PATH)
    assert read_faces(Tree(tmp_path), {"a"}) == {}
    keep_faces(Tree(tmp_path), {"a": MUMS}, {"a"})
    assert (tmp_path / "elsewhere").read_text().startswith("\x00")
    assert read_faces(Tree(tmp_path), {"a"}) == {"a": MUMS}


def test_the_page_has_a_limit_and_the_busiest_people_come_first(
    source: Path, tmp_path: Path
) -> None:
    heavy = chunk(b"sRGB", bytes(LARGEST_FACE - 300))
    restore(open_folder(source), tmp_path / "out", timezone=UTC)
    some = open_archive(tmp_path / "out").notes()[0]
    many = [
        f"1555{number:04}@s.whatsapp.net" for number in range(LARGEST_PHOTOS // LARGEST_FACE + 3)
    ]
    crowd = [
        replace(some, chat_jid=jid, sender_jid=jid, message_id=f"{jid} {number}")
        for at, jid in enumerate(many)
        for number in range(at + 1)
    ]
    photos = {jid: png(1, 1, at, extra=heavy) for at, jid in enumerate(many)}
    found = data_of(render(crowd, photos=photos))["photos"]
    assert 3 < len(found) < len(many)
    assert list(found) == many[::-1][: len(found)]
