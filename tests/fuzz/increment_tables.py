"""The changed rows of other tables in an increment."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.chats.people import Jids
from gdrive_wa.chats.tables import Tables
from tests.fuzz.campaign import fuzz
from tests.fuzz.increment import messages
from tests.fuzz.samples import file_of, folder

TABLES = ("jid", "jid_map", "chat", "lid_display_name")
ROWS: dict[str, Any] = {
    "jid": [
        {"_id": 1, "user": "15550101", "server": "s.whatsapp.net"},
        {"_id": 2, "raw_string": "98765432100001@lid"},
    ],
    "jid_map": [{"lid_row_id": 2, "jid_row_id": 1}],
    "chat": {"columns": ["jid_row_id", "subject"], "rows": [[3, "The choir"], [1, None]]},
    "lid_display_name": [{"values": {"lid_row_id": 2, "display_name": "Anna"}}],
}


def try_one(data: bytes) -> object:
    """One text for all four files, divided at each NUL."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("messages.bin", messages())
        for table, content in zip(TABLES, data.split(b"\0", 3), strict=False):
            archive.writestr(f"{table}_modified.json", content)
    increment = read_increment(file_of(out.getvalue(), "increment.zip"))
    with Tables(_empty()) as tables:
        jids = Jids(tables)
    increment.add_lids_to(jids)
    for names in increment.names(jids):
        json.dumps(names, ensure_ascii=False).encode()
    return min(len(increment.rows), 9), len(increment.warnings)


@cache
def _empty() -> Path:
    """A database without anything that is looked for."""
    path = folder() / "empty.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE unknown (_id INTEGER)")
        database.commit()
    return path


def main(arguments: list[str]) -> int:
    rows = [json.dumps(ROWS[table]).encode() for table in TABLES]
    lines = b"\n".join(json.dumps(row).encode() for row in ROWS["jid"])
    return fuzz("increment_tables", [b"\0".join(rows), lines], try_one, arguments)
