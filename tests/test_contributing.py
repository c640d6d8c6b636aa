"""CONTRIBUTING.md and the files for machines say only what is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.test_house import GROUND, MAY_IMPORT

ROOT = Path(__file__).resolve().parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8")
TOPS = ("gdrive_wa", "tests", "proto", "notebooks")


def commands_of(target: str) -> list[str]:
    """What a target of the Makefile runs from the environment, its options filled in."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None, target
    lines = found.group(1).replace("$(BIN)/", "").replace("$(WORKERS)", "3").splitlines()
    return [line.strip() for line in lines]


def test_the_table_of_packages_is_the_one_that_is_enforced() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", CONTRIBUTING, re.MULTILINE)
    documented = {room: set(re.findall(r"`(\w+)`", below)) for room, below in rows}
    assert "everything" in dict(rows)["cli"]
    assert documented == MAY_IMPORT | {room: set() for room in ("cli", *GROUND)}


def test_every_file_and_every_target_it_names_is_there() -> None:
    quoted = re.findall(r"`([^`\n]+)`", CONTRIBUTING)
    paths = [text for text in quoted if text.partition("/")[0] in TOPS or text.endswith(".md")]
    assert len(paths) > 25
    assert [path for path in paths if not (ROOT / path).exists()] == []
    for link in re.findall(r"\]\(([^)]+)\)", CONTRIBUTING):
        assert (ROOT / link).exists(), link
    for target in re.findall(r"make ([a-z]+)", "\n".join(quoted)):
        assert f"\n{target}:" in MAKEFILE, target


def test_the_help_of_make_lists_every_target() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(re.findall(r"^([a-z]+):.*  ## \S", MAKEFILE, re.MULTILINE)) == set(phony.split())


def test_coverage_is_measured_by_make_test_and_nowhere_else() -> None:
    assert [line for line in MAKEFILE.splitlines() if "--cov" in line] == [
        line for line in MAKEFILE.splitlines() if "/pytest" in line
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "--cov" not in project["tool"]["pytest"]["ini_options"]["addopts"]
    assert project["tool"]["coverage"]["report"]["fail_under"] >= 93


def test_the_workflow_tries_every_python_and_runs_what_make_test_runs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    (tried,) = re.findall(r"python: \[(.*)\]", WORKFLOW)
    assert re.findall(r"[\d.]+", tried) == versions
    for command in [*commands_of("lint"), *commands_of("types"), *commands_of("test")]:
        assert f"\n          {command}\n" in f"{WORKFLOW}\n", command


def test_the_hooks_run_targets_of_make_and_nothing_from_elsewhere() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert set(re.findall(r"repo: (.*)", hooks)) == {"local"}
    entries = re.findall(r"entry: make --no-print-directory (\w+)", hooks)
    assert len(entries) == hooks.count("entry:")
    for target in entries:
        assert f"\n{target}:" in MAKEFILE
