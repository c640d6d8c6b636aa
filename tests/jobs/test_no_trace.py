"""A run that ends before it places anything leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa import KeyFailure, Selection, UsageError
from tests.jobs.test_phone_databases import DATED, KEY, MAIN, OTHER_KEY, Phone, store


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    made = Phone(tmp_path)
    made.record(1, 2)
    made.database(MAIN, [1, 2])
    return made


@pytest.mark.parametrize("copies", [0, 1])
def test_a_wrong_key_leaves_nothing(phone: Phone, copies: int) -> None:
    if copies:
        phone.database(DATED, [1])
    with pytest.raises(KeyFailure):
        phone.restore(key=OTHER_KEY)
    assert not phone.out.exists()


def test_an_unknown_chat_leaves_nothing(phone: Phone) -> None:
    with pytest.raises(UsageError, match="no chat with voice notes"):
        phone.restore(chat="Nobody")
    assert not phone.out.exists()


def test_a_folder_of_the_users_stays_empty(phone: Phone) -> None:
    phone.out.mkdir()
    with pytest.raises(KeyFailure):
        phone.restore(key=OTHER_KEY)
    assert list(phone.out.iterdir()) == []


def test_an_existing_archive_stays_as_it_is(phone: Phone) -> None:
    phone.restore()
    before = {path.name for path in phone.out.iterdir()}
    phone.seal(MAIN, store(phone.work / "sealed anew.db", [1, 2]), OTHER_KEY)
    with pytest.raises(KeyFailure):
        phone.restore(key=KEY)
    assert {path.name for path in phone.out.iterdir()} == before
    assert set(phone.statuses()) == {"1", "2"}


@pytest.mark.parametrize(
    "selection", [Selection(chat="555"), Selection(since=datetime(2020, 1, 1, tzinfo=UTC))]
)
def test_a_dry_run_of_a_choice_does_not_count_databases_that_are_not_kept(
    phone: Phone, selection: Selection
) -> None:
    would = phone.restore(selection=selection, dry_run=True)
    assert len(would.done) == 2
    assert [each.reason for each in would.skipped] == ["read for names and times, not kept"]
    did = phone.restore(selection=selection)
    assert {each.path for each in did.done} == {each.path for each in would.done}


def test_a_damaged_newest_database_is_reported_with_a_way_to_recover_it(phone: Phone) -> None:
    phone.database(DATED, [1])
    sealed = phone.folder / MAIN
    whole = sealed.read_bytes()
    for size in (30, 500, len(whole) - 1):
        sealed.write_bytes(whole[:size])
        assert phone.restore().failed == []
        assert phone.said[0].startswith(f"the chats are read from '{DATED}', the only database")
        assert phone.said[1].startswith(f"left out: '{MAIN}': the file")
        assert phone.said[1].endswith("copy it again: it may contain more")
