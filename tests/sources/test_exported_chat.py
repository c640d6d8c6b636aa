"""Exported chats as people keep them, and malicious ones."""

from __future__ import annotations

import os
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from gdrive_wa.core.errors import ChecksumError, FormatError, GdriveWaError, UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.exported_chat import LONGEST_LINE, ExportedChats
from gdrive_wa.sources.exports import find_exports, holds_exports
from gdrive_wa.sources.folder import Folder
from tests.hostile import HOSTILE

TEXT = "01/03/2024, 09:00 - Mum: PTT-20240301-WA0001.opus (file attached)\n"
VOICE = "PTT-20240301-WA0001.opus"


def an_export(folder: Path, *, text: str = "WhatsApp Chat with Mum.txt") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / text).write_text(TEXT)
    (folder / VOICE).write_bytes(b"OggS voice")
    return folder


def a_zip(target: Path, members: dict[str, bytes], *, text: str = TEXT) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", text)
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def opened(path: Path) -> ExportedChats:
    source = open_folder(path)
    assert isinstance(source, ExportedChats)
    return source


def entries_of(path: Path) -> list[Entry]:
    source = opened(path)
    found = list(source.entries(source.backups()[0]))
    source.close()
    return found


def lines_of(path: Path) -> list[str]:
    source = opened(path)
    return list(source.lines(source.folders[0].texts[0]))


@pytest.mark.parametrize(
    "name",
    [
        "_chat.txt",
        "_chat 2.txt",
        "WhatsApp Chat with Mum.txt",
        "Conversa do WhatsApp com Mãe.txt",
        "דני.txt",
        "Mum.TXT",
    ],
)
def test_a_text_of_any_name_is_a_chat_if_it_begins_like_one(tmp_path: Path, name: str) -> None:
    folder = an_export(tmp_path / "export", text=name)
    kinds = {entry.path.rsplit("/", 1)[-1]: entry.kind for entry in entries_of(folder)}
    assert kinds == {name: Kind.DOCUMENT, VOICE: Kind.VOICE}


@pytest.mark.parametrize(
    "text", ["a shopping list\n", "", "Dear Mum,\n01/03/2024, 09:00 - x: y\n", "\x00" * 50]
)
def test_another_text_is_not_a_chat(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.txt").write_text(text)
    (tmp_path / VOICE).write_bytes(b"OggS")
    assert not holds_exports(tmp_path)
    assert isinstance(open_folder(tmp_path), Folder)


def test_exports_are_found_in_folders_and_zips_below(tmp_path: Path) -> None:
    an_export(tmp_path / "WhatsApp Chat - Ann")
    an_export(tmp_path / "unpacked twice" / "WhatsApp Chat - Ben")
    a_zip(tmp_path / "WhatsApp Chat - Cem.zip", {VOICE: b"OggS"})
    a_zip(tmp_path / "holiday.zip", {"photo.jpg": b"x"})
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    found = find_exports(tmp_path)
    assert [folder.label for folder in found.folders] == [
        "WhatsApp Chat - Cem.zip",
        "holiday.zip",
        "WhatsApp Chat - Ann",
        "unpacked twice/WhatsApp Chat - Ben",
    ]
    assert len(found.warnings) == 1
    assert "broken.zip" in found.warnings[0]


def sorted_paths(path: Path) -> list[str]:
    return sorted(entry.path.partition("/")[2] for entry in entries_of(path))


@pytest.mark.parametrize("name", ["Voice Notes", "WhatsApp Voice Notes"])
def test_media_that_were_sorted_into_folders_belong_to_the_chat_above(
    tmp_path: Path, name: str
) -> None:
    chat = an_export(tmp_path / "from dad's phone" / "2024" / "WhatsApp Chat with Mum")
    (chat / name).mkdir(parents=True)
    (chat / VOICE).rename(chat / name / VOICE)
    (chat / name / "my song.opus").write_bytes(b"OggS song")
    (tmp_path / "from dad's phone" / "taxes.pdf").write_bytes(b"%PDF")
    label = "from dad's phone/2024/WhatsApp Chat with Mum"
    assert sorted_paths(tmp_path) == [
        f"{label}/WhatsApp Documents/WhatsApp Chat with Mum.txt",
        f"{label}/WhatsApp Voice Notes/{VOICE}",
    ]


def test_media_that_were_sorted_inside_a_zip_belong_to_the_chat_above(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    members = {f"Audio/{VOICE}": b"OggS", "Audio/other.opus": b"OggS"}
    a_zip(tmp_path / "a" / "b" / "Mum.zip", members)
    assert [path.rpartition("/")[2] for path in sorted_paths(tmp_path)] == ["_chat.txt", VOICE]


def test_a_chat_below_another_one_keeps_its_own_media(tmp_path: Path) -> None:
    upper = an_export(tmp_path / "upper")
    an_export(upper / "lower", text="WhatsApp Chat with Ben.txt")
    assert [len(folder.media) for folder in find_exports(tmp_path).folders] == [1, 1]


def test_the_text_alone_can_be_given(tmp_path: Path) -> None:
    an_export(tmp_path, text="WhatsApp Chat with Ann.txt")
    (tmp_path / "other.txt").write_text(TEXT)
    found = entries_of(tmp_path / "WhatsApp Chat with Ann.txt")
    assert sorted(entry.stored_as for entry in found) == [VOICE, "WhatsApp Chat with Ann.txt"]


@pytest.mark.parametrize(
    "sign",
    [
        "phone/msgstore.db.crypt15",
        "phone/Databases/msgstore.db",
        "phone/Manifest.db",
        "phone/WhatsApp Voice Notes/x",
        "phone/Android/media/com.whatsapp/x",
        "Databases/x",
        "Media/x",
        "Android/x",
    ],
)
def test_a_backup_next_to_an_export_is_preferred(tmp_path: Path, sign: str) -> None:
    an_export(tmp_path / "an export")
    (tmp_path / sign).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / sign).write_bytes(b"x")
    assert not holds_exports(tmp_path)


@pytest.mark.parametrize("sign", ["project/android/x", "project/media/x", "an export/media/x"])
def test_a_folder_of_another_program_is_not_a_backup(tmp_path: Path, sign: str) -> None:
    an_export(tmp_path / "an export")
    (tmp_path / sign).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / sign).write_bytes(b"x")
    assert holds_exports(tmp_path)
    assert holds_exports(tmp_path / "an export")


def test_an_export_received_as_a_document_is_a_file_of_the_backup(tmp_path: Path) -> None:
    an_export(tmp_path / "Media" / "WhatsApp Documents")
    (tmp_path / "Media" / "WhatsApp Voice Notes").mkdir()
    assert not holds_exports(tmp_path)
    assert not holds_exports(tmp_path / "Media")


def test_an_exported_chat_that_is_an_attachment_is_not_a_chat_of_its_own(tmp_path: Path) -> None:
    folder = an_export(tmp_path, text="_chat.txt")
    (folder / "00000012-WhatsApp Chat with Ben.txt").write_text(TEXT)
    (found,) = find_exports(folder).folders
    assert [text.name for text in found.texts] == ["_chat.txt"]


def test_junk_and_empty_files_are_not_listed(tmp_path: Path) -> None:
    folder = an_export(tmp_path / "export")
    for name in (".DS_Store", "._" + VOICE, "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"junk")
    (folder / "PTT-20240301-WA0002.opus").touch()
    assert len(entries_of(folder)) == 2
    target = a_zip(tmp_path / "a.zip", {"__MACOSX/._" + VOICE: b"x", VOICE: b"OggS", ".x": b"x"})
    assert len(entries_of(target)) == 2


def test_an_archive_among_the_exports_is_not_an_export(tmp_path: Path) -> None:
    an_export(tmp_path / "export")
    an_export(tmp_path / "my archive")
    (tmp_path / "my archive" / ".gdrive-wa").mkdir()
    assert [folder.label for folder in find_exports(tmp_path).folders] == ["export"]
    (tmp_path / "my archive" / ".gdrive-wa" / "partial").mkdir()  # a download of an export
    assert len(find_exports(tmp_path).folders) == 2


def test_a_file_that_is_not_an_export_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "holiday.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("photo.jpg", b"x")
    with pytest.raises(UsageError, match=r"'holiday.zip' is not an exported chat"):
        open_folder(target)
    target.write_bytes(a_zip(tmp_path / "a.zip", {VOICE: bytes(5000)}).read_bytes()[:-60])
    with pytest.raises(FormatError, match="cannot be opened") as caught:
        open_folder(target)
    assert "copy it again" in caught.value.hint


def test_zips_inside_a_zip_are_said_to_be_left_out(tmp_path: Path) -> None:
    inner = a_zip(tmp_path / "inner.zip", {VOICE: b"OggS"}).read_bytes()
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("WhatsApp Chat - Ben.zip", inner)
    with pytest.raises(UsageError, match=r"'both.zip' is not an exported chat") as caught:
        opened(tmp_path / "both.zip")
    assert "unpack it" in " ".join(caught.value.hints)
    (warning,) = opened(a_zip(tmp_path / "a.zip", {"Ben.zip": inner})).warnings
    assert warning.startswith("there are ZIPs in 'a.zip'")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_that_an_editor_has_saved_again(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "_chat.txt").write_text("[01/03/24, 09:00:00] Zoë: x\r\n", encoding, newline="")
    assert lines_of(tmp_path) == ["[01/03/24, 09:00:00] Zoë: x\r\n"]


def test_bytes_that_are_not_text_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "_chat.txt").write_bytes(b"[01/03/24, 09:00:00] Zo\xeb: x\n")
    assert lines_of(tmp_path) == ["[01/03/24, 09:00:00] Zo\ufffd: x\n"]


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    (tmp_path / "_chat.txt").write_text("a" * (LONGEST_LINE * 40) + "\nnext\n")
    first, second = lines_of(tmp_path)
    assert len(first) == LONGEST_LINE
    assert second == "next\n"


def writable(name: str) -> bool:
    """A name that can be written into a ZIP."""
    return name.encode("utf-8", "replace").decode() == name and 0 < len(name.encode()) < 60_000


def test_members_that_lead_elsewhere_are_left_out(tmp_path: Path) -> None:
    names = [*filter(writable, HOSTILE), "../../evil.opus", "/etc/evil.opus", "C:\\evil.opus"]
    target = a_zip(tmp_path / "a.zip", dict.fromkeys(names, b"evil") | {VOICE: b"OggS"})
    source = opened(target)
    for entry in source.entries(source.backups()[0]):
        assert ".." not in entry.path.split("/")
        assert not entry.path.startswith("/")
    assert any("left out" in warning for warning in source.warnings)
    source.close()


def test_a_link_in_a_zip_is_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("PTT-20240301-WA0002.opus")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    target = a_zip(tmp_path / "a.zip", {VOICE: b"OggS"})
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert sorted(entry.stored_as for entry in entries_of(target)) == [VOICE, "_chat.txt"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = an_export(tmp_path / "export")
    secret = tmp_path / "secret"
    secret.write_text(TEXT)
    (folder / "PTT-20240301-WA0002.opus").symlink_to(secret)
    (folder / "_chat.txt").symlink_to(secret)
    assert len(entries_of(folder)) == 2


def test_a_bomb_is_left_out(tmp_path: Path) -> None:
    target = a_zip(tmp_path / "a.zip", {VOICE: b"OggS", "PTT-20240302-WA0001.opus": bytes(1 << 23)})
    source = opened(target)
    assert len(list(source.entries(source.backups()[0]))) == 2
    assert any("left out" in warning for warning in source.warnings)
    source.close()


def test_a_zip_that_counts_the_same_bytes_twice_is_refused(tmp_path: Path) -> None:
    whole = bytearray(a_zip(tmp_path / "a.zip", {VOICE: os.urandom(5000)}).read_bytes())
    at = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"PK\x05\x06"))
    struct.pack_into("<I", whole, at + 20, 1 << 30)
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(FormatError, match="declares more content"):
        open_folder(tmp_path / "a.zip")


def test_many_texts_that_are_too_large_together_are_refused(tmp_path: Path) -> None:
    texts = {f"{number}/_chat.txt": TEXT.encode() * 40_000 for number in range(120)}
    with pytest.raises(FormatError, match="implausible size"):
        open_folder(a_zip(tmp_path / "a.zip", texts))


def test_a_locked_zip_is_reported(tmp_path: Path) -> None:
    whole = bytearray(a_zip(tmp_path / "a.zip", {VOICE: b"OggS"}).read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.find(mark)
        while at >= 0:
            whole[at + place] |= 1
            at = whole.find(mark, at + 1)
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(FormatError, match="locked with a password"):
        open_folder(tmp_path / "a.zip")


def test_a_damaged_member_is_reported(tmp_path: Path) -> None:
    content = os.urandom(50_000)
    target = a_zip(tmp_path / "a.zip", {VOICE: content})
    whole = bytearray(target.read_bytes())
    at = whole.index(content[1000:1040])
    whole[at : at + 40] = bytes(40)
    target.write_bytes(whole)
    source = opened(target)
    (entry,) = [entry for entry in source.entries(source.backups()[0]) if entry.kind is Kind.VOICE]
    with source.open(entry) as stream, pytest.raises(ChecksumError, match="damaged"):
        stream.read(60_000)
    source.close()


def test_utf8_names_without_the_flag_of_utf8(tmp_path: Path) -> None:
    name = "Música.opus"
    place = "x" * len(name.encode())
    raw = a_zip(tmp_path / "a.zip", {place: b"OggS"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(raw.replace(place.encode(), name.encode()))
    source = opened(tmp_path / "a.zip")
    entries = {entry.stored_as: entry for entry in source.entries(source.backups()[0])}
    with source.open(entries[name]) as stream:
        assert stream.read(9) == b"OggS"
    source.close()


@pytest.mark.parametrize("seed", range(40))
def test_a_zip_of_any_damage_gives_an_error_of_ours(tmp_path: Path, seed: int) -> None:
    rng_bytes = a_zip(tmp_path / "a.zip", {VOICE: b"OggS" * 500}).read_bytes()
    raw = bytearray(rng_bytes)
    place = (seed * 7919) % len(raw)
    raw[place] ^= 0xFF
    raw[(place * 31) % len(raw)] ^= 0x55
    (tmp_path / "a.zip").write_bytes(raw)
    started = time.monotonic()
    try:
        source = open_folder(tmp_path / "a.zip")
    except GdriveWaError:
        return
    assert isinstance(source, ExportedChats)
    for text in (text for folder in source.folders for text in folder.texts):
        list(source.lines(text))
    for entry in source.entries(source.backups()[0]):
        try:
            with source.open(entry) as stream:
                while stream.read(1000):
                    pass
        except GdriveWaError:
            continue
    source.close()
    assert time.monotonic() - started < 20
