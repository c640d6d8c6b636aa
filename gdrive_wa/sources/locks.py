"""Read from a backup's metadata whether it is end-to-end encrypted, and what opens it.

The rules are WhatsApp's own, in the order in which the app reads them. Several locks may protect
the same root key: the 64 digits also open a backup that has a passkey as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gdrive_wa.google.words import fold
from gdrive_wa.sources.fields import parse_object, parse_text

KEY, PASSWORD, PASSKEY = "key", "password", "passkey"
PASSWORD_OR_KEY = "password_or_key"  # noqa: S105 - a kind of lock
UNKNOWN = "unknown"
_KEY_FLAG = fold("isEncryptionKeyEncrypted")
_PASSWORD_FLAG = fold("isPasswordEncrypted")
_EITHER_FLAG = fold("isPasswordOrEncryptionKeyEncrypted")
_PASSKEY_OBJECT = fold("passkeyEncryptionMetadata")
_PASSWORD_OBJECT = fold("passwordProtectedBackupKeyEncryptionMetadata")
_KNOWN = {_KEY_FLAG, _PASSWORD_FLAG, _EITHER_FLAG, _PASSKEY_OBJECT, _PASSWORD_OBJECT}
_LIKE_A_LOCK = "encrypt"
"""A part of the names of all locks so far."""
_NOTHING = {"", "false", "null", "none", "0", "{}", "[]"}


@dataclass(frozen=True, slots=True)
class Encryption:
    """How a backup is encrypted.

    Attributes:
        end_to_end: whether it is end-to-end encrypted; None if the metadata does not show it.
        locks: what opens it, the most useful one first; empty if unknown.
    """

    end_to_end: bool | None
    locks: tuple[str, ...] = ()

    @property
    def key_type(self) -> str | None:
        """The first lock, ``server`` without end-to-end encryption, or None if unknown."""
        if self.end_to_end is False:
            return "server"
        return self.locks[0] if self.locks else None


def read_encryption(metadata: Mapping[str, Any]) -> Encryption:
    """How the backup with this metadata is encrypted.

    ``encryptedBackupMetadata`` takes precedence over ``encryptedBackupEnabled``.
    """
    secret = _secret(metadata.get("encryptedBackupMetadata"))
    enabled = metadata.get("encryptedBackupEnabled")
    sealed = parse_text(metadata.get("encryptedData")) is not None
    locks = tuple(dict.fromkeys(_locks(secret)))
    if locks:
        return Encryption(True, locks)
    if _KNOWN & secret.keys():  # the flags exist, but none is set
        return Encryption(sealed, (UNKNOWN,) if sealed else ())
    if enabled is not None and not sealed:
        return Encryption(_is_true(enabled))
    return Encryption(True if sealed or metadata.get("encryptedBackupMetadata") else None)


def _secret(value: object) -> dict[str, object]:
    """The values of ``encryptedBackupMetadata`` by their folded names."""
    parts = value if isinstance(value, list) else [value]
    return {fold(name): each for part in parts for name, each in parse_object(part).items()}


def _locks(secret: Mapping[str, object]) -> Iterator[str]:
    own = [name for name in (_KEY_FLAG, _PASSWORD_FLAG) if _is_true(secret.get(name))]
    if _KEY_FLAG in own:
        yield KEY
    if not own and _is_true(secret.get(_EITHER_FLAG)):
        yield PASSWORD_OR_KEY
    if _PASSWORD_FLAG in own or _holds_something(secret.get(_PASSWORD_OBJECT)):
        yield PASSWORD
    if _holds_something(secret.get(_PASSKEY_OBJECT)):
        yield PASSKEY
    if any(_is_lock(name, value) for name, value in secret.items() if name not in _KNOWN):
        yield UNKNOWN


def _is_true(value: object) -> bool:
    """True for a flag that is set, however it is written."""
    return value is True or (isinstance(value, int | str) and str(value).lower() in ("true", "1"))


def _holds_something(value: object) -> bool:
    """True for the data of a lock: an object, or a text that represents one."""
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    return value is True or (isinstance(value, dict | list) and bool(value))


def _is_lock(name: str, value: object) -> bool:
    """True if a name that this version does not know may be that of a lock."""
    if value is True or value == "true" or isinstance(value, dict):
        return bool(value)
    return _LIKE_A_LOCK in name and _holds_something(value)
