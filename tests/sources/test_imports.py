"""Imports are cheap: nothing heavy is imported before Google is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "googleapiclient",
    "requests",
    "google.auth",
    "httplib2",
    "keyring",
    "truststore",
    "urllib3",
)


@pytest.mark.parametrize(
    "module",
    [
        "gdrive_wa.sources",
        "gdrive_wa.sources.base",
        "gdrive_wa.sources.folder",
        "gdrive_wa.google",
        "gdrive_wa.http.endpoints",
        "gdrive_wa.google.login",
        "gdrive_wa.google.logins",
    ],
)
def test_a_look_at_a_module_imports_nothing_heavy(module: str) -> None:
    script = f"import sys, {module}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ended.stdout.split() == []


def test_a_folder_is_read_without_any_of_them(tmp_path: object) -> None:
    script = (
        "import sys; from gdrive_wa.sources import open_folder\n"
        f"open_folder({str(tmp_path)!r}).backups()\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ended.stdout.split() == []
