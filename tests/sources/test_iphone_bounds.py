"""Malicious iPhone backups."""

from __future__ import annotations

import plistlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.sources.iphone import DOMAINS, IPhone

ENDLESS = f"""
CREATE VIEW Files AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r)
SELECT x AS fileID, '{next(iter(DOMAINS))}' AS domain, x AS relativePath, 1 AS flags,
x AS file FROM r
"""  # noqa: S608 - a test's own


@pytest.mark.parametrize(
    "files",
    [
        ENDLESS,
        "CREATE TABLE Files (fileID, relativePath, x, flags AS (hex(x)), domain AS (hex(x)), file)",
        "CREATE VIRTUAL TABLE Files USING fts5(fileID, domain, relativePath, flags, file)",
    ],
    ids=["endless view", "computed", "virtual table"],
)
def test_a_list_of_files_that_is_not_a_table_is_one_error(tmp_path: Path, files: str) -> None:
    (tmp_path / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": False}))
    with closing(sqlite3.connect(tmp_path / "Manifest.db")) as database:
        database.execute(files)
        database.commit()
    begun = time.thread_time()
    with pytest.raises(DatabaseError, match="list of files"):
        IPhone(tmp_path)
    assert time.thread_time() - begun < 5
