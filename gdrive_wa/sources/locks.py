"""Read from a backup's metadata whether it is end-to-end encrypted, and what opens it.

The rules are WhatsApp's own, in the order in which the app reads them. Several locks may hold the
same root key: whoever has the 64 digits opens a backup that has a passkey as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gdrive_wa.sources.fields import parse_object, parse_text

KEY, PASSWORD, PASSKEY = "key", "password", "passkey"
PASSWORD_OR_KEY = "password_or_key"  # noqa: S105 - a kind of lock
UNKNOWN = "unknown"
_KEY_FLAG = "isEncryptionKeyEncrypted"
_PASSWORD_FLAG = "isPasswordEncrypted"  # noqa: S105 - a name
_EITHER_FLAG = "isPasswordOrEncryptionKeyEncrypted"
_PASSKEY_OBJECT = "passkeyEncryptionMetadata"
_PASSWORD_OBJECT = "passwordProtectedBackupKeyEncryptionMetadata"  # noqa: S105 - a name
_KNOWN = {_KEY_FLAG, _PASSWORD_FLAG, _EITHER_FLAG, _PASSKEY_OBJECT, _PASSWORD_OBJECT}


@dataclass(frozen=True, slots=True)
class Encryption:
    """How a backup is encrypted.

    Attributes:
        end_to_end: whether it is end-to-end encrypted; None if the metadata does not say.
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

    ``encryptedBackupMetadata`` comes before ``encryptedBackupEnabled``.
    """
    secret = parse_object(metadata.get("encryptedBackupMetadata"))
    enabled = metadata.get("encryptedBackupEnabled")
    sealed = parse_text(metadata.get("encryptedData")) is not None
    locks = tuple(dict.fromkeys(_locks(secret)))
    if locks:
        return Encryption(True, locks)
    if _KNOWN & secret.keys():  # it speaks, and names no lock
        return Encryption(sealed, (UNKNOWN,) if sealed else ())
    if enabled is not None:
        return Encryption(_is_set(enabled))
    return Encryption(True if sealed or metadata.get("encryptedBackupMetadata") else None)


def _locks(secret: Mapping[str, Any]) -> Iterator[str]:
    own = [name for name in (_KEY_FLAG, _PASSWORD_FLAG) if _is_set(secret.get(name))]
    if _KEY_FLAG in own:
        yield KEY
    if not own and _is_set(secret.get(_EITHER_FLAG)):
        yield PASSWORD_OR_KEY
    if _PASSWORD_FLAG in own or _is_set(secret.get(_PASSWORD_OBJECT)):
        yield PASSWORD
    if _is_set(secret.get(_PASSKEY_OBJECT)):
        yield PASSKEY
    if any(_is_set(value) for name, value in secret.items() if name not in _KNOWN):
        yield UNKNOWN


def _is_set(value: object) -> bool:
    """True for a flag that is set, or an object that holds something."""
    return value is True or value == "true" or (isinstance(value, dict) and bool(value))
