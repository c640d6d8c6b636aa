"""The one writer of a folder: when it writes, in which order, and what the disk refuses."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.storage import batch as batches
from gdrive_wa.storage.batch import Batch, withdraw_refused
from gdrive_wa.storage.draft_file import DraftFile, write_draft
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record, read_manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Manifest]:
    with Manifest(tmp_path / "dest") as opened:
        yield opened


def draft_of(manifest: Manifest, path: str, content: bytes = b"x") -> tuple[DraftFile, Record]:
    draft = write_draft(manifest.tree, content, inside=STATE_FOLDER)
    record = Record(path=path, size=draft.size, sha256=draft.sha256, mtime_ns=draft.mtime_ns)
    return draft, record


def recorded(manifest: Manifest) -> dict[str, Record]:
    return {record.path: record for record in read_manifest(manifest.tree)}


def test_a_file_waits_for_its_batch_and_is_recorded_before_it_has_its_name(
    manifest: Manifest,
) -> None:
    with Batch(manifest) as batch:
        batch.add(*draft_of(manifest, "a/one"))
        assert manifest.intact(manifest.get("a/one"))  # type: ignore[arg-type]
        assert not manifest.tree.lexists("a/one")
        assert recorded(manifest) == {}
        told: list[bool] = []
        batch.when_flushed(lambda: told.append(manifest.tree.is_file("a/one")))
        batch.flush()
        assert told == [True]
        assert set(recorded(manifest)) == {"a/one"}


def test_a_full_batch_is_written_at_once(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("FILES", 3), ("BYTES", 30)):
        with monkeypatch.context() as limits, Batch(manifest) as batch:
            limits.setattr(batches, name, most)
            paths = [f"{name}/{number}" for number in range(4)]
            for path in paths[:2]:
                batch.add(*draft_of(manifest, path, b"0123456789"))
            batch._wait()
            assert not manifest.tree.lexists(paths[1])
            batch.add(*draft_of(manifest, paths[2], b"0123456789"))
            batch._wait()
            assert all(manifest.tree.is_file(path) for path in paths[:3])
            batch.add(*draft_of(manifest, paths[3], b"0123456789"))  # a new one has begun
            batch._wait()
            assert not manifest.tree.lexists(paths[3])


def test_an_old_batch_is_written_when_there_is_time(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Batch(manifest) as batch:
        batch.tick()
        batch.add(*draft_of(manifest, "one"))
        monkeypatch.setattr(batches, "SECONDS", 3600.0)
        batch.tick()
        batch._wait()
        assert not manifest.tree.lexists("one")
        monkeypatch.setattr(batches, "SECONDS", 0.0)
        batch.tick()
        batch._wait()
        assert manifest.tree.is_file("one")


def test_the_age_of_a_batch_is_that_of_its_first_file(manifest: Manifest) -> None:
    with Batch(manifest) as batch:
        for paths in (("one", "two"), ("three", "four")):
            begun = time.monotonic()
            batch.add(*draft_of(manifest, paths[0]))
            first = batch._since
            assert first >= begun
            batch.add(*draft_of(manifest, paths[1]))
            assert batch._since == first
            batch.flush()


def test_the_bytes_of_a_batch_are_counted_exactly(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BYTES", 10)
    with Batch(manifest) as batch:
        for path in ("one", "two"):
            batch.add(*draft_of(manifest, path, b"123456789"))
            batch._wait()
            assert not manifest.tree.lexists(path)
            batch.add(*draft_of(manifest, f"{path} more", b"0"))
            batch._wait()
            assert manifest.tree.is_file(path)


def test_everything_is_on_the_disk_before_it_is_recorded(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []

    def look(_tree: object) -> None:
        seen.append(("one" in recorded(manifest), manifest.tree.lexists("one")))

    monkeypatch.setattr(type(manifest.tree), "sync_disk", look)
    with Batch(manifest) as batch:
        batch.add(*draft_of(manifest, "one"))
    assert seen == [(False, False)]
    assert manifest.tree.is_file("one")


def test_the_error_of_a_batch_is_raised_by_a_later_call(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(batches, "FILES", 1)
    batch = Batch(manifest)
    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", refuse)
        batch.add(*draft_of(manifest, "one"))
        with pytest.raises(StorageError, match="input/output error"):
            batch.add(*draft_of(manifest, "two"))


def test_the_thread_of_a_batch_ends_with_each_flush(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FILES", 1)
    before = set(threading.enumerate())
    with Batch(manifest) as batch:
        batch.add(*draft_of(manifest, "one"))
        assert set(threading.enumerate()) > before
        batch.flush()
        assert set(threading.enumerate()) == before
        batch.add(*draft_of(manifest, "two"))
    assert set(threading.enumerate()) <= before


def test_the_later_file_of_a_name_wins(manifest: Manifest) -> None:
    with Batch(manifest) as batch:
        batch.add(*draft_of(manifest, "one", b"first"))
        batch.add(*draft_of(manifest, "one", b"second"))
    assert manifest.tree.read("one") == b"second"
    assert manifest.tree.names(STATE_FOLDER).count("lock") == 1
    assert not [name for name in manifest.tree.names(STATE_FOLDER) if name.endswith(".tmp")]


def test_a_record_is_amended_before_and_after_its_file_is_there(manifest: Manifest) -> None:
    with Batch(manifest) as batch:
        draft, record = draft_of(manifest, "one")
        batch.add(draft, record)
        batch.amend(replace(record, message="a/1"))
        assert manifest.get("one") == replace(record, message="a/1")
        assert recorded(manifest) == {}
        batch.flush()
        assert recorded(manifest)["one"].message == "a/1"
        batch.amend(replace(record, message="a/2"))
        assert recorded(manifest)["one"].message == "a/2"


def test_a_name_that_the_disk_refuses_fails_only_that_file(manifest: Manifest) -> None:
    report = Report(bytes=30)
    with Batch(manifest) as batch:
        for path in ("good", "x" * 300):
            batch.add(*draft_of(manifest, path))
            report.done.append(Outcome(path=path, file=path, bytes=15))
        batch.flush()
        assert [record.path for record, _ in batch.refused] == ["x" * 300]
        withdraw_refused(batch, report)
        assert batch.refused == []
        withdraw_refused(batch, report)
    assert [each.path for each in report.done] == ["good"]
    assert [each.path for each in report.failed] == ["x" * 300]
    assert report.bytes == 15
    assert set(recorded(manifest)) == {"good"}
    assert not [name for name in manifest.tree.names(STATE_FOLDER) if name.endswith(".tmp")]


def test_a_disk_that_fails_ends_the_run(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    batch = Batch(manifest)
    batch.add(*draft_of(manifest, "one"))
    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", refuse)
        with pytest.raises(StorageError, match="input/output error"):
            batch.flush()
    assert batch.refused == []
