"""Canaries in a complete session at the terminal: a secret is never printed, not even with
``--verbose``; it is in no file except the one that stores the login, and not in the list of
processes.

Leaks of single steps, in logs and in the repr of objects, are tested in
``tests/google/test_secrets.py``.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.crypt.keys import load_key
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount, make_sample
from gdrive_wa.emulation.server import Emulator
from tests import forked
from tests.cli.test_login import client_file, consenting, log_in
from tests.transfer.cli import Cli

__all__ = ["client_file", "consenting"]

BLOBS = "*/files/*"
DATABASE = "*/files/Databases/msgstore.db.crypt15"
TROUBLES = {
    "none": None,
    "broken streams": Fault(kind=FaultKind.BREAK, path=BLOBS, after=10, share=0.3),
    "failures": Fault(kind=FaultKind.STATUS, path=DATABASE, status=500),
    "refusals": Fault(
        kind=FaultKind.STATUS, path=BLOBS, status=403, reason="insufficientPermissions", times=None
    ),
    "nonsense": Fault(kind=FaultKind.EDIT, path="*", drop=("name",), times=None),
    "a renewal": Fault(kind=FaultKind.EXPIRE, path=BLOBS, media=True, first=5, across=True),
    "a redirect": Fault(kind=FaultKind.REDIRECT, path=DATABASE, location="nowhere://x/"),
    "a revocation": Fault(kind=FaultKind.REVOKE, path=BLOBS, media=True, first=5, across=True),
}
"""Comes last: nothing works after it."""


class Life:
    """A user at a terminal whose input and output are recorded."""

    def __init__(self, google: Emulator, account: SampleAccount, home: Path) -> None:
        self.home = home
        self.cli = Cli(google.root, None, home)
        self.google = google
        self.account = account
        self.seen = ""
        self.secrets: set[str] = set()
        self.learn_logins()

    def run(self, *words: str | Path, text: str = "", **environment: str) -> int:
        ended = forked.run(
            words,
            env=self.cli.environment() | environment,
            cwd=self.home,
            text=text,
            hurry=True,
        )
        self.seen += ended.stdout + ended.stderr
        self.learn_logins()
        return ended.returncode

    def learn_logins(self) -> None:
        """All issued tokens, and the credentials that request them."""
        known = self.google.tokens
        for issued in (known._access, known._refresh, known._codes, known._devices):
            self.secrets.update(issued)
        for client in self.google.accounts[0].clients:
            self.secrets.add(client.client_secret)

    def learn_key(self, path: Path) -> str:
        """Read its digits; later, every form of the key is searched for."""
        raw = path.read_bytes()[-32:]
        assert load_key(raw.hex().encode()) == load_key(path)
        self.secrets |= {raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode()}
        self.secrets |= {repr(raw)[2:-1], raw.decode("latin-1")}
        return raw.hex()

    def slipped(self, text: str) -> list[str]:
        return sorted(secret for secret in self.secrets if secret in text)


@pytest.fixture
def life(consenting: Emulator, sample: SampleAccount, tmp_path: Path) -> Iterator[Life]:
    (tmp_path / "home").mkdir()
    lived = Life(consenting, sample, tmp_path / "home")
    yield lived
    assert len(lived.secrets) > 5
    assert lived.slipped(lived.seen) == []
    assert "Traceback" in lived.seen  # there was something to see
    for path in lived.home.rglob("*"):
        if path.is_file() and path.parent != lived.home / "config" / "logins":
            assert lived.slipped(path.read_bytes().decode("latin-1")) == [], path
            assert lived.slipped(path.name) == []


def work(life: Life, digits: str) -> None:
    """A user's commands on a backup, once for each kind of error."""
    key = {"GDRIVE_WA_KEY": digits}
    wrong = digits[:-1] + ("0" if digits[-1] != "0" else "1")
    life.secrets.add(wrong)
    for name, trouble in TROUBLES.items():
        life.google.faults = trouble
        life.run("--verbose", "restore", f"archive of {name}", "--all", **key)
        life.run("--verbose", "download", f"copy of {name}", "--json", **key)
    life.google.faults = None
    archive = "archive of none"
    life.run("--verbose", "restore", "never", GDRIVE_WA_KEY=wrong)
    life.run("--verbose", "restore", "never", GDRIVE_WA_KEY=f"{digits}0")
    life.run("--verbose", "key", "check", **key)
    life.run("--verbose", "key", "check", GDRIVE_WA_KEY=wrong)
    life.run("--verbose", "doctor", "--json", **key)
    for command in (["whoami", "--json"], ["backups"], ["ls"], ["verify", archive]):
        life.run("--verbose", *command, **key)
    life.run("--verbose", "notes", archive, "--json")
    life.run("--verbose", "inspect", "copy of none/Databases/msgstore.db.crypt15")
    life.run("--verbose", "decrypt", "copy of none", "plain", **key)
    life.run("--verbose", "logout")
    life.run("--verbose", "backups")


@pytest.mark.slow
@pytest.mark.timeout(900)  # thirty commands one after the other
def test_a_login_through_a_browser(life: Life, client_file: Path, sample: SampleAccount) -> None:
    assert sample.key_file is not None
    digits = life.learn_key(sample.key_file)
    code, said = log_in(life.cli.environment(), client_file, life.google)
    assert code == 0, said
    life.seen += said
    life.learn_logins()
    work(life, digits)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_login_of_the_android_way(life: Life, sample: SampleAccount) -> None:
    assert sample.key_file is not None
    digits = life.learn_key(sample.key_file)
    crumb = life.google.tokens.issue_cookie(sample.email)
    life.secrets.add(crumb)
    words = ("--verbose", "login", "--provider", "android", "--account", sample.email)
    assert life.run(*words, text=f"{crumb}\n") == 0, life.seen
    assert life.run(*words, text=f"{crumb}\n") == 3  # good once
    work(life, digits)


def every_command_line() -> str:
    listed = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # a process may end while it is looked at
            listed += path.read_bytes().decode("latin-1").replace("\0", " ") + "\n"
    return listed


def test_the_list_of_processes(tmp_path: Path) -> None:
    """Every user of the machine sees the arguments of every process.

    The account is used by this test only: another test may type the key of the usual one.
    """
    sample = make_sample(tmp_path / "account", seed=secrets.randbits(64))
    key = sample.key_file.read_bytes()[-32:].hex()
    stall = Fault(kind=FaultKind.STALL, path=BLOBS, media=True, times=None, seconds=600)
    with Emulator(sample.folder, faults=stall) as emulator:
        cli = Cli(emulator.root, sample.token, tmp_path)
        process = cli.start("restore", tmp_path / "dest", "--key-file", sample.key_file)
        try:
            while not emulator.counts.media:
                assert process.poll() is None
                time.sleep(0.01)
            listed = every_command_line()
        finally:
            process.kill()
            process.communicate()
    assert str(tmp_path / "dest") in listed
    assert sample.token.reveal() not in listed
    assert key not in listed.lower()
