"""The record of a folder's files, exact in spite of kills and damage."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrive_wa.core.errors import FormatError, StorageError
from gdrive_wa.storage.corrupt import corrupt_paths, mark_corrupt
from gdrive_wa.storage.manifest import Manifest, Record, read_manifest, serialise
from gdrive_wa.storage.tree import Tree

HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from gdrive_wa.storage.manifest import Manifest, Record
with Manifest(Path(sys.argv[1])) as manifest:
    for number in range(50):
        manifest.add(Record(path=f"note {number}", size=1, sha256="00", mtime_ns=number))
    print("held", flush=True)
    time.sleep(600)
"""


def record(path: str, **changes: object) -> Record:
    return replace(Record(path=path, size=5, sha256="ab" * 32, mtime_ns=7), **changes)  # type: ignore[arg-type]


def lines(folder: Path) -> list[str]:
    return (folder / ".gdrive-wa" / "manifest.jsonl").read_text("utf-8").splitlines()


def test_a_folder_without_a_manifest_has_no_records(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == []


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    first = record(
        "Voice notes/Mum/a.opus",
        stored_as="Media/AB.mcrypt1",
        source_md5="00" * 16,
        source_revision="7",
        content_sha256="cd" * 32,
        whatsapp_path="Media/WhatsApp Voice Notes/x.opus",
        message="15550101@s.whatsapp.net/3EB0",
        account="15550100",
        also=(("Media/CD.mcrypt1", "11" * 16, None),),
    )
    with Manifest(tmp_path) as manifest:
        manifest.add(first)
        manifest.add(record("b"))
    assert read_manifest(tmp_path) == [first, record("b")]


def test_the_last_line_about_a_path_is_valid(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("a", size=1))
        manifest.add(record("b"))
        manifest.add(record("a", size=2))
        manifest.drop("b")
        assert len(manifest) == 1
    assert read_manifest(tmp_path) == [record("a", size=2)]
    assert len(lines(tmp_path)) == 2


def test_a_record_is_on_disk_when_add_returns(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("a"))
        assert [found.path for found in read_manifest(tmp_path)] == ["a"]


def test_a_run_that_changes_nothing_leaves_the_same_bytes(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("b"))
        manifest.add(record("a"))
    before = lines(tmp_path)
    with Manifest(tmp_path):
        pass
    assert lines(tmp_path) == before


def test_the_file_names_its_format_and_version(tmp_path: Path) -> None:
    with Manifest(tmp_path):
        pass
    assert json.loads(lines(tmp_path)[0]) == {"format": "gdrive-wa manifest", "version": 1}


def test_the_line_that_a_killed_run_left_half_written_is_ignored(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("a"))
        path = manifest.path
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"path":"b","size":5,"sha2')
    assert [found.path for found in read_manifest(tmp_path)] == ["a"]
    with Manifest(tmp_path) as manifest:
        assert [found.path for found in manifest] == ["a"]
    assert path.read_bytes() == whole


def test_a_truncated_manifest_gives_the_records_before_the_cut(tmp_path: Path) -> None:
    raw = b"".join(serialise([record("a"), record("b"), record("ü")]))
    folder = tmp_path / ".gdrive-wa"
    folder.mkdir()
    for length in range(len(raw) + 1):
        (folder / "manifest.jsonl").write_bytes(raw[:length])
        found = [entry.path for entry in read_manifest(tmp_path)]
        assert found == ["a", "b", "ü"][: max(raw[:length].count(b"\n") - 1, 0)]


def test_a_second_run_into_the_folder_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with (
            pytest.raises(StorageError, match=f"in use by process {child.pid}") as caught,
            Manifest(tmp_path),
        ):
            pass
        assert caught.value.hints
        assert len(read_manifest(tmp_path)) == 50, "reading takes no lock"
        child.send_signal(signal.SIGKILL)
    with Manifest(tmp_path) as manifest:  # a dead run has no lock, and its records are not lost
        assert len(manifest) == 50


def test_the_lock_is_free_again_when_opening_failed(tmp_path: Path) -> None:
    with Manifest(tmp_path):
        pass
    path = tmp_path / ".gdrive-wa" / "manifest.jsonl"
    sound = path.read_bytes()
    path.write_bytes(b"rubbish\n")
    with pytest.raises(FormatError), Manifest(tmp_path):
        pass
    path.write_bytes(sound)
    with Manifest(tmp_path):
        pass


@pytest.mark.parametrize(
    "line",
    [
        b"rubbish",
        b"[]",
        b'{"path":"a"}',
        b'{"path":"../../x","size":1,"sha256":"","mtime_ns":1}',
        b'{"path":"/etc/x","size":1,"sha256":"","mtime_ns":1}',
        b'{"path":7,"size":1,"sha256":"","mtime_ns":1}',
        b'{"path":"a","size":1,"sha256":null,"mtime_ns":1}',
        b'{"path":"a","size":1,"sha256":"","mtime_ns":1,"also":[7]}',
        b'{"path":"a","size":1,"sha256":"","mtime_ns":1,"also":[["x",7,null]]}',
        b'{"path":"a//b","size":1,"sha256":"","mtime_ns":1}',
        b'{"path":"./a","size":1,"sha256":"","mtime_ns":1}',
        b'{"path":"a","size":1,"sha256":"","mtime_ns":1,"stored_as":[]}',
        b'{"dropped":true}',
        b'{"dropped":true,"path":[]}',
        b"\xff\xfe",
        b"[" * 100000,
    ],
    ids=lambda line: line[:40].decode("ascii", "replace"),
)
def test_an_invalid_line_is_named(tmp_path: Path, line: bytes) -> None:
    folder = tmp_path / ".gdrive-wa"
    folder.mkdir()
    (folder / "manifest.jsonl").write_bytes(b"".join(serialise([record("a")])) + line + b"\n")
    with pytest.raises(FormatError, match="line 3 of the manifest") as caught:
        read_manifest(tmp_path)
    assert caught.value.hints


@pytest.mark.parametrize("value", ['"1"', "1" + "0" * 40, "-" + "9" * 30, "true", "null", "1e400"])
@pytest.mark.parametrize("name", ["size", "mtime_ns"])
def test_an_impossible_number_loses_only_its_own_file(
    tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    folder = tmp_path / ".gdrive-wa"
    folder.mkdir()
    numbers = {"size": "7", "mtime_ns": "5", name: value}
    line = f'{{"path":"a","sha256":"","size":{numbers["size"]},"mtime_ns":{numbers["mtime_ns"]}}}'
    before = b"".join(serialise([record("b")]))
    (folder / "manifest.jsonl").write_bytes(before + line.encode() + b"\n")
    with Manifest(tmp_path) as manifest:
        assert len(manifest) == 2
        found = manifest.get("a")
        assert found is not None
        assert not manifest.intact(found)
        assert 0 in (found.size, found.mtime_ns)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-manifest"
    (folder / ".gdrive-wa").mkdir(parents=True, exist_ok=True)
    for content in (raw, b"".join(serialise([record("a")])) + raw):
        (folder / ".gdrive-wa" / "manifest.jsonl").write_bytes(content)
        try:
            read_manifest(folder)
        except FormatError:
            continue


@pytest.mark.parametrize("version", ["2", "99", '"1"', "null", "0", "true"])
def test_an_invalid_manifest_version_is_refused(tmp_path: Path, version: str) -> None:
    folder = tmp_path / ".gdrive-wa"
    folder.mkdir()
    header = f'{{"format":"gdrive-wa manifest","version":{version}}}\n'
    (folder / "manifest.jsonl").write_text(header)
    with pytest.raises(FormatError, match="version"):
        read_manifest(tmp_path)


def test_fields_of_a_later_program_are_ignored(tmp_path: Path) -> None:
    folder = tmp_path / ".gdrive-wa"
    folder.mkdir()
    raw = b"".join(serialise([record("a")])).replace(b'"size"', b'"colour":"blue","size"')
    (folder / "manifest.jsonl").write_bytes(raw)
    assert read_manifest(tmp_path) == [record("a")]


def test_a_file_is_found_by_its_source_entry(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        of_one_phone = record("a", stored_as="Media/x", source_md5="11", source_revision="r1")
        of_another = record(
            "b", stored_as="Media/x", source_md5="22", also=(("Media/y", None, "r9"),)
        )
        manifest.add(of_one_phone)
        manifest.add(of_another)
        assert manifest.from_source("Media/x") == of_another
        assert manifest.from_source("Media/x", md5="11") == of_one_phone
        assert manifest.from_source("Media/x", revision="r1") == of_one_phone
        assert manifest.from_source("Media/x", md5="33", revision="r1") is None
        assert manifest.from_source("Media/y", md5="44", revision="r9") == of_another
        assert manifest.from_source("Media/z") is None
        manifest.drop("b")
        assert manifest.from_source("Media/x") == of_one_phone
        assert manifest.from_source("Media/y") is None


def test_a_file_is_intact_while_size_and_time_hold(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"sound")
    with Manifest(tmp_path) as manifest:
        known = record("a", mtime_ns=path.stat().st_mtime_ns)
        assert manifest.intact(known)
        assert not manifest.intact(replace(known, size=4))
        assert not manifest.intact(replace(known, mtime_ns=1))
        path.unlink()
        assert not manifest.intact(known)
        path.mkdir()
        found = path.stat()
        assert not manifest.intact(replace(known, size=found.st_size, mtime_ns=found.st_mtime_ns))


def stored_record(folder: Path, path: str, content: bytes = b"sound", **changes: object) -> Record:
    """Write the file `path`; return its record, with the time 7 ns instead of its own."""
    (folder / path).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return record(path, size=len(content), sha256=digest, **changes)


def test_a_copied_file_is_intact_by_its_content_and_gets_its_time_back(tmp_path: Path) -> None:
    known = stored_record(tmp_path, "a")
    with Manifest(tmp_path) as manifest:
        assert not manifest.intact(replace(known, sha256="ab" * 32))
        assert (tmp_path / "a").stat().st_mtime_ns != known.mtime_ns
        assert manifest.intact(known)
        assert (tmp_path / "a").stat().st_mtime_ns == known.mtime_ns


def test_the_time_of_a_file_with_another_name_elsewhere_is_not_changed(tmp_path: Path) -> None:
    known = stored_record(tmp_path, "a")
    (tmp_path / "of another program").hardlink_to(tmp_path / "a")
    before = (tmp_path / "a").stat().st_mtime_ns
    with Manifest(tmp_path) as manifest:
        assert manifest.intact(known)
    assert (tmp_path / "a").stat().st_mtime_ns == before


def test_a_glance_reads_the_records_and_changes_nothing(tmp_path: Path) -> None:
    known = stored_record(tmp_path, "a", stored_as="Media/x")
    before = (tmp_path / "a").stat().st_mtime_ns
    with Manifest(tmp_path) as manifest:
        manifest.add(known)
    glance = Manifest.glance(tmp_path)
    assert list(glance) == [known]
    assert glance.from_source("Media/x") == known
    assert glance.intact(known)
    assert glance.file_of(known) == str(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mtime_ns == before
    with pytest.raises(StorageError, match="the manifest is not open"):
        glance.add(known)


def test_a_closed_manifest_takes_no_records(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        pass
    with pytest.raises(StorageError, match="the manifest is not open"):
        manifest.add(record("a"))


def test_temporary_files_of_a_stopped_run_are_removed_next_to_every_file(tmp_path: Path) -> None:
    (tmp_path / "Voice notes").mkdir()
    with Manifest(tmp_path) as manifest:
        manifest.add(stored_record(tmp_path, "Voice notes/a.opus"))
    folders = ("", "Voice notes", ".gdrive-wa", ".gdrive-wa/reports")
    left = [tmp_path / folder / ".gdrive-wa-0123456789abcdef.tmp" for folder in folders]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"plaintext")
    with Manifest(tmp_path):
        assert not [path for path in left if path.exists()]


@pytest.mark.parametrize("how", ["add", "announce"])
def test_a_new_file_in_place_of_a_damaged_one_is_intact(tmp_path: Path, how: str) -> None:
    known = stored_record(tmp_path, "a")
    mark_corrupt(Tree(tmp_path), ["a", "b"])
    with Manifest(tmp_path) as manifest:
        assert not manifest.intact(known)
        getattr(manifest, how)(known)
        manifest.placed(known)
        assert manifest.intact(known)
    assert corrupt_paths(Tree(tmp_path)) == {"b"}


def test_a_dropped_file_that_was_announced_is_not_intact(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.announce(record("a"))
        assert manifest.intact(record("a"))
        manifest.drop("a")
        assert not manifest.intact(record("a"))


def test_an_announced_file_is_recorded_only_once_it_is_there(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.announce(record("a"))
        manifest.announce(record("b"))
        manifest.write([record("a"), record("b")])
        manifest.placed(record("a"))
    assert read_manifest(tmp_path) == [record("a")]


def test_a_replaced_record_is_no_longer_found_by_its_old_source(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("a", stored_as="Media/x"))
        manifest.add(record("b", stored_as="Media/y"), record("c", stored_as="Media/y"))
        manifest.add(record("a", stored_as="Media/z"), record("c", stored_as="Media/z"))
        assert manifest.from_source("Media/x") is None
        assert manifest.from_source("Media/y") == record("b", stored_as="Media/y")
        manifest.add(record("d", stored_as="Media/z"))
        assert manifest.from_source("Media/z") == record("d", stored_as="Media/z")
        for path in ("d", "c"):
            manifest.drop(path)
        assert manifest.from_source("Media/z") == record("a", stored_as="Media/z")


def test_a_file_without_an_md5_does_not_match_a_known_one(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(record("a", stored_as="Media/x"))
        assert manifest.from_source("Media/x") == record("a", stored_as="Media/x")
        assert manifest.from_source("Media/x", md5="11") is None
        assert manifest.from_source("Media/x", revision="r1") is None
        manifest.add(record("a", stored_as="Media/x", source_revision="r1"))
        assert manifest.from_source("Media/x", revision="r2") is None
        assert manifest.from_source("Media/x", md5="11") is None


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_state_folder_with_a_link_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive" / ".gdrive-wa").mkdir(parents=True)
    (tmp_path / "archive" / ".gdrive-wa" / "other").symlink_to(tmp_path)
    with pytest.raises(StorageError, match="symbolic link"), Manifest(tmp_path / "archive"):
        pass


def test_a_manifest_that_is_closed_twice_leaves_a_later_run_alone(tmp_path: Path) -> None:
    with Manifest(tmp_path) as first:
        refused = Manifest(tmp_path)
        with pytest.raises(StorageError, match="in use"):
            refused.__enter__()
    path = tmp_path / ".gdrive-wa" / "manifest.jsonl"
    sound = path.read_bytes()
    path.write_bytes(b"rubbish\n")
    failed = Manifest(tmp_path)
    with pytest.raises(FormatError):
        failed.__enter__()
    path.write_bytes(sound)
    with Manifest(tmp_path):
        for each in (first, refused, failed):
            each.__exit__(None, None, None)
            assert (tmp_path / ".gdrive-wa" / "lock.holder").exists()


def test_only_a_manifest_of_an_older_version_is_kept_as_a_copy(tmp_path: Path) -> None:
    for _ in range(2):
        with Manifest(tmp_path) as manifest:
            manifest.add(record("a"))
    assert not list((tmp_path / ".gdrive-wa").glob("manifest.version-*"))
