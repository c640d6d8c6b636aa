"""A folder that is not a backup is refused at once; a format that cannot be opened is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa import FormatError, restore
from gdrive_wa.core.progress import Silent
from gdrive_wa.emulation.story import read_recordings
from gdrive_wa.jobs.plan import NothingThereError
from gdrive_wa.sources.whatsapp_folder import holds_whatsapp

AUDIO = next(iter(read_recordings().values())).audio


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(AUDIO)
    return folder


@pytest.mark.parametrize(
    "name",
    ["holiday/IMG_2024.jpg", "letter.pdf", "song.mp3", "thesis/data.db", "notes.json", "a.opus"],
)
def test_another_folder_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(NothingThereError, match="is not a WhatsApp backup") as caught:
        restore(made(tmp_path / "Documents", name), tmp_path / "out")
    assert caught.value.exit_code == 1
    assert "Databases and Media" in caught.value.hint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("x", "Media/WhatsApp Voice Notes/202401/PTT-1.opus"),
        ("x", "PTT-20240101-WA0001.opus"),
        ("WhatsApp Audio", "AUD-20240101-WA0001.m4a"),
        ("WhatsApp Business Images", "of mine.jpg"),
        ("x", "msgstore-2024-01-01.1.db.crypt14"),
        ("x", "msgstore.db"),
        ("x", "wa.db"),
        ("x", "ChatStorage.sqlite"),
        ("x", "Message/Media/15550101@s.whatsapp.net/a/b/c.m4a"),
        ("x", "ab" * 32 + ".mcrypt1"),
        ("x", "ab" * 32 + ".mcrypt1-metadata"),
    ],
)
def test_folders_of_whatsapp_are_accepted(folder: str, name: str) -> None:
    assert holds_whatsapp(folder, [name])


class Listener(Silent):
    """Records the messages."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


def test_a_format_that_cannot_be_opened_is_named_and_left_out(tmp_path: Path) -> None:
    phone = made(
        tmp_path / "WhatsApp",
        "Databases/msgstore.db.crypt8",
        "Media/WhatsApp Voice Notes/202401/PTT-1.opus",
    )
    listener = Listener()
    restore(phone, tmp_path / "out", progress=listener)
    assert any("'msgstore.db.crypt8' is crypt8" in line for line in listener.said)
    assert not list((tmp_path / "out").rglob("*crypt8*"))


def test_a_backup_of_only_that_format_ends_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is crypt7, an old format"):
        restore(made(tmp_path / "WhatsApp", "Databases/msgstore.db.crypt7"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
