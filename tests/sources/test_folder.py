"""A folder on this machine: phones, second accounts, dumps by other tools."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gdrive_wa.core.errors import GoneError, NetworkError, UsageError
from gdrive_wa.core.model import Backup
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.reveal import check_key, reveal
from gdrive_wa.sources import folder as folder_module
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.base import BackupSource


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def found(folder: Path) -> dict[str, list[str]]:
    """Each backup by its path below `folder`, and its stored names."""
    source = open_folder(folder)
    return {
        Path(backup.name).relative_to(folder).as_posix(): names_of(source, backup)
        for backup in source.backups()
    }


def names_of(source: BackupSource, backup: Backup) -> list[str]:
    return [entry.stored_as for entry in source.entries(backup)]


def test_a_phones_whatsapp_folder(here: Path) -> None:
    put(here, "Databases/msgstore.db.crypt14", "Media/WhatsApp Voice Notes/202501/PTT-1.opus")
    assert found(here) == {
        ".": ["Databases/msgstore.db.crypt14", "Media/WhatsApp Voice Notes/202501/PTT-1.opus"]
    }
    (backup,) = open_folder(here).backups()
    assert (backup.encrypted, backup.key_type) == (False, "server")


@pytest.mark.parametrize("root", folder_module._PHONE_ROOTS)
def test_each_folder_where_phones_keep_it(here: Path, root: str) -> None:
    put(here, f"{root}/Databases/msgstore.db.crypt15", "DCIM/20250101/holiday.jpg")
    assert found(here) == {root: ["Databases/msgstore.db.crypt15"]}


def test_a_phone_over_usb_shows_its_storages_as_folders(here: Path) -> None:
    inside = "Internal shared storage/Android/media"
    put(
        here,
        f"{inside}/com.whatsapp/WhatsApp/Databases/a.crypt15",
        f"{inside}/com.whatsapp.w4b/WhatsApp Business/Databases/b.crypt15",
        "SD card/DCIM/holiday.jpg",
    )
    assert found(here) == {
        f"{inside}/com.whatsapp/WhatsApp": ["Databases/a.crypt15"],
        f"{inside}/com.whatsapp.w4b/WhatsApp Business": ["Databases/b.crypt15"],
    }


def test_whatsapp_and_business_side_by_side(here: Path) -> None:
    put(
        here,
        "Android/media/com.whatsapp/WhatsApp/Databases/a.crypt15",
        "Android/media/com.whatsapp.w4b/WhatsApp Business/Databases/b.crypt15",
    )
    assert sorted(found(here)) == [
        "Android/media/com.whatsapp.w4b/WhatsApp Business",
        "Android/media/com.whatsapp/WhatsApp",
    ]


def test_second_accounts_are_backups_of_their_own(here: Path) -> None:
    put(
        here,
        "WhatsApp/Databases/a.crypt15",
        "WhatsApp/accounts/1001/Databases/b.crypt15",
        "WhatsApp/accounts/1002/Media/c.opus",
    )
    assert found(here) == {
        "WhatsApp": ["Databases/a.crypt15"],
        "WhatsApp/accounts/1001": ["Databases/b.crypt15"],
        "WhatsApp/accounts/1002": ["Media/c.opus"],
    }


def test_a_folder_called_accounts_deeper_down_is_like_any_other(here: Path) -> None:
    put(here, "Databases/a.crypt15", "Media/WhatsApp Documents/accounts/2024.pdf")
    assert found(here) == {
        ".": ["Databases/a.crypt15", "Media/WhatsApp Documents/accounts/2024.pdf"]
    }


def test_a_file_called_accounts_too(here: Path) -> None:
    put(here, "Databases/a.crypt15", "accounts")
    assert found(here) == {".": ["Databases/a.crypt15", "accounts"]}


def test_dumps_named_after_numbers(here: Path) -> None:
    put(
        here,
        "15550100_20250101/Databases/msgstore.db.crypt15",
        "15550101/msgstore.db.crypt15",
        "notes.xyz",
    )
    assert found(here) == {
        "15550100_20250101": ["Databases/msgstore.db.crypt15"],
        "15550101": ["msgstore.db.crypt15"],
    }
    accounts = sorted(backup.account for backup in open_folder(here).backups())
    assert accounts == ["15550100", "15550101"]


@pytest.mark.parametrize("day", ["20231231", "20231231_1", "202312311"])
def test_a_folder_named_after_a_date_hides_nothing(here: Path, day: str) -> None:
    put(here, f"{day}/PTT-20231231-WA0001.opus", "Databases/msgstore.db.crypt15")
    assert found(here) == {
        ".": [f"{day}/PTT-20231231-WA0001.opus", "Databases/msgstore.db.crypt15"]
    }


def test_a_dump_does_not_hide_a_backup_next_to_it(here: Path) -> None:
    put(here, "15550100/Databases/a.crypt15", "Databases/b.crypt15", "Media/PTT-1.opus")
    assert found(here) == {
        ".": ["Databases/b.crypt15", "Media/PTT-1.opus"],
        "15550100": ["Databases/a.crypt15"],
    }


def test_an_envelope_is_read_with_its_file(here: Path) -> None:
    put(here, "Media/A.mcrypt1", "Media/A.mcrypt1-metadata", "Media/B-metadata")
    (backup,) = open_folder(here).backups()
    entries = list(open_folder(here).entries(backup))
    assert [(entry.stored_as, entry.envelope) for entry in entries] == [
        ("Media/A.mcrypt1", "Media/A.mcrypt1-metadata"),
        ("Media/B-metadata", None),
    ]


def test_a_dump_with_envelopes_shows_real_names(here: Path, sample: SampleAccount) -> None:
    shutil.copytree(sample.folder / "backup", here / "15550100_20250101")
    said = json.loads((sample.folder / "account.json").read_text())["backups"][0]["files"]
    for name, about in said.items():
        if "metadata" in about:
            (here / "15550100_20250101" / f"{name}-metadata").write_text(about["metadata"])
    source = open_folder(here)
    (backup,) = source.backups()
    entries = list(source.entries(backup))
    assert check_key(backup, entries, sample.key)
    media = {path for path in sample.stored if path.startswith("Media/")}
    assert {entry.path for entry in reveal(entries, sample.key)} >= media


def test_links_are_not_followed(here: Path, tmp_path: Path) -> None:
    put(tmp_path / "outside", "secret.opus", "Databases/x.crypt15")
    put(here, "Databases/a.crypt15")
    (here / "link.opus").symlink_to(tmp_path / "outside" / "secret.opus")
    (here / "Media").symlink_to(tmp_path / "outside")
    (here / "15550100").symlink_to(tmp_path / "outside")
    (here / "accounts").mkdir()
    (here / "accounts" / "1001").symlink_to(tmp_path / "outside")
    assert found(here) == {".": ["Databases/a.crypt15"]}


def test_a_link_in_place_of_a_file_is_not_followed(here: Path, tmp_path: Path) -> None:
    put(here, "a.opus")
    put(tmp_path, "secret")
    source = open_folder(here)
    (entry,) = source.entries(source.backups()[0])
    (here / "a.opus").unlink()
    (here / "a.opus").symlink_to(tmp_path / "secret")
    with pytest.raises(NetworkError, match=r"'a\.opus' cannot be read") as caught:
        source.open(entry)
    assert "check its permissions" in caught.value.hints[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")
def test_a_pipe_is_not_a_file_and_does_not_block(here: Path) -> None:
    put(here, "a.opus", "b.opus")
    source = open_folder(here)
    entry = next(iter(source.entries(source.backups()[0])))
    (here / "a.opus").unlink()
    os.mkfifo(here / "a.opus")
    assert found(here) == {".": ["b.opus"]}
    with pytest.raises(GoneError, match="no longer a file"):
        source.open(entry)


def test_files_that_vanish_meanwhile(here: Path) -> None:
    put(here, "a.opus", "b/c.opus")
    source = open_folder(here)
    (backup,) = source.backups()
    entries = list(source.entries(backup))
    shutil.rmtree(here)
    assert source.backups() == []
    assert list(source.entries(backup)) == []
    for entry in entries:
        with pytest.raises(GoneError, match="no longer there"):
            source.open(entry)


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere", "no folder named"), ("file", "is a file, not a folder")]
)
def test_a_path_that_is_not_a_folder(here: Path, name: str, said: str) -> None:
    put(here, "file")
    with pytest.raises(UsageError, match=said) as caught:
        open_folder(here / name)
    assert caught.value.hints


def test_our_own_state_is_not_part_of_the_backup(here: Path) -> None:
    put(here, "a.opus", ".gdrive-wa/parts/x", ".gdrive-wa-12.tmp")
    assert found(here) == {".": ["a.opus"]}


def test_an_archive_in_the_backups_folder_is_not_part_of_the_backup(here: Path) -> None:
    """Otherwise each run would restore the files of the last one. Our downloads are backups."""
    put(here, "a.opus", "My voice notes/Voice notes/Mum/b.opus", "My voice notes/index.html")
    put(here, "My voice notes/.gdrive-wa/manifest.jsonl", "Copies/c.opus")
    (here / "Copies" / ".gdrive-wa" / "partial").mkdir(parents=True)
    assert found(here) == {".": ["Copies/c.opus", "a.opus"]}


@pytest.mark.parametrize("manifest", ["", "nonsense\n", '{"format": "x", "version": 99}\n'])
def test_an_invalid_manifest_hides_nothing(here: Path, manifest: str) -> None:
    put(here, "a.opus", ".gdrive-wa/manifest.jsonl")
    (here / ".gdrive-wa" / "manifest.jsonl").write_text(manifest)
    assert found(here) == {".": ["a.opus"]}


def test_hashes_recorded_by_a_download_are_listed(here: Path) -> None:
    put(here, "a.opus", "b.opus")
    lines = [
        {"format": "gdrive-wa manifest", "version": 1},
        {"path": "a.opus", "size": 6, "sha256": "0" * 64, "mtime_ns": 1, "source_md5": "1" * 32},
    ]
    (here / ".gdrive-wa").mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (here / ".gdrive-wa" / "manifest.jsonl").write_text(text)
    source = open_folder(here)
    entries = source.entries(source.backups()[0])
    assert {entry.stored_as: entry.md5 for entry in entries} == {"a.opus": "1" * 32, "b.opus": None}


def test_an_offset_beyond_the_end_is_the_end(here: Path) -> None:
    put(here, "a.opus")
    source = open_folder(here)
    (entry,) = source.entries(source.backups()[0])
    with source.open(entry, offset=1000) as stream:
        assert (stream.offset, stream.total, stream.read(10)) == (6, 6, b"")


def test_a_changed_file_has_another_revision(here: Path) -> None:
    put(here, "a.opus")
    source = open_folder(here)
    (entry,) = source.entries(source.backups()[0])
    (here / "a.opus").write_bytes(b"longer than it was")
    with source.open(entry) as stream:
        assert stream.revision != entry.revision
    assert replace(entry, revision=None).revision is None


def test_odd_names_and_times(here: Path) -> None:
    names = ["-rf", "~x", "%2e%2e", "a\nb.opus", "é.opus", "e\u0301.opus", "CON", "x" * 255]
    put(here, *names)
    os.utime(here / "CON", (-5, -5))
    assert found(here) == {".": sorted(names)}


def test_a_root_key_does_not_fit_a_phones_crypt14(here: Path) -> None:
    from gdrive_wa.core.errors import WrongKeyTypeError  # noqa: PLC0415 - for this test only

    put(here, "Databases/msgstore.db.crypt14")
    source = open_folder(here)
    (backup,) = source.backups()
    with pytest.raises(WrongKeyTypeError):
        check_key(backup, source.entries(backup), RootKey(bytes(32)))


def test_one_scan_serves_the_backups_and_the_following_listing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, "Databases/a.crypt15")
    source = open_folder(here)
    (backup,) = source.backups()
    put(here, "Databases/b.crypt15")
    assert names_of(source, backup) == ["Databases/a.crypt15"]
    assert names_of(source, backup) == ["Databases/a.crypt15", "Databases/b.crypt15"]
    source.backups()
    put(here, "Databases/c.crypt15")
    monkeypatch.setattr(folder_module, "SCAN_SECONDS", 0.0)
    assert len(names_of(source, backup)) == 3
