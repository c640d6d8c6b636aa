"""Every ``--json`` prints one document, in the same order each time, however the command ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gdrive_wa.__main__ import main
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.emulation.story import read_recordings
from tests.cli.conftest import Run

AUDIO = [each.audio for each in read_recordings().values()]


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    folder = tmp_path / "WhatsApp" / "Media" / "WhatsApp Voice Notes"
    folder.mkdir(parents=True)
    for number, audio in enumerate(AUDIO):
        (folder / f"PTT-{number}.opus").write_bytes(audio)
    return tmp_path / "WhatsApp"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["ls", "--folder", "nowhere", "--json"], 2),
        (["restore", "out", "--folder", "nowhere", "--json"], 2),
        (["restore", "out", "--json", "--no-such-option"], 2),
        (["restore", "--json"], 2),
        (["notes", "nowhere", "--json"], 2),
        (["key", "check", "--json", "--folder", "nowhere"], 5),
        (["inspect", "nowhere.crypt15", "--json"], 2),
        (["whoami", "--json"], 3),
    ],
)
def test_an_error_is_a_document_too(run: Run, arguments: list[str], code: int) -> None:
    ended = run(*arguments)
    assert ended.returncode == code, ended.stderr
    error = json.loads(ended.stdout)["error"]
    assert set(error) == {"message", "hints", "exit_code"}
    assert error["exit_code"] == code
    assert f"error: {error['message']}" in ended.stderr
    assert [line for line in ended.stderr.splitlines() if line.startswith("hint: ")] == [
        f"hint: {hint}" for hint in error["hints"]
    ]


def test_without_json_an_error_prints_nothing_on_stdout(run: Run) -> None:
    assert run("ls", "--folder", "nowhere").stdout == ""
    assert run("ls", "--folder", "nowhere", "--", "--json").stdout == ""


def test_a_report_with_failures_is_the_only_document(run: Run, phone: Path) -> None:
    (phone / "Databases").mkdir()
    (phone / "Databases" / "msgstore.db.crypt15").write_bytes(b"\x02\x01\x02" + bytes(100))
    ended = run("restore", "out", "--folder", phone, "--json", env={"GDRIVE_WA_KEY": "ab" * 32})
    assert ended.returncode == 7, ended.stderr
    assert json.loads(ended.stdout)["failed"]


def test_ls_is_in_the_order_of_paths(run: Run, phone: Path) -> None:
    listed = json.loads(run("ls", "--folder", phone, "--json").stdout)
    paths = [each["path"] for each in listed]
    assert paths == sorted(paths)
    assert len(paths) == len(AUDIO)


def test_a_report_is_in_the_order_of_paths() -> None:
    outcomes = [Outcome(path=path, reason=path) for path in ("b", "c", "a")]
    written = Report(done=list(outcomes), skipped=list(outcomes), failed=list(outcomes)).to_json()
    for part in ("done", "skipped", "failed"):
        listed = written[part]
        assert isinstance(listed, list)
        assert [each["path"] for each in listed] == ["a", "b", "c"]


def test_control_characters_are_escaped(phone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "PTT-\u202e\x9b31m\x7f\u2028\u200f é\U000e0041.opus"
    (phone / "Media" / "WhatsApp Voice Notes" / name).write_bytes(AUDIO[0])
    assert main(["ls", "--folder", str(phone), "--json"]) == 0
    text = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "é" in text
    assert any(each["path"].endswith(name) for each in json.loads(text))


def test_a_second_run_in_one_process_prints_its_error_too(
    phone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", "--folder", str(phone), "--json"]) == 0
    capsys.readouterr()
    assert main(["ls", "--folder", "nowhere", "--json"]) == 2
    assert "error" in json.loads(capsys.readouterr().out)
