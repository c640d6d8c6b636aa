"""Store logins in the system's keyring, or in files that only their owner can read.

``accounts.json`` in the config folder lists the accounts and contains no secrets. The folder is
the platform's standard one, or ``GDRIVE_WA_CONFIG``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gdrive_wa.core.errors import CredentialsError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.names import safe_name
from gdrive_wa.core.plain_file import read_plain
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import make_folder, sweep, write_file

SERVICE = "gdrive-wa"
CONFIG_VARIABLE = "GDRIVE_WA_CONFIG"
_KEY_NAME = "backup key"
_INDEX = "accounts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One stored login.

    Attributes:
        account: e-mail address.
        provider: ``oauth`` or ``android``.
        scopes: what the login may read, as Google's scopes.
        expires: when the access token expires, ISO 8601 UTC; it is renewed automatically.
        kept_in: ``keyring`` or the path of the file.
        fields: what the provider needs to obtain access tokens; secret.
    """

    account: str
    provider: str
    scopes: tuple[str, ...] = ()
    expires: str | None = None
    kept_in: str = "keyring"
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, object]:
        """The output of ``whoami --json``, without secrets."""
        return {
            "account": self.account,
            "provider": self.provider,
            "scopes": list(self.scopes),
            "expires": self.expires,
            "kept_in": self.kept_in,
        }


def config_folder() -> Path:
    """The configuration folder of gdrive-wa; it is created when something is written to it."""
    given = os.environ.get(CONFIG_VARIABLE)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_config_path  # noqa: PLC0415 - only when a login is touched

    return user_config_path("gdrive-wa", appauthor=False)


def store(login: Login, *, prefer: bool = True) -> Login:
    """Store `login`, and return it with `kept_in` set. With `prefer` it becomes the default.

    Raises:
        StorageError: the config folder cannot be written.
    """
    make_folder(config_folder(), mode=0o700)
    _sweep()
    stored = replace(login, kept_in=_store_secret(login.account, json.dumps(dict(login.fields))))
    index = _read_index()
    index.accounts[login.account] = {
        "provider": stored.provider,
        "scopes": list(stored.scopes),
        "expires": stored.expires,
        "kept_in": stored.kept_in,
    }
    default = login.account if prefer or index.default is None else index.default
    _write_index(replace(index, default=default))
    return stored


def update(login: Login) -> None:
    """Update a stored login; one that was removed in the meantime stays removed."""
    if login.account in _read_index().accounts:
        store(login, prefer=False)


def rename(old: str, new: str) -> Login:
    """Store the login of the account `old` under the account `new`, and return it.

    Raises:
        CredentialsError: `old` has no login, or it cannot be read.
        StorageError: the config folder cannot be written.
    """
    is_default = _read_index().default == old
    login = store(replace(load(old), account=new), prefer=is_default)
    remove(old)
    return login


def accounts() -> list[str]:
    """The accounts with a stored login, the default first."""
    index = _read_index()
    return sorted(index.accounts, key=lambda name: (name != index.default, name))


def providers() -> dict[str, str]:
    """The provider of each account: ``oauth`` or ``android``. Reads no secrets."""
    known = _read_index().accounts
    return {name: str(about.get("provider", "oauth")) for name, about in known.items()}


def find_account(account: str | None = None) -> str | None:
    """The stored spelling of `account`, ignoring case; for None, the default account. None if that
    login is not stored."""
    index = _read_index()
    if account is None:
        return index.default
    wanted = account.casefold()
    return next((name for name in index.accounts if name.casefold() == wanted), None)


def load(account: str | None = None) -> Login:
    """The stored login of `account`, or the default one.

    Raises:
        CredentialsError: none is stored, or it cannot be read.
    """
    name = find_account(account)
    if name is None:
        raise CredentialsError(
            f"no login is stored for {account}" if account else "you are not logged in"
        )
    about = _read_index().accounts[name]
    scopes, expires = about.get("scopes"), about.get("expires")
    return Login(
        account=name,
        provider=str(about.get("provider", "oauth")),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else (),
        expires=expires if isinstance(expires, str) else None,
        kept_in=str(about.get("kept_in", "keyring")),
        fields=_secrets(name, in_keyring=about.get("kept_in") == "keyring"),
    )


def remove(account: str) -> None:
    """Remove the login of `account`, wherever it is stored."""
    _sweep()
    ring = _keyring()
    if ring is not None:
        with contextlib.suppress(
            _keyring_error()
        ):  # missing, or locked: then it cannot be read either
            ring.delete_password(SERVICE, account)
    with storage_errors(_file(account)):
        _file(account).unlink(missing_ok=True)
    index = _read_index()
    index.accounts.pop(account, None)
    default = index.default if index.default != account else min(index.accounts, default=None)
    _write_index(replace(index, default=default))


def stored_key() -> Secret | None:
    """The backup key in the keyring, as text; None if there is none."""
    text = _read_keyring(_KEY_NAME)
    return Secret(text) if text else None


def store_key(key: Secret) -> None:
    """Put the backup key into the keyring.

    Raises:
        CredentialsError: this machine has no keyring, or it is locked.
    """
    ring = _keyring()
    if ring is None:
        raise CredentialsError(
            "this machine has no keyring", hint="keep the key in a file, and use --key-file FILE"
        )
    try:
        ring.set_password(SERVICE, _KEY_NAME, key.reveal())
    except _keyring_error() as error:
        raise CredentialsError(
            "the keyring refused to store the key",
            hint="unlock the keyring, or keep the key in a file, and use --key-file FILE",
        ) from error


def keyring_name() -> str | None:
    """The name of the system's keyring; None if it has none that works."""
    ring = _keyring()
    return None if ring is None else str(ring.name)


def _store_secret(account: str, text: str) -> str:
    """Store a secret, and return where."""
    ring = _keyring()
    if ring is not None:
        with contextlib.suppress(_keyring_error()):  # locked or full: use a file instead
            ring.set_password(SERVICE, account, text)
            _file(account).unlink(missing_ok=True)
            return "keyring"
    folder = _file(account).parent
    make_folder(folder, mode=0o700)
    with storage_errors(folder):
        folder.chmod(0o700)  # it may have been created with other permissions
    write_file(_file(account), text.encode(), mode=0o600)
    return str(_file(account))


def _read_keyring(name: str) -> str | None:
    ring = _keyring()
    if ring is None:
        return None
    try:
        text = ring.get_password(SERVICE, name)
    except _keyring_error():
        return None
    return text if isinstance(text, str) else None


def _secrets(account: str, *, in_keyring: bool) -> dict[str, Any]:
    again = f"log in again with: gdrive-wa login --account {account}"
    text = _read_keyring(account) if in_keyring else None
    try:
        fields = json.loads(text if text is not None else read_plain(_file(account)))
    except (OSError, ValueError, RecursionError) as error:
        raise CredentialsError(
            f"the stored login of {account} cannot be read",
            hint=("unlock the keyring", f"or {again}") if in_keyring else again,
        ) from error
    if not isinstance(fields, dict):
        raise CredentialsError(f"the stored login of {account} is damaged", hint=again)
    return fields


def _keyring() -> Any:
    """A working keyring, or None."""
    import keyring  # noqa: PLC0415 - looks for backends when imported

    try:
        ring = keyring.get_keyring()
        works = ring.priority > 0
    except (_keyring_error(), RuntimeError):
        return None
    return ring if works else None


def _keyring_error() -> type[Exception]:
    from keyring.errors import KeyringError  # noqa: PLC0415 - as above

    error: type[Exception] = KeyringError
    return error


def _sweep() -> None:
    """Remove temporary files that a killed run may have left: they contain a login."""
    for folder in (config_folder(), config_folder() / "logins"):
        sweep(folder)


def _file(account: str) -> Path:
    return config_folder() / "logins" / f"{safe_name(account)}.json"


@dataclass(frozen=True, slots=True)
class _Index:
    """The content of ``accounts.json``."""

    accounts: dict[str, dict[str, Any]]
    default: str | None


def _read_index() -> _Index:
    try:
        content = json.loads(read_plain(config_folder() / _INDEX))
        items = content["accounts"].items()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _Index({}, None)
    known = {name: about for name, about in items if isinstance(about, dict)}
    default = content.get("default")
    return _Index(known, default if isinstance(default, str) and default in known else None)


def _write_index(index: _Index) -> None:
    make_folder(config_folder(), mode=0o700)
    content = {"accounts": index.accounts, "default": index.default}
    write_file(config_folder() / _INDEX, json.dumps(content, indent=2).encode(), mode=0o600)
