"""Each command, by its contract, against the emulator."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from gdrive_wa.crypt.keys import RootKey, load_key
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run

NOTE_KEYS = {
    "file", "chat", "chat_jid", "sender", "from_me", "sent_at", "duration", "size", "mime_type",
    "status", "transcript", "starred", "forwarded", "message_id",
}  # fmt: skip


def assert_done(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 0, ended.stderr


def restored(sample: SampleAccount) -> int:
    """The number of note files in the sample's backup; one is missing."""
    return len(sample.notes) - 1


def unspaced(name: str) -> str:
    """The regular expression of a name, or of a number in any grouping."""
    return name.replace(" ", "") if name.startswith("+") else name


def test_backups_lists_the_account(run: Run, signed_in: dict[str, str]) -> None:
    ended = run("backups", "--json", env=signed_in)
    assert_done(ended)
    (backup,) = json.loads(ended.stdout)
    assert backup["name"] == "clients/wa/backups/15550100"
    assert backup["account"] == "15550100"
    assert backup["encrypted"] is True
    assert backup["key_type"] == "key"
    assert set(backup) == {
        "name", "account", "updated", "size", "encrypted", "key_type", "app_version", "uploading",
        "locks", "unfinished", "expires", "deactivates",
    }  # fmt: skip


def test_ls_shows_real_names_only_with_the_key(
    run: Run, signed_in: dict[str, str], with_key: dict[str, str], sample: SampleAccount
) -> None:
    without = json.loads(run("ls", "--json", env=signed_in).stdout)
    opened = json.loads(run("ls", "--json", env=with_key).stdout)
    assert {entry["path"] for entry in opened} >= {
        path for path in sample.contents if path.startswith("Media/")
    }
    assert {entry["stored_as"] for entry in opened} == {entry["stored_as"] for entry in without}
    assert not any("PTT" in entry["path"] for entry in without)


def test_ls_selects_entries(run: Run, with_key: dict[str, str]) -> None:
    voices = json.loads(run("ls", "--json", "--only", "voice", env=with_key).stdout)
    assert voices
    assert {entry["kind"] for entry in voices} == {"voice"}
    june = run(
        "ls", "--json", "--only", "voice", "--since", "2025-06-01", "--until", "2025-06-30",
        env=with_key,
    )  # fmt: skip
    dates = [entry["modified"] for entry in json.loads(june.stdout)]
    assert dates
    assert all(date.startswith(("2025-05-31", "2025-06")) for date in dates)


def test_the_most_distant_dates_are_accepted(run: Run, with_key: dict[str, str]) -> None:
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        ended = run(
            "ls", "--json", "--since", "0001-01-01", "--until", "9999-12-31",
            env={**with_key, "TZ": zone},
        )  # fmt: skip
        assert_done(ended)
        assert len(json.loads(ended.stdout)) == 47


def test_ls_refuses_to_select_kinds_that_only_the_key_reveals(
    run: Run, signed_in: dict[str, str]
) -> None:
    ended = run("ls", "--json", "--only", "voice", env=signed_in)
    assert (ended.returncode, list(json.loads(ended.stdout))) == (5, ["error"])
    assert "without the key, the kind of" in ended.stderr


def test_download_keeps_the_stored_bytes_and_fetches_nothing_twice(
    run: Run, signed_in: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    first = run("download", "copy", "--json", env=signed_in)
    assert_done(first)
    stored = {
        path.relative_to(sample.folder / "backup").as_posix(): path.read_bytes()
        for path in (sample.folder / "backup").rglob("*")
        if path.is_file() and not path.name.endswith("-metadata")
    }
    for name, content in stored.items():
        assert (tmp_path / "copy" / name).read_bytes() == content
    again = json.loads(run("download", "copy", "--json", env=signed_in).stdout)
    assert again["done"] == []
    assert len(again["skipped"]) == len(stored)


def test_decrypt_takes_a_whole_download(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    assert_done(run("download", "copy", env=with_key))
    assert_done(run("decrypt", "copy", "plain", env=with_key))
    for path, content in sample.contents.items():
        assert (tmp_path / "plain" / path).read_bytes() == content, path


def test_restore_leaves_the_promised_tree(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    ended = run("restore", "out", "--json", "--timezone", "Europe/Berlin", env=with_key)
    assert_done(ended)
    report = json.loads(ended.stdout)
    assert report["failed"] == []
    out = tmp_path / "out"
    assert (out / "Databases" / "msgstore.db").read_bytes() == sample.contents[
        "Databases/msgstore.db"
    ]
    assert (out / "index.html").read_text().startswith("<!doctype html>")
    notes = json.loads((out / "voice-notes.json").read_text())
    assert len(notes) == len(sample.notes)
    expected = {(note.chat_jid, note.message_id): note for note in sample.notes}
    for note in notes:
        assert set(note) >= NOTE_KEYS
        known = expected[note["chat_jid"], note["message_id"]]
        assert unspaced(note["sender"]) == unspaced(known.sender)
        assert unspaced(note["chat"]) == unspaced(known.chat)
        assert note["status"] == ("missing" if note["file"] is None else "restored")
        if note["file"] is not None:
            assert (out / note["file"]).is_file()
    assert sum(note["status"] == "missing" for note in notes) == 1
    rows = list(csv.DictReader(io.StringIO((out / "voice-notes.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(notes)
    assert not list((out / ".gdrive-wa").rglob("*.mcrypt1"))


def test_each_entry_of_a_report_has_the_same_fields(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    lost = shutil.copytree(sample.folder / "backup", tmp_path / "backup")
    next((lost / "Media").glob("*.mcrypt1")).write_bytes(b"rubbish of some length")
    for command in (
        ["restore", "out", "--folder", "backup"],
        ["decrypt", "backup", "plain"],
        ["download", "--folder", "backup", "blobs"],
    ):
        for _ in range(2):  # the second time, most are skipped
            report = json.loads(run(*command, "--json", env=with_key).stdout)
            assert set(report) == {"done", "skipped", "failed", "bytes", "seconds"}
            for each in report["done"] + report["skipped"] + report["failed"]:
                assert set(each) == {"path", "file", "bytes", "reason", "hints"}


def test_a_second_restore_fetches_no_blob(
    run: Run, with_key: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    assert_done(run("restore", "out", env=with_key))
    tree = _tree(tmp_path / "out")
    emulator.counts.clear()
    again = json.loads(run("restore", "out", "--json", env=with_key).stdout)
    assert again["done"] == []
    assert again["bytes"] == 0
    assert _tree(tmp_path / "out") == tree


def test_a_copy_of_an_archive_is_brought_up_to_date_like_the_archive(
    run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    """Copied to another disk, without the times of the files."""
    run("restore", "out", env=with_key)
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    planned = json.loads(run("restore", "copy", "--dry-run", "--json", env=with_key).stdout)
    again = json.loads(run("restore", "copy", "--json", env=with_key).stdout)
    assert (planned["done"], again["done"], again["bytes"]) == ([], [], 0)
    for file in (tmp_path / "out" / "Voice notes").rglob("*.opus"):
        copied = tmp_path / "copy" / file.relative_to(tmp_path / "out")
        assert copied.stat().st_mtime_ns == file.stat().st_mtime_ns


def test_restore_of_a_backup_without_end_to_end_encryption(
    run: Run, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    ended = run(
        "restore", "out", "--folder", plain_sample.folder / "backup",
        "--key-file", plain_sample.key_file,
    )  # fmt: skip
    assert_done(ended)
    notes = json.loads((tmp_path / "out" / "voice-notes.json").read_text())
    assert sum(note["status"] == "restored" for note in notes) == len(plain_sample.notes) - 1


def test_restore_of_one_chat(run: Run, with_key: dict[str, str], tmp_path: Path) -> None:
    assert_done(run("restore", "out", "--chat", "mum", env=with_key))
    folders = [path.name for path in (tmp_path / "out" / "Voice notes").iterdir()]
    assert folders == ["Mum"]


def test_without_tags_the_audio_files_stay_bit_exact(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    assert_done(run("restore", "out", "--no-tags", env=with_key))
    found = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "out" / "Voice notes").rglob("*.opus")
    }
    voices = {
        hashlib.sha256(content).hexdigest()
        for path, content in sample.contents.items()
        if "Voice Notes" in path
    }
    assert found == voices


def test_a_dry_run_writes_nothing(run: Run, with_key: dict[str, str], tmp_path: Path) -> None:
    ended = run("restore", "out", "--dry-run", "--json", env=with_key)
    assert_done(ended)
    report = json.loads(ended.stdout)
    assert report["done"]
    assert report["bytes"] > 0
    assert not (tmp_path / "out").exists()


def test_notes_of_an_archive(run: Run, with_key: dict[str, str], sample: SampleAccount) -> None:
    assert_done(run("restore", "out", env=with_key))
    shown = json.loads(run("notes", "out", "--json").stdout)
    assert len(shown) == len(sample.notes)
    missing = json.loads(run("notes", "out", "--json", "--status", "missing").stdout)
    assert len(missing) == 1
    mum = json.loads(run("notes", "out", "--json", "--chat", "Mum").stdout)
    assert {note["chat"] for note in mum} == {"Mum"}
    rows = list(csv.DictReader(io.StringIO(run("notes", "out", "--csv").stdout)))
    assert len(rows) == len(sample.notes)


def test_days_are_those_of_the_given_time_zone(run: Run, with_key: dict[str, str]) -> None:
    assert_done(run("restore", "out", env=with_key))
    zone = ("--timezone", "Pacific/Kiritimati")
    table = run("notes", "out", *zone).stdout.splitlines()
    day = next(line[:10] for line in table if line[11:13] < "14")  # another day in UTC
    wanted = [line for line in table if line.startswith(day)]
    assert run("notes", "out", *zone, "--since", day, "--until", day).stdout.splitlines() == wanted
    limits = ("--since", day, "--until", day, "--only", "voice", "--dry-run", "--json")
    plan = json.loads(run("restore", "new", *zone, *limits, env=with_key).stdout)
    voices = [entry for entry in plan["done"] if entry["path"].endswith(".opus")]
    assert len(voices) == len(wanted)


def test_verify_names_what_changed(run: Run, with_key: dict[str, str], tmp_path: Path) -> None:
    assert_done(run("restore", "out", env=with_key))
    fine = json.loads(run("verify", "out", "--json").stdout)
    assert fine["ok"] > 40
    assert (fine["missing"], fine["changed"], fine["extra"]) == ([], [], [])
    first, second, *_ = sorted((tmp_path / "out" / "Voice notes").rglob("*.opus"))
    first.write_bytes(first.read_bytes()[:-1] + b"\x00")
    second.unlink()
    (tmp_path / "out" / "unrelated.txt").write_text("?")
    ended = run("verify", "out", "--json")
    assert ended.returncode == 6
    found = json.loads(ended.stdout)
    assert found["changed"] == [first.relative_to(tmp_path / "out").as_posix()]
    assert found["missing"] == [second.relative_to(tmp_path / "out").as_posix()]
    assert found["extra"] == ["unrelated.txt"]


def test_the_sizes_in_inspect_add_up(run: Run, sample: SampleAccount) -> None:
    path = sample.folder / "backup" / "Databases" / "msgstore.db.crypt15"
    found = json.loads(run("inspect", path, "--json").stdout)
    assert found["format"] == "crypt15"
    parts = ("header_size", "ciphertext_size", "tag_size", "checksum_size", "tail_size")
    assert sum(found[part] for part in parts) == path.stat().st_size


def test_key_create_writes_what_the_phone_writes(
    run: Run, sample: SampleAccount, tmp_path: Path
) -> None:
    assert isinstance(sample.key, RootKey)
    digits = sample.key.reveal().hex().upper()
    spaced = " ".join(digits[i : i + 4] for i in range(0, 64, 4))
    assert_done(run("key", "create", "made.key", env={"GDRIVE_WA_KEY": spaced}))
    assert (tmp_path / "made.key").read_bytes() == sample.key_file.read_bytes()
    assert (tmp_path / "made.key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "made.key") == sample.key


def test_the_key_and_the_token_never_appear(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    assert isinstance(sample.key, RootKey)
    ended = run("--verbose", "restore", "out", env=with_key)
    everything = (ended.stdout + ended.stderr).encode() + b"".join(
        path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert sample.token.reveal().encode() not in everything
    assert sample.key.reveal() not in everything
    assert sample.key.reveal().hex().encode() not in everything.lower()


def test_demo_restores_an_archive(run: Run, sample: SampleAccount, tmp_path: Path) -> None:
    ended = run("demo", "shown")
    assert_done(ended)
    assert "signed in as" in ended.stderr
    assert len(list((tmp_path / "shown" / "Voice notes").rglob("*.opus"))) == restored(sample)
    assert not (tmp_path / "config").exists()


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and ".gdrive-wa" not in path.parts
    }


def test_key_check_against_the_listing_and_a_file(
    run: Run, with_key: dict[str, str], sample: SampleAccount
) -> None:
    assert_done(run("key", "check", env=with_key))
    path = sample.folder / "backup" / "Databases" / "msgstore.db.crypt15"
    assert_done(run("key", "check", path, env=with_key))


def test_key_check_names_the_mistyped_digit(
    run: Run, signed_in: dict[str, str], sample: SampleAccount
) -> None:
    assert isinstance(sample.key, RootKey)
    digits = sample.key.reveal().hex()
    wrong = "0" if digits[17] != "0" else "1"
    typed = digits[:17] + wrong + digits[18:]
    path = sample.folder / "backup" / "Databases" / "msgstore.db.crypt15"
    for where in ([], [path]):
        ended = run("key", "check", *where, env={**signed_in, "GDRIVE_WA_KEY": typed})
        assert ended.returncode == 5
        assert "digit 18 is mistyped" in ended.stderr
        assert f"in group 5 of 16, write {digits[17]} in place of {wrong}" in ended.stderr


def test_ctrl_c_loses_nothing_and_the_next_run_completes_the_job(
    run: Run,
    clean_environment: dict[str, str],
    with_key: dict[str, str],
    emulator: Emulator,
    sample: SampleAccount,
    tmp_path: Path,
) -> None:
    stall = Fault(  # from the twelfth file on: it cannot end before it is stopped
        kind=FaultKind.STALL, path="*/files/*", media=True,
        first=12, across=True, times=None, seconds=600,
    )  # fmt: skip
    emulator.faults = Faults(rules=(stall,), delay=0.25)
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrive_wa", "restore", "out", "--jobs", "1"],
        env={**clean_environment, **with_key}, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    voices = tmp_path / "out" / "Voice notes"
    deadline = time.monotonic() + 120
    while not list(voices.rglob("*.opus")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "run the same command again" in said
    kept = {path: path.read_bytes() for path in voices.rglob("*.opus")}
    assert 0 < len(kept) < restored(sample)
    assert not [path for path in voices.rglob("*") if path.name.startswith(".")]
    emulator.faults = None
    report = json.loads(run("restore", "out", "--json", env=with_key).stdout)
    assert report["failed"] == []
    assert len(report["skipped"]) >= len(kept)
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert len(list(voices.rglob("*.opus"))) == restored(sample)
