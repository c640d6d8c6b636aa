"""Bad input gets one line, a hint, the right exit code, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from gdrive_wa.crypt.keys import CipherKey, RootKey
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.jobs.key import write_key_file
from tests.cli.conftest import Run


def assert_explained(stderr: str, *words: str) -> None:
    lines = stderr.splitlines()
    assert lines[0].startswith("error: "), stderr
    assert all(line.startswith("hint: ") for line in lines[1:]), stderr
    assert len(lines) > 1, stderr
    assert "Traceback" not in stderr
    for word in words:
        assert word in stderr


def test_a_name_from_a_backup_does_not_control_the_terminal(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "account"
    stored = folder / "backup" / "Databases" / "\x1b]0;owned\x07\x1b[2Jx.db.crypt15"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"x")
    (folder / "account.json").write_text('{"email": "a@example.org", "access_token": "t"}')
    gone = Fault(kind=FaultKind.STATUS, path="*/files/*", status=404, message="\x1b[2J", times=None)
    with Emulator(folder, faults=gone) as google:
        given = {"GDRIVE_WA_ENDPOINT": google.root, "GDRIVE_WA_ACCESS_TOKEN": "t"}
        ended = run("download", "dest", env=given)
        listed = run("ls", env=given)
    assert "is no longer stored" in ended.stderr
    assert "x.db.crypt15" in listed.stdout
    assert "\x1b" not in ended.stderr + ended.stdout + listed.stdout


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    ended = run("restor")
    assert ended.returncode == 2
    assert_explained(ended.stderr, "restor")


def test_an_unknown_option_is_a_usage_error(run: Run) -> None:
    ended = run("ls", "--frobnicate")
    assert ended.returncode == 2
    assert_explained(ended.stderr, "--frobnicate")


def test_a_kind_that_does_not_exist_is_a_usage_error(run: Run) -> None:
    ended = run("ls", "--only", "voice,smell")
    assert ended.returncode == 2
    assert_explained(ended.stderr, "sticker")


def test_an_invalid_date_is_a_usage_error(run: Run) -> None:
    ended = run("ls", "--since", "yesterdayish")
    assert ended.returncode == 2
    assert_explained(ended.stderr, "2025-03-01")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_first_and_the_last_year_are_valid_dates(run: Run, tmp_path: Path, zone: str) -> None:
    (tmp_path / "phone" / "Databases").mkdir(parents=True)
    (tmp_path / "phone" / "Databases" / "msgstore.db.crypt15").write_bytes(b"sealed")
    limits = ("--since", "0001-01-01", "--until", "9999-12-31")
    ended = run("ls", "--folder", "phone", *limits, "--json", env={"TZ": zone})
    assert ended.returncode == 0, ended.stderr
    assert len(json.loads(ended.stdout)) == 1


def test_a_zone_that_does_not_exist_is_a_usage_error(run: Run) -> None:
    ended = run("restore", "x", "--timezone", "Europe/Atlantis")
    assert ended.returncode == 2
    assert_explained(ended.stderr, "Europe/Berlin")


def test_a_missing_contacts_file_stops_a_restore_before_it_begins(
    run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    ended = run("restore", "out", "--contacts", "nosuch.vcf", env=with_key)
    assert ended.returncode == 2
    assert_explained(ended.stderr, "nosuch.vcf")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [["backups"], ["ls"], ["restore", "out"], ["download", "out"]])
def test_no_login_is_stored(run: Run, command: list[str], tmp_path: Path) -> None:
    ended = run(*command)
    assert ended.returncode == 3
    assert_explained(ended.stderr, "gdrive-wa login")
    assert not (tmp_path / "out").exists()


def test_a_refused_token(run: Run, signed_in: dict[str, str]) -> None:
    ended = run("backups", env={**signed_in, "GDRIVE_WA_ACCESS_TOKEN": "ya29.not-this-one"})
    assert ended.returncode == 3
    assert_explained(ended.stderr, "GDRIVE_WA_ACCESS_TOKEN")
    assert "not-this-one" not in ended.stderr


def test_an_unreachable_server(run: Run, with_key: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ended = run("restore", "out", env={**with_key, "GDRIVE_WA_ENDPOINT": nowhere})
    assert ended.returncode == 4
    assert_explained(ended.stderr, "cannot be reached", "network")
    assert not (tmp_path / "out").exists()


def test_plain_http_to_another_machine_is_refused(run: Run, signed_in: dict[str, str]) -> None:
    ended = run("backups", env={**signed_in, "GDRIVE_WA_ENDPOINT": "http://example.org"})
    assert ended.returncode == 2
    assert_explained(ended.stderr, "unencrypted")


def test_no_key(run: Run, signed_in: dict[str, str], tmp_path: Path) -> None:
    ended = run("restore", "out", env=signed_in)
    assert ended.returncode == 5
    assert_explained(ended.stderr, "--key-file")
    assert not (tmp_path / "out").exists()


def test_no_key_for_a_backup_whose_key_is_not_the_64_digits(
    run: Run, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    backup = plain_sample.folder / "backup"
    for command in (
        ["restore", "out", "--folder", backup],
        ["decrypt", backup / "Databases" / "msgstore.db.crypt14", "out"],
    ):
        ended = run(*command)
        assert ended.returncode == 5
        assert_explained(ended.stderr, "the file named key")
        assert "64 digits that WhatsApp showed" not in ended.stderr
        assert not (tmp_path / "out").exists()


def test_a_folder_for_a_source_without_folders_is_not_ignored(
    run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    for source in ("backup", "appdata"):
        ended = run("restore", "out", "--source", source, "--folder", ".", env=with_key)
        assert ended.returncode == 2
        assert_explained(ended.stderr, source)
    assert not (tmp_path / "out").exists()


def test_text_that_is_not_a_key(run: Run, signed_in: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bad.key").write_text("seventy-three")
    ended = run("restore", "out", "--key-file", "bad.key", env=signed_in)
    assert ended.returncode == 5
    assert_explained(ended.stderr, "hexadecimal")
    assert not (tmp_path / "out").exists()


def test_a_missing_key_file(run: Run, signed_in: dict[str, str]) -> None:
    ended = run("restore", "out", "--key-file", "none.key", env=signed_in)
    assert ended.returncode == 5
    assert_explained(ended.stderr, "none.key")


def test_the_wrong_key_is_reported_before_anything_is_fetched(
    run: Run, signed_in: dict[str, str], tmp_path: Path
) -> None:
    write_key_file(RootKey(bytes(32)), tmp_path / "other.key")
    ended = run("restore", "out", "--key-file", "other.key", env=signed_in)
    assert ended.returncode == 5
    assert_explained(
        ended.stderr, "does not open", "more than one digit is wrong", "compare all groups"
    )
    assert not (tmp_path / "out").exists()
    checked = run("key", "check", "--key-file", "other.key", env=signed_in)
    assert checked.returncode == 5
    assert_explained(checked.stderr, "does not open")
    assert "gdrive-wa key check" not in checked.stderr


def test_a_key_of_the_other_kind(
    run: Run, signed_in: dict[str, str], plain_sample: SampleAccount, tmp_path: Path
) -> None:
    ended = run("restore", "out", "--key-file", plain_sample.key_file, env=signed_in)
    assert ended.returncode == 5
    assert_explained(ended.stderr, "64 digits")
    assert not (tmp_path / "out").exists()


def test_the_wrong_key_for_a_folder_is_not_a_partial_success(
    run: Run, sample: SampleAccount, tmp_path: Path
) -> None:
    write_key_file(RootKey(bytes(32)), tmp_path / "wrong.key")
    for given in (["--key-file", tmp_path / "wrong.key"], []):
        ended = run("decrypt", sample.folder / "backup" / "Databases", "out", "--json", *given)
        assert ended.returncode == 5
        assert len(json.loads(ended.stdout)["failed"]) == 2
        lines = ended.stderr.splitlines()
        assert len(lines) == len(set(lines)), "what to do about it is said once"
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".gdrive-wa"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are another thing there")
def test_an_unreadable_key_file_is_a_key_error(run: Run, tmp_path: Path) -> None:
    ended = run("decrypt", tmp_path, "out", "--key-file", tmp_path)
    assert ended.returncode == 5
    assert_explained(ended.stderr, "the key file cannot be read")


@pytest.mark.parametrize(
    "words",
    [
        ["restore", ""],
        ["download", ""],
        ["download", "15550100", ""],
        ["decrypt", "x", ""],
        ["decrypt", ""],
        ["demo", ""],
        ["restore", "out", "--folder", ""],
        ["restore", "out", "--key-file", ""],
    ],
)
def test_an_empty_path_is_not_the_current_folder(
    words: list[str], run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    ended = run(*words, env=with_key)
    assert ended.returncode == 2
    assert_explained(ended.stderr, "the path is empty")
    assert sorted(tmp_path.iterdir()) == before


def test_dates_the_wrong_way_round_are_refused(run: Run, with_key: dict[str, str]) -> None:
    for command in (["ls"], ["notes", "."]):
        ended = run(*command, "--since", "2025-06-01", "--until", "2025-05-01", env=with_key)
        assert ended.returncode == 2
        assert_explained(ended.stderr, "2025-06-01", "2025-05-01")
    same = run("ls", "--since", "2025-06-01", "--until", "2025-06-01", env=with_key)
    assert same.returncode == 0


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York"])
def test_extreme_dates_are_valid(run: Run, with_key: dict[str, str], zone: str) -> None:
    span = ["--since", "0001-01-01", "--until", "9999-12-31"]
    ended = run("ls", *span, env={**with_key, "TZ": zone})
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == run("ls", env={**with_key, "TZ": zone}).stdout


def test_an_empty_backup(run: Run, sample: SampleAccount, tmp_path: Path) -> None:
    folder = tmp_path / "account"
    (folder / "backup").mkdir(parents=True)
    shutil.copy(sample.folder / "account.json", folder)
    with Emulator(folder) as google:
        given = {
            "GDRIVE_WA_ENDPOINT": google.root,
            "GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal(),
            "GDRIVE_WA_KEY_FILE": str(sample.key_file),
        }
        ended = run("restore", "out", env=given)
        listed = run("ls", "--json", env=given)
    assert ended.returncode == 1
    assert_explained(ended.stderr, "15550100 is empty")
    assert not (tmp_path / "out").exists()
    assert (listed.returncode, json.loads(listed.stdout)) == (0, [])


@pytest.mark.parametrize("day", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_listing_with_extreme_dates_is_shown(
    run: Run, signed_in: dict[str, str], emulator: Emulator, day: str
) -> None:
    emulator.faults = [
        Fault(kind=FaultKind.EDIT, path=path, times=None, set={"updateTime": day})
        for path in ("*/backups", "*/files")
    ]
    for zone in ("America/New_York", "Asia/Tokyo"):
        for command in ("backups", "ls"):
            ended = run(command, env={**signed_in, "TZ": zone})
            assert ended.returncode == 0, ended.stderr


def test_an_account_without_a_backup(run: Run, with_key: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = run("restore", "out", "--folder", empty, env=with_key)
    assert ended.returncode == 1
    assert_explained(ended.stderr, "no WhatsApp backup")
    listed = run("backups", "--folder", empty, "--json")
    assert listed.returncode == 0
    assert json.loads(listed.stdout) == []


def test_a_backup_of_another_name(run: Run, with_key: dict[str, str]) -> None:
    ended = run("restore", "out", "--backup", "15550199", env=with_key)
    assert ended.returncode == 2
    assert_explained(ended.stderr, "15550100")


def test_a_truncated_file(run: Run, sample: SampleAccount, tmp_path: Path) -> None:
    whole = (sample.folder / "backup" / "Databases" / "msgstore.db.crypt15").read_bytes()
    (tmp_path / "cut.db.crypt15").write_bytes(whole[: len(whole) // 2])
    ended = run("decrypt", "cut.db.crypt15", "cut.db", "--key-file", sample.key_file)
    assert ended.returncode == 6
    assert_explained(ended.stderr, "cut")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.db.crypt15"]
    as_json = run("decrypt", "cut.db.crypt15", "cut.db", "--key-file", sample.key_file, "--json")
    assert (as_json.returncode, as_json.stderr) == (6, ended.stderr)
    (failed,) = json.loads(as_json.stdout)["failed"]
    assert failed["path"] == "cut.db.crypt15"
    assert failed["reason"] in ended.stderr


def test_existing_files_survive_a_failure(run: Run, sample: SampleAccount, tmp_path: Path) -> None:
    (tmp_path / "msgstore.db").write_bytes(b"the old one")
    (tmp_path / "x.crypt15").write_bytes(b"\x05rubbish")
    ended = run("decrypt", "x.crypt15", "msgstore.db", "--key-file", sample.key_file)
    assert ended.returncode == 6
    assert (tmp_path / "msgstore.db").read_bytes() == b"the old one"


def test_a_file_where_the_folder_should_be(
    run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    ended = run("restore", "out", env=with_key)
    assert ended.returncode == 1
    assert_explained(ended.stderr, "'out' is a file, but a folder is needed there\n")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("command", ["restore", "download"])
def test_a_link_to_a_disk_that_is_not_connected(
    run: Run, with_key: dict[str, str], tmp_path: Path, command: str
) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "voices")
    ended = run(command, "out", env=with_key)
    assert ended.returncode == 1
    assert_explained(ended.stderr, "'out' is a symbolic link to a folder that does not exist\n")
    assert not (tmp_path / "disk").exists()


@pytest.mark.parametrize("command", ["restore", "download"])
def test_the_backups_own_folder_is_not_a_target(
    run: Run, with_key: dict[str, str], tmp_path: Path, command: str
) -> None:
    (tmp_path / "WhatsApp" / "Databases").mkdir(parents=True)
    (tmp_path / "WhatsApp" / "Databases" / "msgstore.db.crypt15").write_bytes(b"x")
    ended = run(command, "--folder", "WhatsApp", tmp_path / "WhatsApp", env=with_key)
    assert ended.returncode == 2
    assert "is the folder that the files come from" in ended.stderr
    assert len(list((tmp_path / "WhatsApp").iterdir())) == 1


def test_a_folder_that_is_not_an_archive(run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for command in ("notes", "verify"):
        ended = run(command, "photos")
        assert ended.returncode == 2
        assert_explained(ended.stderr, "photos")


def test_an_older_key_of_a_backup_without_envelopes(
    run: Run, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    other = CipherKey(bytes(32), server_salt=bytes(32), google_id=bytes(16))
    write_key_file(other, tmp_path / "other.key")
    ended = run(
        "restore", "out", "--folder", plain_sample.folder / "backup", "--key-file", "other.key"
    )
    assert ended.returncode == 5
    assert_explained(ended.stderr, "another generation")
    assert not list((tmp_path / "out").rglob("*.db"))
    assert not list((tmp_path / "out").rglob("*.opus"))


def test_no_command_shows_the_help(run: Run) -> None:
    ended = run()
    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: gdrive-wa")
    assert "restore" in ended.stderr


@pytest.mark.parametrize("command", ["restore", "download", "decrypt"])
def test_a_folder_with_files_of_the_backup_is_not_a_target(
    run: Run, tmp_path: Path, command: str
) -> None:
    notes = tmp_path / "WhatsApp" / "Media" / "WhatsApp Voice Notes" / "202409"
    notes.mkdir(parents=True)
    (notes / "PTT-20240301-WA0001.opus").write_bytes(b"OggS a note")
    words = ["WhatsApp", "WhatsApp/Media"]
    ended = run(command, *(words if command == "decrypt" else ["--folder", *words]))
    assert ended.returncode == 2
    assert_explained(ended.stderr, "'WhatsApp/Media' has files of the backup itself\n")
    assert [each.name for each in (tmp_path / "WhatsApp").rglob("*") if each.is_file()] == [
        "PTT-20240301-WA0001.opus"
    ]


@pytest.mark.parametrize("command", ["restore", "decrypt"])
def test_a_target_inside_the_source_can_be_used_again(
    run: Run, tmp_path: Path, command: str
) -> None:
    notes = tmp_path / "WhatsApp" / "Media" / "WhatsApp Voice Notes" / "202409"
    notes.mkdir(parents=True)
    (notes / "PTT-20240301-WA0001.opus").write_bytes(b"OggS a note")
    words = ["WhatsApp", "WhatsApp/out"] if command == "decrypt" else ["WhatsApp/out", "--folder"]
    words += [] if command == "decrypt" else ["WhatsApp"]
    first = run(command, *words)
    assert run(command, *words).returncode == first.returncode
    assert len(list((tmp_path / "WhatsApp" / "out").rglob("*.opus"))) == 1
