"""The versions of a manifest: older ones are converted, newer ones are left alone."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.errors import FormatError
from gdrive_wa.storage import record
from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, Manifest, Record, read_manifest

LINE: dict[str, Any] = {"path": "a", "size": 5, "sha256": "ab" * 32, "mtime_ns": 7}
KNOWN = Record(path="a", size=5, sha256="ab" * 32, mtime_ns=7)


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / STATE_FOLDER / MANIFEST_NAME
    path.parent.mkdir()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def header(version: object) -> dict[str, Any]:
    return {"format": record.FORMAT, "version": version}


def test_there_is_a_step_from_every_older_version() -> None:
    assert len(record.MIGRATIONS) == record.VERSION


def test_a_newer_manifest_is_refused_in_one_line_and_not_touched(tmp_path: Path) -> None:
    path = write(tmp_path, header(record.VERSION + 1), {"something": "else"})
    before = path.read_bytes()
    for attempt in (lambda: read_manifest(tmp_path), lambda: Manifest(tmp_path).__enter__()):
        with pytest.raises(FormatError, match="this gdrive-wa supports up to 1") as caught:
            attempt()
        assert "\n" not in caught.value.message
        assert caught.value.hints == ("update gdrive-wa",)
    assert path.read_bytes() == before


def test_a_manifest_without_a_version_is_converted_and_kept(tmp_path: Path) -> None:
    path = write(tmp_path, LINE, {**LINE, "path": "b"}, {"path": "b", "dropped": True})
    old = path.read_bytes()
    assert read_manifest(tmp_path) == [KNOWN], "reading changes nothing"
    assert path.read_bytes() == old
    with Manifest(tmp_path) as manifest:
        assert list(manifest) == [KNOWN]
    assert json.loads(path.read_bytes().splitlines()[0]) == header(record.VERSION)
    assert read_manifest(tmp_path) == [KNOWN]
    assert path.with_name("manifest.version-0.jsonl").read_bytes() == old


def test_conversion_begins_at_the_version_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(line: dict[str, Any]) -> dict[str, Any]:
        return {("sha256" if name == "digest" else name): line[name] for name in line}

    monkeypatch.setattr(record, "VERSION", 2)
    monkeypatch.setattr("gdrive_wa.storage.manifest.VERSION", 2)
    monkeypatch.setattr(record, "MIGRATIONS", (*record.MIGRATIONS, renamed))
    line = {**LINE, "digest": LINE["sha256"]}
    del line["sha256"]
    path = write(tmp_path, header(1), line)
    with Manifest(tmp_path) as manifest:
        assert list(manifest) == [KNOWN]
    assert json.loads(path.read_bytes().splitlines()[0]) == header(2)
    assert path.with_name("manifest.version-1.jsonl").exists()
    path.write_text(json.dumps(header(2)) + "\n" + json.dumps(line) + "\n", "utf-8")
    with pytest.raises(FormatError, match="line 2"):
        read_manifest(tmp_path)


def test_unknown_fields_of_this_version_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, header(record.VERSION), {**LINE, "colour": "red"})
    assert read_manifest(tmp_path) == [KNOWN]


def test_a_file_that_is_not_a_manifest_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"format": "another program's list", "version": 1})
    with pytest.raises(FormatError, match="is not a gdrive-wa manifest"):
        read_manifest(tmp_path)


def test_a_line_has_only_the_fields_with_a_value() -> None:
    assert json.loads(record.line_of(KNOWN)) == LINE


def test_half_a_surrogate_pair_in_a_path_is_written_out(tmp_path: Path) -> None:
    write(tmp_path, header(1), {**LINE, "path": "a\ud800.opus"})
    assert [found.path for found in read_manifest(tmp_path)] == ["a%ud800.opus"]


def test_an_invalid_version_is_shown_in_at_most_40_characters(tmp_path: Path) -> None:
    write(tmp_path, header("9" * 100))
    with pytest.raises(FormatError, match=f"version: '{'9' * 39}$"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "held",
    [
        KNOWN,
        replace(KNOWN, path='a "b"\\\n\u2028\x00é😀', message="x@s/1", account="15550100"),
        replace(KNOWN, path="\ud800", whatsapp_path="\udcff"),
        replace(KNOWN, also=(("one", None, "1-2"), ("two", "ab", None)), stored_as="zero"),
    ],
)
def test_a_line_is_what_json_makes_of_the_record(held: Record) -> None:
    line = record.line_of(held)
    fields = {name: value for name, value in asdict(held).items() if value not in (None, ())}
    assert json.loads(line) == json.loads(json.dumps(fields))
    assert line.count(b"\n") == 1
    assert b", " not in line
