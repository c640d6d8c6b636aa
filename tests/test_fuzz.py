"""The fuzz targets run, and would find what they look for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from gdrive_wa.core.errors import FormatError
from tests.each import scripts
from tests.fuzz.campaign import Campaign, fuzz

SLOW = {"database": 50}
"""Inputs of targets that take long for each."""


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
    one, other, third = (Campaign("x", [b"a sample"], fragile, seed) for seed in (1, 1, 2))
    inputs = [one.mutant() for _ in range(50)]
    assert inputs == [other.mutant() for _ in range(50)]
    assert inputs != [third.mutant() for _ in range(50)]
    assert len(set(inputs)) > 40


@pytest.mark.parametrize("target", scripts("tests.fuzz"))
def test_every_target_takes_its_own_samples_and_a_few_mutants(target: str) -> None:
    # counted, not timed: a fast machine tries what a slow one does
    count = ["--inputs", str(SLOW.get(target, 300)), "--seed", "7"]
    assert import_module(f"tests.fuzz.{target}").main(count) == 0


def test_there_is_a_target_for_every_parser() -> None:
    assert {
        "container",
        "database",
        "envelope",
        "header",
        "increment",
        "key_file",
        "manifest",
        "media",
        "names",
        "payload",
    } <= set(scripts("tests.fuzz"))
