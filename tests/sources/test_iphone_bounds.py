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


ODD_LISTS = {
    ENDLESS: "'Files' in it is a view, not an ordinary table",
    "CREATE TABLE Files (fileID, relativePath, x, flags AS (hex(x)), domain AS (hex(x)), file)": (
        "its table 'Files' has no column 'flags'"
    ),
    "CREATE VIRTUAL TABLE Files USING fts5(fileID, domain, relativePath, flags, file)": (
        "'Files' in it is a virtual table, not an ordinary table"
    ),
    "CREATE TABLE Other (fileID)": "it has no table 'Files'",
}


@pytest.mark.parametrize("files", ODD_LISTS, ids=["endless", "computed", "virtual table", "none"])
def test_a_list_of_files_that_is_not_a_table_is_one_error(tmp_path: Path, files: str) -> None:
    (tmp_path / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": False}))
    with closing(sqlite3.connect(tmp_path / "Manifest.db")) as database:
        database.execute(files)
        database.commit()
    begun = time.thread_time()
    with pytest.raises(DatabaseError, match="list of files") as caught:
        IPhone(tmp_path)
    assert ODD_LISTS[files] in caught.value.message
    assert time.thread_time() - begun < 5
