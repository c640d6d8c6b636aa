"""The fuzz targets run, and would find what they look for."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from gdrive_wa.core.errors import FormatError
from tests.each import scripts
from tests.fuzz.campaign import CORPUS, Campaign, fuzz, kept_inputs
from tests.fuzz.guided import can_guide, fuzz_guided
from tests.fuzz.trial import Trial

ROOT = Path(__file__).resolve().parent.parent
FEW = {"archive": 12, "database": 50, "iphone": 40, "phone": 24, "schema": 40}
"""Inputs of targets that take long for each."""
PLANTED = """
from gdrive_wa.core.numbers import whole_number
from tests.fuzz.campaign import fuzz

def try_one(data):
    depth = 0
    for have, want in zip(data, bytes.fromhex("17a45c")):
        if have != want:
            return depth
        depth += 1
    if depth == 3:
        whole_number(depth)
        raise ValueError("the planted fault")

def main(arguments):
    return fuzz("planted", [b"head"], try_one, arguments)
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fragile(data: bytes) -> object:
    if not data.startswith(b"head"):
        raise FormatError("not a head")
    if len(data) > 8:
        raise ValueError("the planted fault")
    return len(data)


def test_a_planted_fault_is_found_kept_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzz("planted", [b"head"], fragile, ["--inputs", "1000", "--seed", "1"]) == 1
    (kept,) = (tmp_path / ".fuzz").iterdir()
    printed = capsys.readouterr()
    assert "found: ValueError" in printed.err
    assert f"--replay .fuzz/{kept.name}" in printed.err
    assert "1 findings (seed 1)" in printed.out
    with pytest.raises(ValueError, match="planted"):
        fuzz("planted", [], fragile, ["--replay", str(kept)])


def test_errors_of_ours_are_no_findings(tmp_path: Path) -> None:
    def always(_data: bytes) -> object:
        raise FormatError("no")

    assert fuzz("ours", [b"head"], always, ["--inputs", "100"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_seed_gives_the_same_inputs_again() -> None:
    trial = Trial("x", fragile)
    one, other, third = (Campaign(trial, [b"a sample"], seed) for seed in (1, 1, 2))
    inputs = [one.mutant() for _ in range(50)]
    assert inputs == [other.mutant() for _ in range(50)]
    assert inputs != [third.mutant() for _ in range(50)]
    assert len(set(inputs)) > 40


@pytest.mark.no_cover  # mutants reach the lines that the samples reach elsewhere
@pytest.mark.parametrize("target", scripts("tests.fuzz"))
def test_every_target_takes_its_own_samples_and_a_few_mutants(target: str) -> None:
    # counted, not timed: a fast machine tries what a slow one does
    count = ["--inputs", str(FEW.get(target, 300)), "--seed", "7"]
    assert import_module(f"tests.fuzz.{target}").main(count) == 0


@pytest.mark.parametrize("target", scripts("tests.fuzz"))
def test_a_finding_stays_mended(target: str) -> None:
    trial = Trial(target, import_module(f"tests.fuzz.{target}").try_one)
    for path in kept_inputs(target):
        trial.one(path.read_bytes())
    assert trial.findings == {}


def test_the_corpus_is_small_and_each_folder_has_a_target() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 500_000
    assert {path.name for path in CORPUS.iterdir()} <= set(scripts("tests.fuzz"))


@pytest.mark.skipif(not can_guide(), reason="atheris cannot be installed here")
def test_coverage_leads_to_a_planted_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "planted.py").write_text(PLANTED)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{tmp_path}")
    assert fuzz_guided("planted", 20, module="planted") == 1
    printed = capsys.readouterr()
    assert "guided, 1 findings" in printed.out
    assert "found: ValueError" in printed.err
    (kept,) = (path for path in (tmp_path / ".fuzz").iterdir() if path.is_file())
    assert kept.read_bytes().startswith(b"\x17\xa4\x5c")
    assert len(list((tmp_path / ".fuzz" / "corpus" / "planted").iterdir())) > 1


def test_there_is_a_target_for_every_parser() -> None:
    assert {
        "address_book",
        "archive",
        "checkpoint",
        "container",
        "database",
        "envelope",
        "exported_chat",
        "header",
        "increment",
        "increment_tables",
        "index",
        "iphone",
        "java",
        "key_file",
        "link",
        "listing",
        "login_files",
        "manifest",
        "media",
        "names",
        "opus",
        "payload",
        "phone",
        "picture",
        "plist",
        "schema",
        "sign_in",
        "stars",
        "write_ahead",
    } <= set(scripts("tests.fuzz"))
