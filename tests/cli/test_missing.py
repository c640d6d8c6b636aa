"""``restore --missing-from-whatsapp``: from WhatsApp's own servers, while the links are valid."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run

FLAG = "--missing-from-whatsapp"
LINKED = "https://mmg.whatsapp.net"
ENDED = "5E0BE100"
"""The expiry of a link: 1 January 2020, UTC."""


@pytest.fixture
def lacking(sample: SampleAccount) -> VoiceNote:
    """The only note without a file in the backup."""
    (note,) = [note for note in sample.notes if note.status is NoteStatus.MISSING]
    return note


@pytest.fixture
def phone(sample: SampleAccount, tmp_path: Path) -> Path:
    """A folder with only decrypted databases: every note's file is missing.

    All links except that of the missing note have expired, on any day of running the test.
    """
    folder = tmp_path / "phone"
    (folder / "Databases").mkdir(parents=True)
    for name in ("msgstore.db", "wa.db"):
        (folder / "Databases" / name).write_bytes(sample.contents[f"Databases/{name}"])
    with closing(sqlite3.connect(folder / "Databases" / "msgstore.db")) as database:
        for note in sample.notes:
            if note.status is not NoteStatus.MISSING:
                database.execute(
                    "UPDATE message_media SET message_url = ? WHERE message_row_id ="
                    " (SELECT _id FROM message WHERE key_id = ?)",
                    (f"{LINKED}/v/ended?oe={ENDED}", note.message_id),
                )
        database.commit()
    return folder


def change(phone: Path, note: VoiceNote, **values: object) -> None:
    """Change the row of `note`'s file in the database."""
    with closing(sqlite3.connect(phone / "Databases" / "msgstore.db")) as database:
        for column, value in values.items():
            database.execute(
                f"UPDATE message_media SET {column} = ? WHERE message_row_id ="  # noqa: S608 - names of ours
                " (SELECT _id FROM message WHERE key_id = ?)",
                (value, note.message_id),
            )
        database.commit()


def statuses(archive: Path) -> dict[str, str]:
    notes = json.loads((archive / "voice-notes.json").read_text("utf-8"))
    return {note["message_id"]: note["status"] for note in notes}


def restore(run: Run, phone: Path, emulator: Emulator, *more: str) -> dict[str, Any]:
    ended = run(
        "restore", "out", "--folder", phone, FLAG, "--json", *more,
        env={"GDRIVE_WA_ENDPOINT": emulator.root},
    )  # fmt: skip
    assert ended.returncode in (0, 7), ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def outcome(report: dict[str, Any], row: str, note: VoiceNote) -> dict[str, Any]:
    (found,) = [each for each in report[row] if each["path"] == note.whatsapp_path]
    return dict(found)


def test_a_note_that_the_backup_lacks_comes_from_whatsapp(
    run: Run, with_key: dict[str, str], emulator: Emulator, lacking: VoiceNote, tmp_path: Path
) -> None:
    ended = run("restore", "out", FLAG, "--no-tags", "--json", env=with_key)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    content = (tmp_path / "out" / outcome(report, "done", lacking)["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == lacking.sha256
    assert set(statuses(tmp_path / "out").values()) == {"restored"}
    asked = [served for served in emulator.counts.log if served.path.startswith("/v/")]
    assert [(served.status, served.bearer) for served in asked] == [(200, False)]


def test_it_is_stored_and_tagged_like_any_other_and_fetched_once(
    run: Run, with_key: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    assert run("restore", "out", FLAG, env=with_key).returncode == 0
    verified = json.loads(run("verify", "out", "--json").stdout)
    assert (verified["missing"], verified["changed"], verified["extra"]) == ([], [], [])
    emulator.counts.clear()
    again = json.loads(run("restore", "out", FLAG, "--json", env=with_key).stdout)
    assert (again["done"], again["failed"], again["bytes"]) == ([], [], 0)
    assert emulator.counts.request_count("/v/*") == 0
    assert not list((tmp_path / "out" / ".gdrive-wa").rglob("*.tmp"))


def test_whatsapp_is_only_asked_at_the_users_request(
    run: Run, with_key: dict[str, str], emulator: Emulator, lacking: VoiceNote, tmp_path: Path
) -> None:
    assert run("restore", "out", env=with_key).returncode == 0
    assert emulator.counts.request_count("/v/*") == 0
    assert statuses(tmp_path / "out")[lacking.message_id] == "missing"


def test_expired_links_are_reported_and_not_requested(
    run: Run, phone: Path, emulator: Emulator, sample: SampleAccount, lacking: VoiceNote
) -> None:
    report = restore(run, phone, emulator)
    assert report["failed"] == []
    assert outcome(report, "done", lacking)["file"].endswith(".opus")
    expired = [each for each in report["skipped"] if "expired 2020-01-01" in each.get("reason", "")]
    assert len(expired) == len(sample.notes) - 1
    assert emulator.counts.request_count("/v/*") == 1


def test_a_link_that_expired_early_fails_with_that_reason(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote, tmp_path: Path
) -> None:
    change(phone, lacking, message_url=f"{LINKED}/v/gone?oe=7FFFFFFF")
    report = restore(run, phone, emulator)
    assert "no longer store it" in outcome(report, "failed", lacking)["reason"]
    assert set(statuses(tmp_path / "out").values()) == {"missing"}


def test_a_note_without_a_link_is_reported(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote
) -> None:
    change(phone, lacking, message_url=None, direct_path=None)
    report = restore(run, phone, emulator)
    assert "no link" in outcome(report, "skipped", lacking)["reason"]


def test_a_path_alone_is_a_sufficient_link(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote
) -> None:
    change(phone, lacking, message_url=None)
    assert outcome(restore(run, phone, emulator), "done", lacking)["bytes"] > 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "https://127.0.0.1/v/x",
        "https://mmg.whatsapp.net@example.org/v/x?oe=7FFFFFFF",
    ],
)
def test_an_address_that_is_not_whatsapps_is_not_followed(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote, url: str
) -> None:
    change(phone, lacking, message_url=url)
    report = restore(run, phone, emulator)
    assert "its link" in outcome(report, "failed", lacking)["reason"]
    assert emulator.counts.log == type(emulator.counts.log)()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"enc_file_hash": "AA" * 21 + "A="}, "not the copy"),
        ({"file_hash": "AA" * 21 + "A="}, "not what the database promises"),
        ({"media_key": b"\x01" * 32}, "does not open this file"),
        ({"file_length": 1}, "more than the database promises"),
    ],
)
def test_unexpected_content_is_not_kept(
    run: Run,
    phone: Path,
    emulator: Emulator,
    lacking: VoiceNote,
    tmp_path: Path,
    changed: dict[str, object],
    reason: str,
) -> None:
    change(phone, lacking, **changed)
    report = restore(run, phone, emulator)
    assert reason in outcome(report, "failed", lacking)["reason"]
    assert not list((tmp_path / "out").rglob("*.opus"))


def test_corrupted_bytes_are_not_kept(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote, tmp_path: Path
) -> None:
    emulator.faults = Fault(kind=FaultKind.CORRUPT, path="/v/*", times=None)
    report = restore(run, phone, emulator)
    assert "not the copy" in outcome(report, "failed", lacking)["reason"]
    assert not list((tmp_path / "out").rglob("*.opus"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.STATUS, path="/v/*", status=503),
        Fault(kind=FaultKind.STATUS, path="/v/*", status=429, retry_after="0"),
        Fault(kind=FaultKind.BREAK, path="/v/*", after=100),
        Fault(kind=FaultKind.RESET, path="/v/*", after=None),
    ],
    ids=["503", "429", "break", "reset"],
)
def test_temporary_failures_are_retried(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote, fault: Fault
) -> None:
    emulator.faults = fault
    assert outcome(restore(run, phone, emulator), "done", lacking)["bytes"] > 0


def test_a_redirect_is_not_followed(
    run: Run, phone: Path, emulator: Emulator, lacking: VoiceNote
) -> None:
    emulator.faults = Fault(
        kind=FaultKind.REDIRECT, path="/v/*", location=f"{emulator.root}/elsewhere", times=None
    )
    report = restore(run, phone, emulator)
    assert "redirect" in outcome(report, "failed", lacking)["reason"]
    assert emulator.counts.request_count("/elsewhere") == 0


def test_only_the_selected_chat_and_dates_are_fetched(
    run: Run, phone: Path, emulator: Emulator, sample: SampleAccount, lacking: VoiceNote
) -> None:
    other = next(note.chat for note in sample.notes if note.chat != lacking.chat)
    report = restore(run, phone, emulator, "--chat", other)
    assert all(each["path"].startswith("Databases/") for each in report["done"])
    assert {each["path"] for each in report["skipped"] if "expired" in each["reason"]} == {
        note.whatsapp_path for note in sample.notes if other.casefold() in note.chat.casefold()
    }
    later = restore(run, phone, emulator, "--since", "2090-01-01")["skipped"]
    assert all(each["path"].startswith("Databases/") for each in later)
    assert emulator.counts.request_count("/v/*") == 0


def test_a_note_that_the_backup_has_is_never_requested(
    run: Run, with_key: dict[str, str], emulator: Emulator, lacking: VoiceNote
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, path="*.mcrypt1", status=400, times=None)
    ended = run("restore", "out", FLAG, "--json", env=with_key)
    assert ended.returncode == 7
    report = json.loads(ended.stdout)
    assert [each["path"] for each in report["done"] if "Voice Notes" in each["path"]] == [
        lacking.whatsapp_path
    ]
    assert not [each for each in report["skipped"] if "expired" in each.get("reason", "")]


def test_keys_and_links_never_appear(
    run: Run, phone: Path, emulator: Emulator, sample: SampleAccount, tmp_path: Path
) -> None:
    ended = run(
        "--verbose", "restore", "out", "--folder", phone, FLAG, "--json",
        env={"GDRIVE_WA_ENDPOINT": emulator.root},
    )  # fmt: skip
    with closing(sqlite3.connect(phone / "Databases" / "msgstore.db")) as database:
        rows = database.execute("SELECT media_key, direct_path FROM message_media").fetchall()
    kept = b"".join(
        path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and "Databases" not in path.parts
    )
    everything = (ended.stdout + ended.stderr).encode() + kept
    assert len(rows) >= len(sample.notes)
    for media_key, path in rows:
        assert media_key not in everything
        assert media_key.hex().encode() not in everything
        assert path.encode() not in everything
