"""The databases of several phones in one archive: each keeps its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.writer import ArchiveWriter
from tests.archive.phone import entry, place


def same(one: Path, other: Path) -> bool | None:
    """The owner is the first letter of these databases; ``?`` means that it is unknown."""
    owners = {path.read_bytes()[:1] if path.exists() else b"?" for path in (one, other)}
    return None if b"?" in owners else len(owners) == 1


def shelve(folder: Path, *contents: str, account: str | None = None) -> None:
    """One run: ``msgstore.db`` and other databases, by name and content."""
    with ArchiveWriter(folder, same_phone=same, account=account) as archive:
        for name, content in zip(("msgstore.db", "wa.db"), contents, strict=False):
            listed = entry(f"Databases/{name}.crypt15", content.encode())
            if archive.existing_record(listed) is None:
                place(archive, listed, content.encode())
        held = archive.database("msgstore.db")
        assert held is not None
        assert held.read_text() == contents[0], "what this run reads is its own phone's"


def held(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder / "Databases").as_posix(): path.read_text()
        for path in open_archive(folder).databases()
    }


def test_a_second_phones_databases_are_kept_next_to_the_first_ones(tmp_path: Path) -> None:
    shelve(tmp_path, "A1", "names of A1")
    shelve(tmp_path, "B1", "names of B1")
    shelve(tmp_path, "C1", "names of C1")
    first = held(tmp_path)
    assert first == {
        "msgstore.db": "A1", "wa.db": "names of A1",
        "phone 2/msgstore.db": "B1", "phone 2/wa.db": "names of B1",
        "phone 3/msgstore.db": "C1", "phone 3/wa.db": "names of C1",
    }  # fmt: skip
    shelve(tmp_path, "B1", "names of B1")
    assert held(tmp_path) == first
    shelve(tmp_path, "B2", "names of B2")
    shelve(tmp_path, "A2", "names of A2")
    assert held(tmp_path) == first | {
        "msgstore.db": "A2", "wa.db": "names of A2",
        "phone 2/msgstore.db": "B2", "phone 2/wa.db": "names of B2",
    }  # fmt: skip


@pytest.mark.parametrize("change", ["wa only", "chats only"])
def test_a_database_that_changed_alone_finds_its_phone(tmp_path: Path, change: str) -> None:
    shelve(tmp_path, "A1", "names of A1")
    shelve(tmp_path, "B1", "names of B1")
    new = ("B1", "new names") if change == "wa only" else ("B2", "names of B1")
    shelve(tmp_path, *new)
    assert held(tmp_path) == {
        "msgstore.db": "A1", "wa.db": "names of A1",
        "phone 2/msgstore.db": new[0], "phone 2/wa.db": new[1],
    }  # fmt: skip


def test_a_database_without_an_owner_replaces_the_existing_one(tmp_path: Path) -> None:
    shelve(tmp_path, "A1")
    shelve(tmp_path, "?2")
    assert held(tmp_path) == {"msgstore.db": "?2"}


def test_a_phone_known_by_number_is_found_by_its_chats_too(tmp_path: Path) -> None:
    shelve(tmp_path, "A1", account="15550100")
    shelve(tmp_path, "B1", account="15550101")
    shelve(tmp_path, "B2")
    assert held(tmp_path) == {"msgstore.db": "A1", "15550101/msgstore.db": "B2"}


def test_a_recognised_phone_comes_before_an_unknown_one(tmp_path: Path) -> None:
    shelve(tmp_path, "A1")
    shelve(tmp_path, "B1")
    (tmp_path / "Databases" / "msgstore.db").unlink()
    shelve(tmp_path, "B2")
    shelve(tmp_path, "A2")
    assert held(tmp_path) == {"msgstore.db": "A2", "phone 2/msgstore.db": "B2"}


def test_a_number_does_not_replace_a_phone_without_one(tmp_path: Path) -> None:
    shelve(tmp_path, "A1", "names of A1")
    shelve(tmp_path, "B1", "names of B1", account="15550101")
    first = held(tmp_path)
    assert first == {
        "msgstore.db": "A1", "wa.db": "names of A1",
        "15550101/msgstore.db": "B1", "15550101/wa.db": "names of B1",
    }  # fmt: skip
    shelve(tmp_path, "A2", "names of A2", account="15550100")
    shelve(tmp_path, "B2", "names of B2", account="15550101")
    assert held(tmp_path) == {
        "msgstore.db": "A2", "wa.db": "names of A2",
        "15550101/msgstore.db": "B2", "15550101/wa.db": "names of B2",
    }  # fmt: skip
