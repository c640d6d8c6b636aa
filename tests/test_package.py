"""What is shipped: a wheel that works in an empty environment, far from this repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from gdrive_wa.core.version import VERSION

ROOT = Path(__file__).resolve().parent.parent

PATIENCE = 400
"""Seconds for one program; some install packages over a slow connection."""

LARGEST = 170_000_000
"""Bytes of everything that is installed without an extra, before Python compiles it."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * PATIENCE)]


@dataclass(frozen=True)
class Built:
    sdist: Path
    wheel: Path

    def names(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own, used by somebody who has nothing else."""

    venv: Path
    home: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.venv / "bin" / command[0], *command[1:]],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.defpath, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution of this tree, and the wheel made from it and nothing else."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return Built(next(out.glob("*.tar.gz")), next(out.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    venv, home = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("home")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=PATIENCE
    )
    pip = [sys.executable, "-m", "pip", "--python", str(venv), "--disable-pip-version-check"]
    result = subprocess.run(
        [*pip, "install", "--quiet", "--no-compile", str(built.wheel)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return Installed(venv, home)


def test_the_wheel_holds_the_package_and_what_it_shows(built: Built) -> None:
    names = built.names()
    assert "gdrive_wa/py.typed" in names
    assert "gdrive_wa/pages/assets/page.html" in names
    assert "gdrive_wa/emulation/story.txt" in names
    for file in (ROOT / "gdrive_wa").rglob("*"):
        if file.suffix in (".py", ".pyi", ".opus", ".jpg", ".js", ".css", ".html", ".txt", ".tsv"):
            assert file.relative_to(ROOT).as_posix() in names


def test_the_wheel_holds_nothing_else(built: Built) -> None:
    tops = {name.partition("/")[0] for name in built.names()}
    assert tops == {"gdrive_wa", f"gdrive_wa-{VERSION}.dist-info"}
    assert not [name for name in built.names() if "test" in name or "__pycache__" in name]


def test_the_wheel_says_what_it_is(built: Built) -> None:
    info = f"gdrive_wa-{VERSION}.dist-info"
    with zipfile.ZipFile(built.wheel) as archive:
        said = message_from_bytes(archive.read(f"{info}/METADATA"))
        points = archive.read(f"{info}/entry_points.txt").decode()
    assert (said["Name"], said["Version"]) == ("gdrive-wa", VERSION)
    assert (said["License-Expression"], said["Requires-Python"]) == ("MIT", ">=3.11")
    assert f"{info}/licenses/LICENSE" in built.names()
    assert "gdrive-wa = gdrive_wa.__main__:main" in points


def test_whoever_gets_the_sources_can_test_them(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("Makefile", "README.md", "LICENSE", "proto/generate.py", "tests/peers.txt"):
        assert name in names
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        assert name in names
    assert "tests/test_package.py" in names


def test_the_installed_command_tells_its_help(installed: Installed) -> None:
    result = installed.run("gdrive-wa", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "restore" in result.stdout


def test_the_installed_package_is_not_this_repository(installed: Installed) -> None:
    result = installed.run("python", "-c", "import gdrive_wa; print(gdrive_wa.__file__)")
    assert Path(result.stdout.strip()).is_relative_to(installed.venv)


def test_no_development_tool_came_along(installed: Installed) -> None:
    packages = {path.name for path in (installed.venv / "lib").glob("python3*/site-packages/*")}
    assert packages.isdisjoint({"pytest", "pip", "ruff", "mypy", "pandas", "grpc_tools"})


def test_it_takes_no_more_room_than_promised(installed: Installed) -> None:
    """In megabytes, by the first part of a path: 112 of them are Google's discovery documents."""
    sizes: Counter[str] = Counter()
    for folder in (installed.venv / "lib").glob("python3*/site-packages"):
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                sizes[file.relative_to(folder).parts[0]] += file.stat().st_size
    assert sum(sizes.values()) <= LARGEST, sizes.most_common(8)


def test_the_demo_runs_from_the_installed_package(installed: Installed) -> None:
    result = installed.run("gdrive-wa", "demo", "out")
    assert result.returncode == 0, result.stderr
    notes = json.loads(installed.run("gdrive-wa", "notes", "out", "--json").stdout)
    restored = [note for note in notes if note["status"] == "restored"]
    assert len(restored) >= 40
    for note in restored:
        assert (installed.home / "out" / note["file"]).read_bytes()[:4] == b"OggS"
    assert (installed.home / "out" / "index.html").stat().st_size > 10_000
