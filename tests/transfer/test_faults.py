"""Each fault between Google and the disk, over real HTTP, one at a time.

``gdrive-wa download`` runs in a process of its own. It ends with the tree of an undisturbed
download, or names the one failed entry and has all others.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.emulation.faults import Fault, FaultKind, Faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, read_manifest
from tests.transfer.cli import Cli
from tests.transfer.tree import partials, tree
from tests.waiting import wait_until

BLOBS = "*/files/*"
DATABASE = "*/files/Databases/msgstore.db.crypt15"
STORED = "Databases/msgstore.db.crypt15"
LISTING = "*/files"

K = FaultKind


def on_blobs(kind: FaultKind, *, share: float = 0.3, **more: Any) -> Fault:
    """A fault for a third of the blobs, on the first attempt."""
    return Fault(kind=kind, path=BLOBS, media=True, share=share, **more)


def on_database(kind: FaultKind, **more: Any) -> Fault:
    return Fault(kind=kind, path=DATABASE, media=True, **more)


def broken_then(kind: FaultKind, **more: Any) -> list[Fault]:
    """The download of the database breaks, and the next request fails as well."""
    return [on_database(K.BREAK, after=5000), on_database(kind, first=2, **more)]


PASSING: dict[str, Fault | list[Fault]] = {
    "stream broken before the first byte": on_blobs(K.BREAK),
    "stream broken after some bytes": on_blobs(K.BREAK, after=100),
    "stream broken again and again": on_database(K.BREAK, after=3000, times=4),
    "stream broken after the last byte but one": on_database(K.BREAK, after=-1),
    "corrupted bytes of the right length": on_blobs(K.CORRUPT),
    "corrupted bytes before a break": [
        on_database(K.BREAK, after=5000),
        on_database(K.CORRUPT, after=10),
    ],
    "stall before the answer": on_blobs(K.STALL, seconds=1.0),
    "stall in the middle": on_blobs(K.STALL, after=100, seconds=1.0),
    "connection reset before the answer": on_blobs(K.RESET),
    "connection reset in the middle": on_blobs(K.RESET, after=100),
    "500 once": on_blobs(K.STATUS, status=500),
    "502 twice": on_blobs(K.STATUS, status=502, times=2),
    "503 three times": on_database(K.STATUS, status=503, times=3),
    "503 for the listing": Fault(kind=K.STATUS, path=LISTING, status=503),
    "429 without Retry-After": on_blobs(
        K.STATUS, status=429, reason="rateLimitExceeded", share=0.1
    ),
    "429 with Retry-After": on_blobs(K.STATUS, status=429, retry_after=1, share=0.1),
    "403 rateLimitExceeded": on_blobs(
        K.STATUS, status=403, reason="rateLimitExceeded", share=0.1
    ),
    "403 userRateLimitExceeded": on_blobs(
        K.STATUS, status=403, reason="userRateLimitExceeded", share=0.1
    ),
    "200 where 206 was asked": broken_then(K.WHOLE),
    "wrong Content-Range": broken_then(K.CONTENT_RANGE, value="bytes 7-99/100"),
    "no Content-Range": broken_then(K.CONTENT_RANGE, value=None),
    "Content-Range without total": broken_then(
        K.CONTENT_RANGE, value="bytes {first}-{last}/*"
    ),
    "Content-Range without range": broken_then(K.CONTENT_RANGE, value="bytes */{total}"),
    "Content-Length missing": on_blobs(K.CONTENT_LENGTH, value=None),
    "Content-Length too long": on_blobs(K.CONTENT_LENGTH, value="+50"),
    "Content-Length too short": on_blobs(K.CONTENT_LENGTH, value="-50"),
    "Content-Length that is no number": on_blobs(K.CONTENT_LENGTH, value="many"),
    "no body at all": on_blobs(K.EMPTY),
    "gzip although identity was asked": on_blobs(K.GZIP),
    "gzip where a part was asked": broken_then(K.GZIP),
    "bytes that change between two tries": broken_then(K.SWAP),
    "a page without files": Fault(kind=K.EMPTY_PAGE, path=LISTING),
    "entries without size": Fault(
        kind=K.EDIT, path=LISTING, drop=("sizeBytes",), times=None
    ),
    "entries without MD5": Fault(kind=K.EDIT, path=LISTING, drop=("md5Hash",), times=None),
    "entries without size and MD5": Fault(
        kind=K.EDIT, path=LISTING, drop=("sizeBytes", "md5Hash"), times=None
    ),
    "a size that is a little wrong": Fault(
        kind=K.EDIT, path=LISTING, entry="*msgstore.db.crypt15", set={"sizeBytes": "9999999"},
        times=None,
    ),
    "every name twice": Fault(kind=K.DUPLICATE, path=LISTING, times=None),
    "slow drip": on_database(K.DRIP, size=4000, seconds=0.05),
}  # fmt: skip


@pytest.mark.parametrize("faults", PASSING.values(), ids=PASSING)
def test_temporary_faults_leave_the_undisturbed_tree(
    cli: Cli,
    emulator: Emulator,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    faults: Fault | list[Fault],
) -> None:
    emulator.faults = faults
    done = cli.run("download", tmp_path / "dest")
    assert done.code == 0, done.talk + done.out
    assert tree(tmp_path / "dest") == undisturbed
    assert partials(tmp_path / "dest") == []
    assert len(done.report["done"]) == len([n for n in undisturbed if "-metadata" not in n])


LASTING: dict[str, tuple[Fault | list[Fault], str]] = {
    "404 for a listed file": (
        on_database(K.STATUS, status=404, times=None), "no longer stored",
    ),
    "400 for ever": (on_database(K.STATUS, status=400, times=None), "400"),
    "500 for ever": (on_database(K.STATUS, status=500, times=None), "500"),
    "403 downloadQuotaExceeded": (
        on_database(K.STATUS, status=403, reason="downloadQuotaExceeded", times=None), "refuses",
    ),
    "403 insufficientPermissions": (
        on_database(K.STATUS, status=403, reason="insufficientPermissions", times=None),
        "refuses",
    ),
    "403 cannotDownloadAbusiveFile": (
        on_database(K.STATUS, status=403, reason="cannotDownloadAbusiveFile", times=None),
        "refuses",
    ),
    "403 without a known reason": (
        on_database(K.STATUS, status=403, reason="whatever", times=None), "refuses",
    ),
    "an MD5 that does not match": (
        Fault(
            kind=K.EDIT, path=LISTING, entry="*msgstore.db.crypt15", times=None,
            set={"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="},
        ),
        "MD5",
    ),
    "corrupted for ever": (on_database(K.SWAP, times=None), "MD5"),
    "broken for ever": (on_database(K.BREAK, after=0, times=None), "broke"),
    "an entry that has shrunk": (
        [
            Fault(
                kind=K.EDIT, path=LISTING, entry="*msgstore.db.crypt15", times=None,
                set={"sizeBytes": "9999999"}, drop=("md5Hash",),
            ),
        ],
        "ended after",
    ),
    "an entry that has grown": (
        [
            Fault(
                kind=K.EDIT, path=LISTING, entry="*msgstore.db.crypt15", times=None,
                set={"sizeBytes": "100"}, drop=("md5Hash",),
            ),
        ],
        "instead of the listed 100",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("faults", "reason"), LASTING.values(), ids=LASTING)
def test_permanent_faults_are_reported_and_all_others_are_there(
    cli: Cli,
    emulator: Emulator,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    faults: Fault | list[Fault],
    reason: str,
) -> None:
    emulator.faults = faults
    done = cli.run("download", tmp_path / "dest")
    assert done.code == 7, done.talk + done.out
    assert list(done.failed) == [STORED]
    assert reason in done.failed[STORED]
    others = {name: content for name, content in undisturbed.items() if name != STORED}
    assert tree(tmp_path / "dest") == others
    emulator.faults = None
    emulator.counts.clear()
    again = cli.run("download", tmp_path / "dest")
    assert (again.code, tree(tmp_path / "dest")) == (0, undisturbed)
    assert sum(emulator.counts.media.values()) <= 1


def test_a_file_without_content(
    undisturbed: dict[str, bytes], sample: SampleAccount, tmp_path: Path
) -> None:
    empty = sample.folder / "backup" / "Backups" / "empty.json"
    empty.touch()
    try:
        with Emulator(sample.folder) as with_empty:
            cli = Cli(with_empty.root, sample.token, tmp_path)
            assert cli.run("download", tmp_path / "dest").code == 0
    finally:
        empty.unlink()
    assert tree(tmp_path / "dest") == undisturbed | {"Backups/empty.json": b""}


def test_entries_without_metadata(
    cli: Cli, emulator: Emulator, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    emulator.faults = Fault(kind=K.EDIT, path=LISTING, drop=("metadata",), times=None)
    assert cli.run("download", tmp_path / "dest").code == 0
    bare = {name: content for name, content in undisturbed.items() if "-metadata" not in name}
    assert tree(tmp_path / "dest") == bare


def test_a_page_that_repeats_itself_ends_the_listing(
    cli: Cli, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.faults = Fault(kind=K.REPEAT_PAGE, path=LISTING, times=None)
    done = cli.run("download", tmp_path / "dest")
    assert done.code == 4
    assert "the same page" in done.talk


@pytest.mark.slow
def test_a_silent_connection_is_abandoned_and_retried(
    cli: Cli, emulator: Emulator, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    emulator.faults = on_blobs(K.STALL, after=100, seconds=300.0)
    assert cli.run("download", tmp_path / "dest").code == 0
    assert tree(tmp_path / "dest") == undisturbed


def test_a_redirect_to_another_host_does_not_send_the_token(
    cli: Cli, emulator: Emulator, sample: SampleAccount, tmp_path: Path
) -> None:
    with Emulator(sample.folder) as elsewhere:
        location = elsewhere.root.replace("127.0.0.1", "localhost") + "{path}"
        emulator.faults = on_database(K.REDIRECT, location=location, times=None)
        done = cli.run("download", tmp_path / "dest")
        assert list(done.failed) == [STORED]
        assert [served.bearer for served in elsewhere.counts.log]
        assert not any(served.bearer for served in elsewhere.counts.log)


class TestALoginThatEnds:
    """In the middle of a download the token is refused."""

    def test_for_good(
        self,
        cli: Cli,
        emulator: Emulator,
        sample: SampleAccount,
        undisturbed: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        emulator.faults = [Fault(kind=K.REVOKE, path=BLOBS, media=True, first=20, across=True)]
        done = cli.run("download", tmp_path / "dest", "--jobs", "2")
        assert done.code == 3, done.talk
        kept = tree(tmp_path / "dest")
        assert 10 < len(kept) < len(undisturbed)
        assert kept.items() <= undisturbed.items()
        with Emulator(sample.folder) as signed_in_again:
            again = Cli(signed_in_again.root, sample.token, tmp_path)
            assert again.run("download", tmp_path / "dest").code == 0
            asked = set(signed_in_again.counts.media)
        assert tree(tmp_path / "dest") == undisturbed
        assert not [path for path in asked if path.split("/files/", 1)[1] in kept]


class TestEverythingAtOnce:
    def storm(self) -> Faults:
        """Every temporary fault, each for a part of the blobs, during the first attempts."""
        kinds: list[Fault] = [
            Fault(kind=K.STATUS, path="*", status=503, share=0.2),
            Fault(kind=K.STATUS, path="*", status=429, retry_after=1, share=0.05),
            Fault(kind=K.STATUS, path="*", status=403, reason="rateLimitExceeded", share=0.05),
            Fault(kind=K.EMPTY_PAGE, path=LISTING),
            Fault(kind=K.DUPLICATE, path=LISTING, times=None),
        ]
        each: list[tuple[FaultKind, dict[str, Any]]] = [
            (K.BREAK, {"after": 100}),
            (K.RESET, {"after": 50}),
            (K.RESET, {}),
            (K.STALL, {"after": 100, "seconds": 0.5}),
            (K.CORRUPT, {}),
            (K.SWAP, {}),
            (K.EMPTY, {}),
            (K.WHOLE, {"times": None}),
            (K.CONTENT_RANGE, {"value": None, "times": 3}),
            (K.CONTENT_LENGTH, {"value": "+5"}),
            (K.CONTENT_LENGTH, {"value": None}),
            (K.GZIP, {}),
            (K.DRIP, {"size": 2000, "seconds": 0.01, "times": None}),
        ]
        for kind, more in each:
            kinds.append(
                Fault(**{"kind": kind, "path": BLOBS, "media": True, "share": 0.25, **more})
            )
        return Faults(rules=tuple(kinds), delay=0.005, connect_delay=0.01, seed=7)

    def test_ends_with_the_undisturbed_tree(
        self,
        cli: Cli,
        emulator: Emulator,
        undisturbed: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        emulator.faults = self.storm()
        done = cli.run("download", tmp_path / "dest")
        assert done.code == 0, done.talk + done.out
        assert tree(tmp_path / "dest") == undisturbed
        assert len(emulator.counts.statuses) >= 5


class TestThisMachine:
    def test_a_full_disk_during_a_download(
        self, cli: Cli, undisturbed: dict[str, bytes], tmp_path: Path
    ) -> None:
        def small_files_only() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

        done = cli.run("download", tmp_path / "dest", before=small_files_only)
        assert done.code == 1, done.talk
        assert done.talk.count("error: ") == 1
        assert "Traceback" not in done.talk
        assert "is too large for this disk" in done.talk
        assert tree(tmp_path / "dest").items() <= undisturbed.items()
        assert cli.run("download", tmp_path / "dest").code == 0
        assert tree(tmp_path / "dest") == undisturbed

    @pytest.mark.parametrize("below", ["/sys/gdrive-wa", "/dev/null/gdrive-wa"])
    def test_a_folder_that_cannot_be_made(self, cli: Cli, emulator: Emulator, below: str) -> None:
        done = cli.run("download", below)
        assert done.code == 1
        assert done.talk.startswith("error: ")
        assert "hint: " in done.talk
        assert not emulator.counts.media

    def test_a_file_where_the_folder_should_be(
        self, cli: Cli, emulator: Emulator, tmp_path: Path
    ) -> None:
        (tmp_path / "dest").write_text("a file")
        done = cli.run("download", tmp_path / "dest")
        assert done.code == 1
        assert "is a file, but a folder is needed there" in done.talk
        assert (tmp_path / "dest").read_text() == "a file"
        assert not emulator.counts.media

    def test_a_file_where_our_state_should_be(
        self, cli: Cli, emulator: Emulator, tmp_path: Path
    ) -> None:
        (tmp_path / "dest").mkdir()
        (tmp_path / "dest" / STATE_FOLDER).write_text("a file")
        done = cli.run("download", tmp_path / "dest")
        assert done.code == 1
        assert not emulator.counts.media

    def test_a_clock_that_jumps_back_changes_nothing(
        self, cli: Cli, emulator: Emulator, undisturbed: dict[str, bytes], tmp_path: Path
    ) -> None:
        dest = tmp_path / "dest"
        assert cli.run("download", dest).code == 0
        for path in (dest / STATE_FOLDER).rglob("*"):
            os.utime(path, (2**32, 2**32))
        emulator.counts.clear()
        assert cli.run("download", dest).code == 0
        assert not emulator.counts.media
        assert tree(dest) == undisturbed

    def test_two_runs_into_one_folder(
        self, cli: Cli, emulator: Emulator, undisturbed: dict[str, bytes], tmp_path: Path
    ) -> None:
        dest = tmp_path / "dest"
        emulator.faults = on_database(K.DRIP, size=10, seconds=0.1)
        first = cli.fork("download", dest)
        wait_until(lambda: emulator.counts.request_count(DATABASE) > 0)
        second = cli.run("download", dest)
        assert second.code == 1
        assert f"is in use by process {first.pid}" in second.talk
        emulator.faults = None
        first.terminate()
        first.communicate(timeout=120)
        assert first.returncode == 130
        assert cli.run("download", dest).code == 0
        assert tree(dest) == undisturbed

    @pytest.mark.parametrize(
        ("source", "awaited", "fault"),
        [
            ("backup", "*/backups", {"kind": K.STATUS, "status": 503, "retry_after": 200}),
            ("backup", LISTING, {"kind": K.STATUS, "status": 429, "retry_after": 200}),
            ("drive", LISTING, {"kind": K.STALL, "seconds": 300.0}),
            ("drive", "/drive/v3/files/*", {"kind": K.STALL, "seconds": 300.0}),
        ],
        ids=["backups", "files", "Drive", "envelopes"],
    )
    def test_ctrl_c_works_while_the_listing_waits_for_google(
        self,
        cli: Cli,
        emulator: Emulator,
        tmp_path: Path,
        source: str,
        awaited: str,
        fault: dict[str, Any],
    ) -> None:
        emulator.faults = Fault(path=awaited, times=None, **fault)
        process = cli.fork("download", tmp_path / "dest", "--source", source)
        wait_until(lambda: emulator.counts.request_count(awaited))
        process.send_signal(2)
        try:
            _, talk = process.communicate(timeout=100)  # Google would take longer
        finally:
            process.kill()
        assert process.returncode == 130, talk
        assert "error: stopped\n" in talk
        assert "Traceback" not in talk

    def test_ctrl_c_keeps_finished_files(
        self, cli: Cli, emulator: Emulator, undisturbed: dict[str, bytes], tmp_path: Path
    ) -> None:
        dest = tmp_path / "dest"
        emulator.faults = on_database(K.DRIP, size=10, seconds=0.1)
        process = cli.fork("download", dest)
        wait_until(lambda: emulator.counts.request_count(BLOBS) > 20)
        process.send_signal(2)
        _, talk = process.communicate(timeout=120)
        assert process.returncode == 130, talk
        with Manifest(dest):
            kept = {record.path for record in read_manifest(dest)}
        assert kept == set(tree(dest))
        assert tree(dest).items() < undisturbed.items()
        emulator.faults = None
        emulator.counts.clear()
        assert cli.run("download", dest).code == 0
        assert tree(dest) == undisturbed
        assert not [p for p in emulator.counts.media if p.split("/files/", 1)[1] in kept]
