"""Address books that were made to be slow to read: CSV, and vCards with odd encodings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gdrive_wa.chats.contacts import read_people
from gdrive_wa.core import interruption
from gdrive_wa.core.errors import Interrupted, UsageError

ANN = "Name,Phone 1 - Value\nAnn,+1 555 0101\n"


@pytest.mark.parametrize(
    "content",
    [
        "Name,Phone," + "," * 500_000 + "\n" + "a\n" * 200_000,
        ANN + "," * 10_000_000,
        ANN + '"\n","\n",' * 1_000_000,
        ANN + '"' + "\n" * 1_000_000,
        "Phone" + ("," + "Phone" * 10) * 200_000 + "\n",
    ],
    ids=["columns", "one row", "lines in fields", "open quote", "telephone columns"],
)
def test_a_table_larger_than_any_real_one_is_refused_quickly(tmp_path: Path, content: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(content)
    began = time.thread_time()
    with pytest.raises(UsageError, match="neither a vCard file nor a CSV"):
        read_people(path)
    assert time.thread_time() - began < 5


def test_notes_of_many_lines_and_rows_of_other_lengths_are_read(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    notes = '"' + "\n" * 500 + '"'
    path.write_text(f"Name,Phone,Notes\r\nAnn,+1 555 0101,{notes}\r\n\r\nBen,+1 555 0102\r\nx\r\n")
    people = [(person.name, person.numbers) for person in read_people(path)]
    assert people == [("Ann", ("+1 555 0101",)), ("Ben", ("+1 555 0102",))]


@pytest.mark.parametrize(
    ("charset", "quoted", "name"),
    [
        ("UTF-8", "J=C3=BCrgen", "Jürgen"),
        ("windows-1252", "J=FCrgen", "Jürgen"),
        ("ISO-8859-1", "J=FCrgen", "Jürgen"),
        ("SHIFT_JIS", "=83=41", "ア"),
        ("unicode_escape", r"J=5Cud800", "Jud800"),
        ("utf-7", "J+2AA-", "J+2AA-"),
        ("punycode", "a" * 900, "a" * 900),
        ("zlib", "Ann", "Ann"),
        ("idna", "Ann", "Ann"),
        ("none.of.these", "Ann", "Ann"),
    ],
)
def test_only_character_sets_decode_a_name(
    tmp_path: Path, charset: str, quoted: str, name: str
) -> None:
    path = tmp_path / "people.vcf"
    path.write_text(
        f"BEGIN:VCARD\nFN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted}\n"
        "TEL:+15550101\nEND:VCARD\n"
    )
    [person] = read_people(path)
    assert person.name == name


@pytest.mark.parametrize("suffix", ["csv", "vcf"])
def test_cancellation_stops_the_reading(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"people.{suffix}"
    path.write_text(ANN if suffix == "csv" else "BEGIN:VCARD\nTEL:1\nEND:VCARD\n")
    interruption.request()
    try:
        with pytest.raises(Interrupted):
            read_people(path)
    finally:
        interruption.withdraw()
