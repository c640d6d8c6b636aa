"""Output at a terminal, and output for scripts."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gdrive_wa.cli.output import print_json
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run

BLOBS = "*/files/*"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
"""Control sequences that hide and show the cursor."""


@dataclass
class Terminal:
    """A command at a terminal of its own; its output is in `seen`."""

    process: subprocess.Popen[bytes]
    line: int
    seen: str = field(default="")

    def until(self, true: Callable[[str], bool], seconds: float = 200) -> str:
        """Read until `true` holds for all output, or the command ends."""
        deadline = time.monotonic() + seconds
        while not true(self.seen):
            assert time.monotonic() < deadline, self.seen[-2000:]
            if not select.select([self.line], [], [], 0.1)[0]:
                continue
            try:
                self.seen += os.read(self.line, 65536).decode("utf-8", "replace")
            except OSError:  # Linux: there is no writer any more
                break
        return self.seen

    def type(self, text: str) -> None:
        """What is typed is seen."""
        os.write(self.line, text.encode() + b"\n")

    def type_hidden(self, text: str) -> None:
        """What is typed before the terminal hides it would be seen, or thrown away."""
        deadline = time.monotonic() + 60
        while termios.tcgetattr(self.line)[3] & termios.ECHO:
            assert time.monotonic() < deadline, self.seen[-2000:]
            time.sleep(0.01)
        os.write(self.line, text.encode() + b"\n")

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.until(lambda _: False)
        os.close(self.line)
        return self.process.wait(timeout=60)


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(clean_environment: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    """Runs a command at a terminal; none of them outlives the test."""
    opened = []

    def go(*arguments: str, env: dict[str, str]) -> Terminal:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "gdrive_wa", *arguments],
            env={**clean_environment, "TERM": "xterm-256color", "COLUMNS": "100", **env},
            cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        opened.append(process)
        return Terminal(process, ours)

    yield go
    for process in opened:
        process.kill()
        process.wait(timeout=60)


def test_a_restore_shows_a_bar_and_clears_it_away(
    terminal: Open, with_key: dict[str, str], emulator: Emulator
) -> None:
    emulator.faults = Faults(delay=0.05)
    shown = terminal("restore", "out", env=with_key)
    assert shown.end() == 0, shown.seen
    assert "downloading" in shown.seen
    assert " of 41" in shown.seen
    last = shown.seen.rpartition(SHOW)[2]
    assert "downloading" not in last
    assert "42 voice notes: 41 restored, 1 missing" in last


def test_ctrl_c_restores_the_cursor_before_its_message(
    terminal: Open, with_key: dict[str, str], emulator: Emulator
) -> None:
    # from some file on nothing comes any more, so that it cannot end before it is stopped
    stall = Fault(
        kind=FaultKind.STALL, path=BLOBS, media=True, first=8, across=True, times=None, seconds=600
    )
    emulator.faults = Faults(rules=(stall,), delay=0.25)
    shown = terminal("restore", "out", "--jobs", "1", env=with_key)
    shown.until(lambda seen: "downloading" in seen)
    time.sleep(1)
    shown.process.send_signal(signal.SIGINT)
    shown.until(lambda seen: "stopping …" in seen and "Ctrl-C again to stop at once" in seen)
    assert shown.end() == 130, shown.seen
    before, _, last = shown.seen.rpartition(SHOW)
    assert HIDE in before
    assert HIDE not in last
    assert "downloading" not in last
    assert "━" not in last
    assert "stopped" in last
    assert "hint: run the same command again" in last


def test_an_error_during_a_bar_restores_the_cursor_too(
    terminal: Open, with_key: dict[str, str], emulator: Emulator
) -> None:
    revoke = Fault(kind=FaultKind.REVOKE, path=BLOBS, media=True, first=6, across=True, times=None)
    emulator.faults = Faults(rules=(revoke,), delay=0.1)
    shown = terminal("restore", "out", env=with_key)
    assert shown.end() != 0
    before, _, last = shown.seen.rpartition(SHOW)
    assert "downloading" in before
    assert HIDE in before
    assert HIDE not in last


def test_no_colour_where_none_is_wanted(terminal: Open, signed_in: dict[str, str]) -> None:
    shown = terminal("ls", "nosuch", env={**signed_in, "NO_COLOR": "1"})
    assert shown.end() == 2
    assert "error: no backup named 'nosuch'" in shown.seen
    assert "\x1b[3" not in shown.seen


def test_a_key_is_asked_for_and_not_echoed(
    terminal: Open, signed_in: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    assert isinstance(sample.key, RootKey)
    digits = sample.key.reveal().hex()
    shown = terminal("restore", "out", env=signed_in)
    shown.until(lambda seen: "Key (hidden" in seen)
    shown.type_hidden("not a key")
    shown.until(lambda seen: seen.count("Key (hidden") == 2)
    shown.type_hidden(digits)
    assert shown.end() == 0, shown.seen
    assert digits not in shown.seen
    assert (tmp_path / "out" / "index.html").exists()


def test_a_pipe_gets_data_and_nothing_else(run: Run, with_key: dict[str, str]) -> None:
    ended = run("restore", "out", "--json", env=with_key)
    assert json.loads(ended.stdout)["failed"] == []
    for command in (
        ["backups"], ["ls"], ["notes", "out"], ["verify", "out"], ["doctor"], ["key", "check"],
    ):  # fmt: skip
        json.loads(run(*command, "--json", env=with_key).stdout)
    assert "\x1b" not in ended.stderr


@pytest.mark.parametrize("before", [True, False])
def test_quiet_leaves_only_data(run: Run, with_key: dict[str, str], *, before: bool) -> None:
    command = ["--quiet", "restore", "out"] if before else ["restore", "out", "--quiet"]
    ended = run(*command, env=with_key)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    shown = run("notes", "out", "-q")
    assert shown.stderr == ""
    assert len(shown.stdout.splitlines()) == 42


@pytest.mark.parametrize(
    "command",
    [["--verbose", "key", "check", "none"], ["key", "check", "none", "--verbose"],
     ["key", "-v", "check", "none"]],
)  # fmt: skip
def test_verbose_shows_where_it_happened(
    run: Run, with_key: dict[str, str], command: list[str]
) -> None:
    ended = run(*command, env=with_key)
    assert "Traceback" in ended.stderr
    assert "error: " in ended.stderr


def test_the_digits_of_a_key_are_not_a_path_and_not_repeated(
    run: Run, with_key: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    assert isinstance(sample.key, RootKey)
    digits = sample.key.reveal().hex()
    spaced = " ".join(digits[i : i + 4] for i in range(0, 64, 4))
    for given in (digits, spaced, digits[:-1] + "O"):
        for command in (
            ["restore", "out", "--key-file", given], ["key", "check", given],
            ["key", "create", given], ["--verbose", "restore", "out", "--key-file", given],
        ):  # fmt: skip
            ended = run(*command, env=with_key)
            assert ended.returncode == 5
            assert "error: this is not a path: it looks like the key itself" in ended.stderr
            assert given[:20] not in ended.stdout + ended.stderr
    assert not list(tmp_path.glob("[0-9a-f]*"))


def test_a_restore_summarises_the_voice_notes(run: Run, with_key: dict[str, str]) -> None:
    ended = run("restore", "out", env=with_key)
    assert "42 voice notes: 41 restored, 1 missing (in 8 chats)" in ended.stderr
    assert 'gdrive-wa notes "out" --status missing' in ended.stderr
    one = run("notes", "out", "--status", "missing")
    assert one.stderr == "1 voice note: 1 missing\n"


def test_unselected_notes_are_not_reported_as_missing(run: Run, with_key: dict[str, str]) -> None:
    for options in (["--chat", "mum"], ["--since", "2025-10-01"]):
        ended = run("restore", "out", *options, env=with_key)
        assert "restored" in ended.stderr
        assert "the backup does not contain it" not in ended.stderr
    whole = run("restore", "out", env=with_key)
    assert "the backup does not contain it" in whole.stderr


def test_a_dry_run_reports_files_and_sizes_by_kind(run: Run, with_key: dict[str, str]) -> None:
    ended = run("restore", "out", "--dry-run", "--all", env=with_key)
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in ended.stdout.splitlines()}
    assert rows["voice"][0] == "41"
    assert rows["database"][0] == "2"
    assert {"image", "audio", "settings"} <= set(rows)
    assert all(size.endswith("B") for _, size in rows.values())
    assert "listen" not in ended.stderr


def test_verify_names_files_on_stdout_and_gives_a_hint(
    run: Run, with_key: dict[str, str], tmp_path: Path
) -> None:
    run("restore", "out", env=with_key)
    first, second, *_ = sorted((tmp_path / "out" / "Voice notes").rglob("*.opus"))
    first.write_bytes(b"?")
    second.unlink()
    ended = run("--quiet", "verify", "out")
    assert ended.returncode == 6
    inside = tmp_path / "out"
    assert ended.stdout.splitlines() == [
        f"missing\t{second.relative_to(inside).as_posix()}",
        f"changed\t{first.relative_to(inside).as_posix()}",
    ]
    assert "gdrive-wa restore into this folder again" in run("verify", "out").stderr
    assert run("restore", "out", env=with_key).returncode == 0
    assert run("verify", "out").returncode == 0


def test_json_has_no_character_that_controls_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x200F, 0x2028]))
    name = f"Mum {odd} ü \U0001f389"
    print_json({"chat": name, odd: [name]})
    shown = capsys.readouterr().out
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []
    assert json.loads(shown) == {"chat": name, odd: [name]}
    assert "ü \U0001f389" in shown
