"""The generated modules in the package are those that the .proto files give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "gdrive_wa" / "pb"


def test_generating_again_gives_the_committed_modules(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "proto" / "generate.py", tmp_path], check=True, capture_output=True
    )
    generated = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in COMMITTED.glob("*_pb2.py*")}
    assert generated == committed
    assert len(generated) == 2 * len(list((ROOT / "proto").glob("*.proto")))
