"""An increment that cannot be read fails alone."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa import open_folder, restore
from gdrive_wa.crypt.header import write_varint

INCREMENT = "Databases/msgstore-increment-1-2024-03-09.db"


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_increment_that_cannot_be_read_fails_and_the_rest_is_restored(
    tmp_path: Path, how: int
) -> None:
    phone = tmp_path / "phone"
    (phone / "Databases").mkdir(parents=True)
    with closing(sqlite3.connect(phone / "Databases" / "msgstore.db")) as database:
        database.execute("CREATE TABLE message (_id INTEGER PRIMARY KEY, message_type)")
        database.commit()
    with zipfile.ZipFile(phone / INCREMENT, "w", how) as archive:
        archive.writestr("messages.bin", write_varint(30 << 20) + b"\x12\x00" * (15 << 20))
    for _ in range(2):  # a second run reports the same
        report = restore(open_folder(phone), tmp_path / "out")
        assert [(each.path, each.exit_code) for each in report.failed] == [(INCREMENT, 6)]
        others = [each.path for each in (*report.done, *report.skipped)]
        assert others == ["Databases/msgstore.db"]
