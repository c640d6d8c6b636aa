"""The audit names what it found and what it could not look up, and depends on no service."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.audit import judge

VERSIONS = {"rich": "14", "isal": "2"}
FINE: dict[str, Any] = {"name": "rich", "version": "14", "vulns": []}
HOLE = {"id": "PYSEC-2099-1", "fix_versions": ["15"], "aliases": []}
UNKNOWN = {"name": "isal", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize("found", [[], [UNKNOWN], [UNKNOWN, UNKNOWN]])
def test_a_service_that_does_not_answer_is_said_and_is_not_an_error(
    found: list[dict[str, Any]],
) -> None:
    lines, code = judge(found, VERSIONS)
    assert code == 0
    assert len(lines) == 1
    assert "nothing was looked up" in lines[0]


@pytest.mark.parametrize("found", [[FINE, UNKNOWN], [FINE]])
def test_what_could_not_be_looked_up_is_named(found: list[dict[str, Any]]) -> None:
    lines, code = judge(found, VERSIONS)
    assert code == 0
    assert lines == ["audit: looked up 1 of 2 libraries", "audit: could not look up: isal"]


def test_a_known_hole_is_an_error() -> None:
    lines, code = judge([{**FINE, "vulns": [HOLE]}, UNKNOWN], VERSIONS)
    assert code == 1
    assert lines[0] == "audit: rich 14 has a known hole, PYSEC-2099-1 (fixed in: 15)"


def test_each_check_that_bandit_skips_has_its_reason() -> None:
    raw = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text("utf-8")
    skips = tomllib.loads(raw)["tool"]["bandit"]["skips"]
    reasons = [line for line in raw.splitlines() if line.strip().startswith('"B')]
    assert [line.strip()[1:5] for line in reasons] == skips
    assert all(line.partition("# ")[2] for line in reasons)
