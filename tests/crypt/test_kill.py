"""kill -9 at random moments: the target is the old file, the complete new one, or absent."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs.key import write_key_file
from gdrive_wa.storage.batch import FILES
from gdrive_wa.storage.draft import TEMPORARY_PREFIX
from tests import forked
from tests.crypt.fixtures import ROOT_KEY
from tests.transfer.cli import Process

pytestmark = pytest.mark.slow

KILLS = 50
TREE_KILLS = 15
OLD = b"the old file"
SIZE = 24 << 20
"""Bytes of plaintext: enough that most kills happen in the middle of it."""


class Victim:
    """``gdrive-wa decrypt`` as a process of its own, which can be killed."""

    def __init__(self, folder: Path, src: Path, dest: Path) -> None:
        key_file = folder / "encrypted_backup.key"
        write_key_file(ROOT_KEY, key_file)
        self._words = ["decrypt", str(src), str(dest), "--key-file", str(key_file)]

    def run(self) -> float:
        """Let it end; return the seconds that it took."""
        started = time.monotonic()
        ended = forked.run(self._words, env=os.environ)
        assert ended.returncode == 0, ended.stderr
        return time.monotonic() - started

    def die_after(self, seconds: float) -> bool:
        """Kill it after that time; False if it had ended before."""
        with self._started() as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            return self._died(process)

    def die_once(self, true: Callable[[], object]) -> bool:
        """Kill it as soon as something is true; False if it had ended before."""
        with self._started() as process:
            while process.poll() is None and not true():
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            return self._died(process)

    def _started(self) -> Process:
        return forked.start(self._words, env=os.environ)

    def _died(self, process: Process) -> bool:
        """Whether it was killed. Its workers end by themselves a little later, and are
        waited for, or they would still write when what it left is judged."""
        killed = process.wait() == -signal.SIGKILL
        until = time.monotonic() + 60
        while living(process.pid):
            assert time.monotonic() < until, "a worker outlives the run that it works for"
            time.sleep(0.005)
        return killed


def living(session: int) -> bool:
    """Whether any process of a session is alive; zombies do not count."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, its_session = status.read_text().rpartition(")")[2].split()[:4]
            if state != "Z" and its_session == str(session):
                return True
    return False


class Aim:
    """Seconds after which to kill, anywhere in a run. The length of a run is learned on the way,
    for a busy machine gets idle and the other way round.
    """

    def __init__(self, whole: float, seed: int) -> None:
        self._window = whole
        self._dice = random.Random(seed)

    def moment(self) -> float:
        """The next moment."""
        return self._dice.random() * self._window

    def learn(self, *, killed: bool) -> None:
        """The run was killed, or had ended before."""
        self._window *= 1.02 if killed else 0.85


def drafts(folder: Path) -> list[Path]:
    return list(folder.rglob(f"{TEMPORARY_PREFIX}*.tmp"))


def half_written(folder: Path, but: list[Path]) -> bool:
    """Whether there is a new draft that is not empty."""
    with contextlib.suppress(FileNotFoundError):  # it has its name by now
        return any(path.stat().st_size for path in drafts(folder) if path not in but)
    return False


@pytest.mark.timeout(1800)
def test_a_killed_decryption_leaves_the_old_file_or_the_complete_new_one(tmp_path: Path) -> None:
    dice = random.Random(9)
    block = dice.randbytes(1 << 19) + bytes(1 << 19)
    content = b"SQLite format 3\0" + block * (SIZE >> 20)
    plain, src = tmp_path / "plain", tmp_path / "msgstore.db.crypt15"
    plain.write_bytes(content)
    encrypt_file(plain, src, ROOT_KEY)
    plain.unlink()
    dest = tmp_path / "out" / "msgstore.db"
    dest.parent.mkdir()
    victim = Victim(tmp_path, src, dest)
    victim.run()  # the first is slower: Python compiles what it imports
    whole = victim.run()
    assert dest.read_bytes() == content
    killed = middle = number = 0
    aim, left = Aim(whole, seed=50), list[Path]()
    while killed < KILLS or not middle:
        number, moment = number + 1, aim.moment()
        before = OLD if number % 2 else None
        dest.unlink(missing_ok=True)
        if before is not None:
            dest.write_bytes(before)
        if number % 5 == 0:  # random moments might always miss the middle
            met = partial(half_written, dest.parent, left)
            died = victim.die_once(met)
            middle += died and met()
        else:
            died = victim.die_after(moment)
            aim.learn(killed=died)
        killed += died
        after = dest.read_bytes() if dest.exists() else None
        assert after in (before, content), f"kill {number} after {moment:.3f} s"
        left = drafts(dest.parent)
        assert len(left) <= 1, "what the run before had left was not swept"
        assert all(path.stat().st_mode & 0o077 == 0 for path in left)
        assert {path.name for path in dest.parent.iterdir()} <= {
            dest.name,
            *(path.name for path in left),
        }
    victim.run()
    assert [path.name for path in dest.parent.iterdir()] == [dest.name]
    assert dest.read_bytes() == content


@pytest.mark.timeout(1800)
def test_a_killed_tree_is_continued_and_becomes_complete(tmp_path: Path) -> None:
    src, dest = tmp_path / "src", tmp_path / "out"
    src.mkdir()
    dice = random.Random(7)
    expected = {}
    for number in range(2 * FILES + 50):  # worker processes do them, and a writer in batches
        path = f"Media/WhatsApp Voice Notes/2023{number % 9}/PTT-{number}.opus"
        expected[path] = b"OggS" + dice.randbytes(500)
        name, sealed, envelope = encrypt_media(expected[path], ROOT_KEY, FileMetadata(name=path))
        (src / f"{name}.mcrypt1").write_bytes(sealed)
        (src / f"{name}.mcrypt1-metadata").write_text(envelope)
    database = b"SQLite format 3\0" + dice.randbytes(4 << 20)
    (tmp_path / "plain").write_bytes(database)
    encrypt_file(tmp_path / "plain", src / "msgstore.db.crypt15", ROOT_KEY)
    expected["msgstore.db"] = database
    victim = Victim(tmp_path, src, dest)
    whole = victim.run()
    killed = middle = 0
    aim = Aim(whole, seed=15)
    while killed < TREE_KILLS or not middle:
        moment = aim.moment()
        if killed % 5 == 0:  # then four more runs continue from there
            shutil.rmtree(dest, ignore_errors=True)
            died = victim.die_once(lambda: content_of(dest))
        else:
            died = victim.die_after(moment)
            aim.learn(killed=died)
        killed += died
        there = content_of(dest)
        for name, content in there.items():
            assert content == expected[name], f"after {moment:.3f} s: {name}"
        middle += died and 0 < len(there) < len(expected)
    victim.run()
    assert content_of(dest) == expected
    assert drafts(dest) == []


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file that has its final name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".gdrive-wa" not in path.relative_to(folder).parts[0]
    }
