from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.each import run_each, scripts

SCRIPT = """
def main(argv):
    print({name!r}, argv)
    return {code}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of two scripts and a module that is none."""
    folder = tmp_path / "scripts_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "fine.py").write_text(SCRIPT.format(name="fine", code=None))
    (folder / "odd.py").write_text(SCRIPT.format(name="odd", code=3))
    (folder / "shared.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        monkeypatch.delitem(sys.modules, name)
    return folder.name


def test_scripts_are_the_modules_with_a_main(package: str) -> None:
    assert scripts(package) == ["fine", "odd"]


def test_all_are_run_and_the_worst_exit_code_counts(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_each(package, ["--seconds", "5"]) == 3
    printed = capsys.readouterr().out
    assert "fine ['--seconds', '5']" in printed
    assert "odd ['--seconds', '5']" in printed


def test_only_the_named_ones_are_run(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_each(package, ["fine"]) == 0
    assert "odd" not in capsys.readouterr().out


def test_a_wrong_name_is_a_wrong_call(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_each(package, ["fin"]) == 2
    assert "there is: fine, odd" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        f"{package}.{name}"
        for package in ("tests.benchmarks", "tests.fuzz")
        for name in scripts(package)
    ],
)
def test_every_script_takes_the_options(name: str) -> None:
    inspect.signature(import_module(name).main).bind(["--quick"])
