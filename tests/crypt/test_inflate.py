"""Decryption without isal: zlib gives the same results."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from gdrive_wa.crypt import inflate

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_ISAL = """
import sys
sys.modules["isal"] = None  # importing it fails
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests/crypt/test_containers.py"]))
"""


def test_isal_inflates_where_it_is_installed() -> None:
    pytest.importorskip("isal")
    assert type(inflate.new_inflater()).__module__.startswith("isal")


@pytest.mark.slow
def test_each_container_opens_and_each_damage_is_reported_without_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ISAL], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert "failed" not in ended.stdout


def test_zlib_has_the_same_interface(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['isal'] = None\n"
        "from gdrive_wa.crypt import inflate\n"
        "out = inflate.new_inflater().decompress(sys.stdin.buffer.read(), 100)\n"
        "assert out == b'content', out\n"
        "try: inflate.new_inflater().decompress(b'x\\x9c no stream', 100)\n"
        "except inflate.InflateError: print('damaged')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        input=zlib.compress(b"content"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == (b"damaged\n", b"")
