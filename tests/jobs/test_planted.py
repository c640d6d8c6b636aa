"""Links, pipes and sockets in the place of everything that a run reads or writes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import gdrive_wa
from gdrive_wa.chats.contacts import read_people
from gdrive_wa.core.errors import GdriveWaError, StorageError
from tests.variants import check_each

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="links and pipes need Unix"),
]

NOTES = "Media/WhatsApp Voice Notes"
STATE = ".gdrive-wa"
STATE_FILES = (
    *("lock", "lock.holder", "manifest.jsonl", "changed.json", "last-run.json", "partial"),
    *(
        "transcripts.jsonl",
        "blobs",
        "reports",
        ".gdrive-wa-0123456789abcdef.tmp",
        "manifest.version-0.jsonl",
    ),
)
IN_STATE = (STATE, *(f"{STATE}/{name}" for name in STATE_FILES))
FOLDERS = ("Media", NOTES, "Voice notes", "Voice notes/Unmatched", "Databases")
FILES = (
    *("index.html", "voice-notes.json", "voice-notes.csv", "SHA256SUMS"),
    *(f"{NOTES}/PTT-1.opus", "Voice notes/Unmatched/PTT-1.opus"),
    ".gdrive-wa-fedcba9876543210.tmp",
)


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    note = tmp_path / "phone" / NOTES / "PTT-1.opus"
    note.parent.mkdir(parents=True)
    note.write_bytes(b"OggS example")
    (tmp_path / "phone" / "Databases").mkdir()
    (tmp_path / "phone" / "Databases" / "wa.db").write_bytes(b"SQLite format 3\x00 example")
    return tmp_path / "phone"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of another program with a name that could be ours."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("letter", "letter.new", "settings.json", ".gdrive-wa-0000000000000000.tmp"):
        (folder / name).write_bytes(b"not ours")
    return folder


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


RUNS: dict[str, Callable[[Path, Path], object]] = {
    "restore": lambda phone, dest: gdrive_wa.restore(str(phone), dest, everything=True),
    "keep": lambda phone, dest: gdrive_wa.restore(str(phone), dest, keep_blobs=True),
    "download": lambda phone, dest: gdrive_wa.download(str(phone), dest),
    "dry run": lambda phone, dest: gdrive_wa.download(str(phone), dest, dry_run=True),
    "decrypt": gdrive_wa.decrypt,
    "verify": lambda _phone, dest: gdrive_wa.verify(dest),
    "notes": lambda _phone, dest: gdrive_wa.notes(dest),
    "page": lambda _phone, dest: gdrive_wa.page(dest),
    "share": lambda phone, dest: gdrive_wa.share(dest, phone.parent / "given.zip"),
}
WRITES = ("restore", "keep", "download", "decrypt")


@contextmanager
def planted(place: Path, kind: str, outside: Path) -> Iterator[None]:
    """Replace `place` for a while, then put back what was there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name("aside")
    if os.path.lexists(place):
        place.rename(aside)
    targets = {"to a file": outside / "letter", "to nothing": outside / "new", "loop": place}
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            before = Path.cwd()
            os.chdir(place.parent)  # the path of a socket is short
            server.bind(place.name)
            os.chdir(before)
    else:
        place.symlink_to(targets.get(kind, outside))
    try:
        yield
        assert place.is_symlink() or not place.is_dir()
    finally:
        place.unlink(missing_ok=True)
        if os.path.lexists(aside):
            aside.rename(place)


@pytest.fixture(params=["descriptors", "checked names"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With folders opened one in the other (POSIX), and by path (as on Windows)."""
    if request.param == "checked names":
        monkeypatch.setattr("gdrive_wa.storage.open_folders.BY_DESCRIPTOR", False)


KINDS = ("to a folder", "to a file", "to nothing", "loop", "pipe", "socket")


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("run", sorted(RUNS))
@pytest.mark.parametrize(
    "again",
    [True, pytest.param(False, marks=pytest.mark.no_cover)],  # both reach the same lines
    ids=["later run", "first run"],
)
def test_nothing_outside_is_written_changed_or_deleted(
    tmp_path: Path, phone: Path, outside: Path, run: str, again: bool
) -> None:
    dest = tmp_path / "dest"
    if again:
        for first in ("decrypt", "restore"):
            RUNS[first](phone, dest)
    before = content(outside)

    def check(variant: tuple[str, str]) -> None:
        place, kind = variant
        with planted(dest / place, kind, outside), suppress(GdriveWaError):
            RUNS[run](phone, dest)
        assert content(outside) == before

    places = (*IN_STATE, *FOLDERS, *FILES)
    check_each([(place, kind) for place in places for kind in KINDS], check)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("run", WRITES)
def test_whatever_is_planted_in_the_state_folder_is_named(
    tmp_path: Path, phone: Path, outside: Path, run: str
) -> None:
    def check(variant: tuple[str, str]) -> None:
        place, kind = variant
        dest = tmp_path / f"{place.replace('/', '-')} {kind}"
        with planted(dest / place, kind, outside), pytest.raises(StorageError) as caught:
            RUNS[run](phone, dest)
        what = {"pipe": "a pipe", "socket": "a socket"}.get(kind, "a symbolic link")
        assert f"'{dest / place}' is {what}, " in caught.value.message
        assert caught.value.hints

    check_each([(place, kind) for place in IN_STATE for kind in KINDS], check)


def test_a_folder_that_a_link_replaces_in_the_middle_of_a_run(
    tmp_path: Path, phone: Path, outside: Path
) -> None:
    before = content(outside)

    def check(place: str) -> None:
        dest = tmp_path / place.replace("/", "-")

        def plant(*_: object) -> None:
            target = dest / place
            if dest.exists() and not target.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.exists():
                    target.rename(tmp_path / f"{dest.name} moved")
                target.symlink_to(outside)

        with suppress(GdriveWaError):
            gdrive_wa.decrypt(phone, dest, progress=plant)
        assert (dest / place).is_symlink()
        assert content(outside) == before

    check_each(["Media", NOTES, STATE, "Databases"], check)


def test_hard_links_to_files_of_others_are_not_written_into(
    tmp_path: Path, phone: Path, outside: Path
) -> None:
    """As in a copy of the archive that was made with ``cp -al``."""
    before = content(outside)

    def check(variant: tuple[str, str]) -> None:
        run, place = variant
        dest = tmp_path / f"{run} {place.replace('/', '-')}"
        target = dest / place
        target.parent.mkdir(parents=True)
        target.hardlink_to(outside / "letter")
        with suppress(GdriveWaError):
            RUNS[run](phone, dest)
        assert content(outside) == before

    files = [*FILES, *(f"{STATE}/{name}" for name in STATE_FILES)]
    check_each([(run, place) for run in WRITES for place in files], check)


def test_the_target_may_be_a_link_or_below_one(tmp_path: Path, phone: Path) -> None:
    (tmp_path / "disk" / "real").mkdir(parents=True)
    (tmp_path / "archive").symlink_to(tmp_path / "disk" / "real")
    (tmp_path / "mounted").symlink_to(tmp_path / "disk")
    for run in WRITES:
        RUNS[run](phone, tmp_path / "archive" if run != "decrypt" else tmp_path / "mounted" / "d")
    assert gdrive_wa.verify(tmp_path / "archive").intact
    assert (tmp_path / "disk" / "d" / NOTES / "PTT-1.opus").is_file()


def test_the_source_may_be_a_link(tmp_path: Path, phone: Path) -> None:
    (tmp_path / "linked").symlink_to(phone)
    report = gdrive_wa.restore(str(tmp_path / "linked"), tmp_path / "dest")
    assert f"{NOTES}/PTT-1.opus" in {each.path for each in report.done}


class TestInputs:
    """A pipe or a device given as a file is refused at once, with its name."""

    @pytest.fixture(params=["pipe", "device", "socket"])
    def odd(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        place = tmp_path / "odd"
        if request.param == "device":
            return Path("/dev/zero")
        if request.param == "pipe":
            os.mkfifo(place)
            return place
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(tmp_path)
            server.bind("odd")
        return place

    def test_is_refused(self, odd: Path, phone: Path, tmp_path: Path) -> None:
        dest = tmp_path / "dest"
        calls: dict[str, Callable[[], object]] = {
            "key": lambda: gdrive_wa.restore(str(phone), dest, key=odd),
            "contacts": lambda: read_people(odd),
            "inspect": lambda: gdrive_wa.inspect(odd),
            "decrypt": lambda: gdrive_wa.decrypt(odd, dest),
            "check": lambda: gdrive_wa.key_check(gdrive_wa.load_key(bytes(range(32))), odd),
            "emulator": lambda: gdrive_wa.emulator(dest, faults=odd),
        }

        def check(name: str) -> None:
            with pytest.raises(GdriveWaError) as caught:
                calls[name]()
            assert str(odd) in caught.value.message
            assert caught.value.exit_code in (2, 5)

        check_each(calls, check)

    def test_an_envelope_that_is_a_pipe_loses_the_name_only(self, tmp_path: Path) -> None:
        blob = tmp_path / "dump" / f"{'AB' * 32}.mcrypt1"
        blob.parent.mkdir()
        blob.write_bytes(b"x" * 64)
        os.mkfifo(f"{blob}-metadata")
        key = gdrive_wa.load_key(bytes(range(32)))
        report = gdrive_wa.decrypt(blob.parent, tmp_path / "dest", key)
        assert [outcome.path for outcome in report.failed] == [blob.name]


def test_a_link_in_the_account_of_an_emulator_is_replaced(tmp_path: Path, outside: Path) -> None:
    account = tmp_path / "account"
    gdrive_wa.emulator(account).close()
    (account / "client_secrets.json").unlink()
    (account / "client_secrets.json").symlink_to(outside / "letter")
    before = content(outside)
    gdrive_wa.emulator(account).close()
    assert content(outside) == before
