"""Storage of logins: a working keyring, a broken one, and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from gdrive_wa.core.errors import CredentialsError, StorageError
from gdrive_wa.core.model import Secret
from gdrive_wa.google import logins
from gdrive_wa.google.logins import Login
from gdrive_wa.storage.draft import Draft

ANN = Login(account="ann@example.org", provider="oauth", fields={"token": "ya29.canary"})
BEA = Login(account="bea@example.org", provider="android", fields={"master_token": "aas_et/x"})


class Ring(KeyringBackend):
    """A keyring in memory, with a lock."""

    priority: ClassVar[float] = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked


@pytest.fixture
def ring(config: Path) -> Iterator[Ring]:
    """This machine's keyring."""
    assert config.name == "config"
    usual, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(usual)


def everything_in(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_a_keyring_is_used_where_there_is_one(ring: Ring, config: Path) -> None:
    assert logins.store(ANN).kept_in == "keyring"
    assert "ya29.canary" not in everything_in(config)
    assert logins.load().fields == ANN.fields
    assert logins.keyring_name()
    logins.remove(ANN.account)
    assert ring.held == {}
    assert logins.accounts() == []


def test_a_locked_keyring_leaves_files(ring: Ring, config: Path) -> None:
    ring.locked = True
    assert logins.store(ANN).kept_in == str(config / "logins" / "ann@example.org.json")
    assert logins.load().fields == ANN.fields
    ring.locked = False
    assert logins.load().fields == ANN.fields
    logins.remove(ANN.account)
    assert "ya29.canary" not in everything_in(config)


def test_a_keyring_that_was_locked_later(ring: Ring) -> None:
    logins.store(ANN)
    ring.locked = True
    with pytest.raises(CredentialsError, match="cannot be read") as caught:
        logins.load()
    assert "unlock the keyring" in caught.value.hints[0]
    logins.remove(ANN.account)
    assert logins.accounts() == []


def test_only_a_login_in_the_keyring_has_the_hint_to_unlock_it() -> None:
    stored = logins.store(ANN)
    Path(stored.kept_in).write_text("not JSON")
    with pytest.raises(CredentialsError, match="cannot be read") as caught:
        logins.load()
    assert caught.value.hints == (f"log in again with: gdrive-wa login --account {ANN.account}",)


def test_a_login_that_moves_into_the_keyring_leaves_no_file(config: Path) -> None:
    logins.store(ANN)
    assert "ya29.canary" in everything_in(config)
    usual, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    try:
        logins.store(ANN)
        assert "ya29.canary" not in everything_in(config)
        assert logins.load().fields == ANN.fields
    finally:
        keyring.set_keyring(usual)


def test_a_keyring_without_priority_is_not_used() -> None:
    assert logins.keyring_name() is None
    assert logins.stored_key() is None
    with pytest.raises(CredentialsError, match="has no keyring") as caught:
        logins.store_key(Secret("00" * 32))
    assert "--key-file" in caught.value.hints[0]


def test_the_backup_key_in_the_keyring(ring: Ring) -> None:
    logins.store_key(Secret("ab" * 32))
    kept = logins.stored_key()
    assert kept is not None
    assert kept.reveal() == "ab" * 32
    ring.locked = True
    assert logins.stored_key() is None
    with pytest.raises(CredentialsError, match="refused to store the key"):
        logins.store_key(Secret("ab" * 32))


def test_the_last_login_is_the_default_unless_it_was_only_renewed() -> None:
    logins.store(ANN)
    logins.store(BEA)
    assert logins.accounts() == [BEA.account, ANN.account]
    logins.update(ANN)
    assert logins.load().account == BEA.account
    logins.remove(BEA.account)
    assert logins.load().account == ANN.account


def test_accounts_are_found_in_any_case() -> None:
    logins.store(ANN)
    assert logins.find_account("Ann@Example.ORG") == ANN.account
    assert logins.find_account("nobody@example.org") is None
    with pytest.raises(CredentialsError, match="no login is stored for nobody"):
        logins.load("nobody@example.org")


@pytest.mark.parametrize("account", ["../../x", "/etc/passwd", "a/b", "nul", "", "a\x00b"])
def test_no_account_name_leads_out_of_the_folder(config: Path, account: str) -> None:
    logins.store(Login(account=account, provider="oauth", fields={"token": "x"}))
    (kept,) = (config / "logins").iterdir()
    assert kept.parent == config / "logins"
    assert {path.name for path in config.parent.iterdir()} == {"config"}


def test_a_config_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GDRIVE_WA_CONFIG", str(tmp_path / "file" / "config"))
    with pytest.raises(StorageError) as caught:
        logins.store(ANN)
    assert caught.value.hints


def test_what_a_killed_run_left_is_removed_when_a_login_is_stored_or_removed(config: Path) -> None:
    for act in (lambda: logins.store(ANN), lambda: logins.remove(ANN.account)):
        left = [config / ".gdrive-wa-0123.tmp", config / "logins" / ".gdrive-wa-4567.tmp"]
        for path in left:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("ya29.canary")
        act()
        assert not any(path.exists() for path in left)


def test_a_temporary_file_that_is_being_written_stays(config: Path) -> None:
    with Draft(config / "logins") as draft:
        logins.store(ANN)
        assert draft.path.exists()
