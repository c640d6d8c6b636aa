"""The generated modules in the package match the .proto files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gdrive_wa.pb import backup_prefix_pb2, history_sync_pb2

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "gdrive_wa" / "pb"


def test_generating_again_gives_the_committed_modules(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "proto" / "generate.py", tmp_path], check=True, capture_output=True
    )
    made = tmp_path / "gdrive_wa" / "pb"
    generated = {path.name: path.read_bytes() for path in made.iterdir()}
    committed = {path.name: path.read_bytes() for path in COMMITTED.glob("*_pb2.py*")}
    assert generated == committed
    assert len(generated) == 2 * len(list((ROOT / "proto").glob("*.proto")))


def test_the_modules_run_with_the_lowest_allowed_runtime() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (bounds,) = (line for line in project["dependencies"] if line.startswith("protobuf"))
    lowest = re.search(r">=([0-9.]+)", bounds)
    assert lowest is not None
    for module in COMMITTED.glob("*_pb2.py"):
        text = module.read_text("utf-8")
        written_for = re.search(r"^# Protobuf Python Version: ([0-9.]+)$", text, re.MULTILINE)
        assert written_for is not None
        assert number(written_for[1]) <= number(lowest[1])
        assert "ValidateProtobufRuntimeVersion" not in text


def test_no_other_program_has_a_protobuf_file_of_the_same_name() -> None:
    """A process that loads two such files fails, and wa-crypt-tools has a backup_prefix.proto."""
    for module in (backup_prefix_pb2, history_sync_pb2):
        assert module.DESCRIPTOR.name.startswith("gdrive_wa/pb/")
        assert module.DESCRIPTOR.package.startswith("gdrive_wa.")


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("implementation", ["upb", "python"])
def test_the_modules_load_without_a_warning(implementation: str) -> None:
    code = "from gdrive_wa.pb import backup_prefix_pb2, history_sync_pb2"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
