"""A tree with one bad file: it is named, and all other files are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from tests.crypt.fixtures import ROOT_KEY
from tests.crypt.hostile.refusal import (
    EXIT_CODES,
    snapshot,
)
from tests.crypt.hostile.test_containers import OF_THE_ROOT_KEY, Container
from tests.crypt.hostile.test_envelopes import ENVELOPES
from tests.crypt.hostile.test_media import stored


def reason_of_the_one_failure(src: Path, dest: Path) -> tuple[str, int]:
    """Decrypt a tree of a good note and a bad file: the note is there, the bad file is named."""
    sound = stored(src, b"OggS a sound note", "Media/sound.opus")
    report = decrypt_tree(src, dest, ROOT_KEY)
    assert [outcome.path for outcome in report.done] == [sound.name]
    assert (dest / "Media" / "sound.opus").read_bytes() == b"OggS a sound note"
    written = [name for name, data in snapshot(dest).items() if data is not None]
    assert sorted(written) == [
        ".gdrive-wa/lock",
        ".gdrive-wa/manifest.jsonl",
        "Media/sound.opus",
    ]
    (failed,) = report.failed
    assert failed.reason
    assert failed.hints
    return failed.reason, failed.exit_code


def reason_for_the_odd_one(src: Path, dest: Path, odd: Path) -> str:
    """Decrypt a good note and one with an odd envelope: both are kept, the odd one reported."""
    sound = stored(src, b"OggS a sound note", "Media/sound.opus")
    report = decrypt_tree(src, dest, ROOT_KEY)
    assert report.failed == []
    reasons = {outcome.path: outcome.reason for outcome in report.done}
    assert reasons.keys() == {sound.name, odd.name}
    assert reasons[sound.name] is None
    found = {name: data for name, data in snapshot(dest).items() if name.startswith("Media/")}
    assert found.pop("Media/sound.opus") == b"OggS a sound note"
    assert list(found) == [f"Media/{odd.stem}.opus"], "named after its hash"
    return str(reasons[odd.name])


def test_in_a_tree_an_envelope_of_another_file_loses_only_the_name(
    tmp_path: Path,
) -> None:
    one = stored(tmp_path / "src")
    other = stored(tmp_path / "other", b"OggS another note", "Media/other.opus")
    shutil.copy(f"{other}-metadata", f"{one}-metadata")
    reason = reason_for_the_odd_one(tmp_path / "src", tmp_path / "out", one)
    assert "belongs to another file" in reason


@pytest.mark.parametrize("sealed", [sealed for sealed, _ in ENVELOPES.values()], ids=ENVELOPES)
def test_in_a_tree_a_bad_envelope_loses_only_the_name(sealed: str, tmp_path: Path) -> None:
    one = stored(tmp_path / "src")
    Path(f"{one}-metadata").write_text(sealed, encoding="utf-8")
    reason = reason_for_the_odd_one(tmp_path / "src", tmp_path / "out", one)
    assert "its original name is lost" in reason


@pytest.mark.parametrize("vector", OF_THE_ROOT_KEY.values(), ids=list(OF_THE_ROOT_KEY))
def test_in_a_tree_a_bad_container_is_named_and_the_rest_is_there(
    vector: Container, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    vector.made_in(tmp_path / "src")
    _, code = reason_of_the_one_failure(tmp_path / "src", tmp_path / "out")
    assert code == EXIT_CODES[vector.kind]


@pytest.mark.parametrize(
    "path",
    [
        "../../x",
        "/etc/x",
        "C:\\x",
        "C:x",
        "\\\\host\\x",
        "a/../../b",
        "..\\x",
        "Media\\..\\..\\x",
        "Media/\0",
        ".",
        "./.",
        "..",
        "/",
    ],
)
def test_in_a_tree_a_name_that_leads_out_is_named_and_the_rest_is_there(
    path: str, tmp_path: Path
) -> None:
    stored(tmp_path / "src", path=path)
    before = snapshot(tmp_path)
    _, code = reason_of_the_one_failure(tmp_path / "src", tmp_path / "out")
    assert code == 6
    after = snapshot(tmp_path)
    outside = {name for name in after.keys() - before.keys() if not name.startswith("out")}
    assert {Path(name).parent.name for name in outside} == {"src"}  # the sound note's own two


HARMLESS_BUT_ODD = [
    "CON",
    "Media/aux.opus",
    "Media/dot. ",
    "Media/" + "n" * 300 + ".opus",
    "Media/" + "d" * 5000 + "/x.opus",
    "Media/\N{GRINNING FACE}.opus",
    "Media/\u202egpj.opus",
    "Media/caf\u00e9.opus",
    "Media/cafe\u0301.opus",
    "Media/A.opus",
    "Media/a.opus",
    "-rf",
    "~/x",
    "%2e%2e%2fx",
    "Media/new\nline",
    ".gdrive-wa/manifest.jsonl",
    ".gdrive-wa-0123.tmp",
    "Media/</script><img src=x onerror=alert(1)>",
]


def test_in_a_tree_odd_names_stay_apart_and_below_the_target(tmp_path: Path) -> None:
    contents = {path: f"OggS {path!r}".encode() for path in HARMLESS_BUT_ODD}
    for path, content in contents.items():
        stored(tmp_path / "src", content, path)
    report = decrypt_tree(tmp_path / "src", tmp_path / "out", ROOT_KEY)
    assert report.failed == []
    found = {
        data
        for name, data in snapshot(tmp_path / "out").items()
        if data is not None and not name.startswith(".gdrive-wa/")
    }
    assert found == set(contents.values())
    assert {path.name for path in tmp_path.iterdir()} == {"src", "out"}


def test_in_a_tree_a_path_longer_than_a_disk_takes_is_named_and_the_rest_is_there(
    tmp_path: Path,
) -> None:
    stored(tmp_path / "src", path="Media/" + "a/" * 3000 + "x.opus")
    reason, code = reason_of_the_one_failure(tmp_path / "src", tmp_path / "out")
    assert "too long for a disk" in reason
    assert code == 6


@pytest.mark.parametrize("names", [("Media/x", "Media/x/y.opus"), ("Media/x/y.opus", "Media/x")])
def test_in_a_tree_a_name_of_a_file_and_a_folder_loses_one_of_them(
    names: tuple[str, str], tmp_path: Path
) -> None:
    for path in names:
        stored(tmp_path / "src", path.encode(), path)
    stored(tmp_path / "src", b"OggS a sound note", "Media/sound.opus")
    report = decrypt_tree(tmp_path / "src", tmp_path / "out", ROOT_KEY, jobs=1)
    assert len(report.done) == 2
    (failed,) = report.failed
    assert "needed there" in (failed.reason or "")
    assert not list(tmp_path.rglob(".gdrive-wa-*")), "nothing half-placed is left"


def test_in_a_tree_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    stored(tmp_path / "src", b"OggS a sound note", "Media/sound.opus")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "passwords.txt").write_bytes(b"mine")
    (tmp_path / "src" / "linked").symlink_to(tmp_path / "secret")
    (tmp_path / "src" / "passwords.txt").symlink_to(tmp_path / "secret" / "passwords.txt")
    report = decrypt_tree(tmp_path / "src", tmp_path / "out", ROOT_KEY)
    assert len(report.done) == 1
    assert b"mine" not in snapshot(tmp_path / "out").values()
