"""Every lower bound in pyproject.toml is true: the program runs with the oldest that is allowed.

A program of others that works on the same files is in the same environment, since people have
both: wa-crypt-tools, which pins its protobuf.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.demo import demo
from gdrive_wa.storage.manifest import read_manifest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300
EXTRAS = ("audio", "cluster", "ios")
"""All but the notebook's: a person who opens it brings Jupyter along."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * PATIENCE)]


def declared() -> Iterator[Requirement]:
    """What this system's Python is to have, by pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = project["dependencies"] + [
        line for extra in EXTRAS for line in project["optional-dependencies"][extra]
    ]
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


def lowest(requirement: Requirement) -> str:
    """``name==version`` with the oldest version that `requirement` allows."""
    (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
    return f"{requirement.name}=={bound}"


def neighbour() -> str:
    lines = (ROOT / "tests" / "peers.txt").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("wa-crypt-tools"))


@dataclass(frozen=True)
class Environment:
    python: Path
    home: Path

    def run(self, *arguments: str | Path) -> str:
        result = subprocess.run(
            [self.python, *map(str, arguments)],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.defpath, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout


def pip(python: Path, *arguments: str | Path) -> str:
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "--disable-pip-version-check",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the oldest version of everything, this package, and wa-crypt-tools."""
    venv, home = tmp_path_factory.mktemp("oldest"), tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    quietly = ("install", "--quiet", "--no-compile")
    pip(python, *quietly, "--only-binary=:all:", *map(lowest, declared()), neighbour())
    pip(python, *quietly, "--no-deps", ROOT)
    return Environment(python, home)


def test_each_has_the_version_that_is_the_lowest(oldest: Environment) -> None:
    listed = json.loads(pip(oldest.python, "list", "--format=json"))
    found = {canonicalize_name(each["name"]): each["version"] for each in listed}
    for requirement in declared():
        (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
        version = found[canonicalize_name(requirement.name)]
        assert version == bound or version.startswith(f"{bound}."), requirement


def test_they_go_together(oldest: Environment) -> None:
    assert "No broken requirements" in pip(oldest.python, "check")


def test_every_module_can_be_imported(oldest: Environment) -> None:
    code = (
        "import gdrive_wa, importlib, pkgutil\n"
        "for each in pkgutil.walk_packages(gdrive_wa.__path__, 'gdrive_wa.'):\n"
        "    if not each.name.endswith('__main__'): importlib.import_module(each.name)\n"
        "import av, distributed, iphone_backup_decrypt, keyring, loky"
    )
    oldest.run("-c", code)


def test_wa_crypt_tools_works_in_the_same_process(oldest: Environment) -> None:
    oldest.run(
        "-c",
        "from wa_crypt_tools.proto import backup_prefix_pb2 as theirs\n"
        "from gdrive_wa.pb import backup_prefix_pb2 as ours, history_sync_pb2\n"
        "raw = ours.BackupPrefix(info=ours.BackupInfo(app_version='2.25')).SerializeToString()\n"
        "assert theirs.BackupPrefix.FromString(raw).info.app_version == '2.25'",
    )


def test_the_version_and_the_help(oldest: Environment) -> None:
    assert "gdrive-wa" in oldest.run("-m", "gdrive_wa", "--version")
    assert "restore" in oldest.run("-m", "gdrive_wa", "--help")


def test_the_demo_restores_what_it_restores_here(oldest: Environment, tmp_path: Path) -> None:
    oldest.run("-m", "gdrive_wa", "demo", "demo")
    demo(tmp_path)
    there = {(each.path, each.sha256) for each in read_manifest(oldest.home / "demo")}
    assert there == {(each.path, each.sha256) for each in read_manifest(tmp_path)}


def test_a_folder_is_restored_and_exported(oldest: Environment, sample: SampleAccount) -> None:
    key = oldest.home / "key.txt"
    key.write_text(sample.key.reveal().hex())
    backup = sample.folder / "backup"
    oldest.run("-m", "gdrive_wa", "restore", "--folder", backup, "--key-file", key, "out")
    oldest.run("-m", "gdrive_wa", "verify", "out")
    oldest.run("-m", "gdrive_wa", "export", "out", "exported", "--chat", "Mum")
    assert list((oldest.home / "exported").rglob("*.m4a"))
