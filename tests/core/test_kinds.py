"""Facts that a stored name reveals about its file."""

from __future__ import annotations

import pytest

from gdrive_wa.core.kinds import is_encrypted, is_end_to_end, without_encryption

DIGITS = "A1" * 32


@pytest.mark.parametrize(
    "name",
    ["msgstore.db.crypt15", "wa.db.CRYPT12", f"Media/{DIGITS}.mcrypt1", "renamed.mcrypt1"],
)
def test_a_name_says_that_a_file_is_encrypted(name: str) -> None:
    assert is_encrypted(name)


@pytest.mark.parametrize(
    "name", ["msgstore.db", "x.crypt16", f"{DIGITS}.mcrypt1-metadata", "mcrypt1"]
)
def test_other_names_do_not(name: str) -> None:
    assert not is_encrypted(name)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.opus", "msgstore.db.crypt14", "x.MCRYPT1"], True),
        (["msgstore.db.Crypt15"], True),
        (["msgstore.db.crypt12", "a.opus"], False),
        (["msgstore.db", f"{DIGITS}.mcrypt1-metadata"], None),
        ([], None),
    ],
)
def test_names_say_whether_a_backup_is_end_to_end_encrypted(
    names: list[str], said: bool | None
) -> None:
    assert is_end_to_end(names) is said


def test_a_name_without_the_suffix_of_its_encryption() -> None:
    assert without_encryption("Databases/msgstore.db.CRYPT14") == "Databases/msgstore.db"
    assert without_encryption("wa.crypt15.mcrypt1") == "wa.crypt15"
    assert without_encryption("msgstore.db") == "msgstore.db"
