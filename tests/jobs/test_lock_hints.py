"""Hints for a user without a key, for each lock and for several on one backup."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gdrive_wa import RootKey, connect, restore
from gdrive_wa.core.errors import MissingKeyError, WrongKeyError
from gdrive_wa.core.model import Backup
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.jobs.lock_hints import key_hints


def hints(*locks: str) -> tuple[str, ...]:
    found = key_hints(Backup(name="x", account="x", locks=locks))
    assert found is not None
    return found


def test_the_hint_asks_for_the_digits_first_if_they_may_exist() -> None:
    usual = MissingKeyError.default_hints
    assert hints("key") == usual
    for other, word in (("passkey", "passkey"), ("password", "password"), ("unknown", "lock")):
        found = hints("key", other)
        assert found[: len(usual)] == usual
        assert word in found[len(usual)]
        assert "64-digit key" in found[-1]


def test_a_backup_that_says_password_or_key_gets_both_hints() -> None:
    found = " ".join(hints("password_or_key"))
    assert "64 digits" in found
    assert "password" in found


@pytest.mark.parametrize("lock", ["password", "passkey", "unknown"])
def test_a_lock_without_digits_has_a_hint_for_the_phone(lock: str) -> None:
    found = hints(lock)
    assert found[-1].startswith("on the phone, turn end-to-end backup off and on again")
    assert "rooted" not in " ".join(found)


def test_two_locks_without_digits_share_the_last_step() -> None:
    found = hints("password", "passkey")
    assert len(found) == len(set(found)) == 3
    assert found[-1].startswith("on the phone")


def test_a_backup_with_an_unknown_lock_gets_the_usual_hints() -> None:
    assert key_hints(Backup(name="x", account="x")) is None
    assert key_hints(Backup(name="x", account="x", key_type="server")) is not None


def test_restore_names_every_lock_of_a_backup_at_google(
    emulator: Emulator, sample: SampleAccount, tmp_path: Path
) -> None:
    locks = {"isPasswordEncrypted": True, "passkeyEncryptionMetadata": {"credentialId": "AA"}}
    values = {"metadata": json.dumps({"encryptedBackupMetadata": locks})}
    emulator.faults = Fault(kind=FaultKind.EDIT, path="*/backups", set=values, times=None)
    source = connect("backup", endpoint=emulator.root, token=sample.token)
    try:
        with pytest.raises(MissingKeyError) as caught:
            restore(source, tmp_path / "out")
        with pytest.raises(WrongKeyError) as wrong:
            restore(source, tmp_path / "out", key=RootKey(bytes(32)))
    finally:
        source.close()
    for hints in (caught.value.hints, wrong.value.hints):
        assert "a password" in hints[0]
        assert "a passkey" in hints[1]
