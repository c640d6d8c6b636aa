"""Hints for a locked backup without a key, for each way in which it is locked."""

from __future__ import annotations

from gdrive_wa.core.errors import MissingKeyError
from gdrive_wa.core.model import Backup
from gdrive_wa.jobs.reveal import NOT_A_KEY

_ON_THE_PHONE = (
    "on the phone, turn end-to-end backup off and on again with a 64-digit key, and back up"
)
_IF_IT_IS = {
    "password_or_key": (
        "if you chose a password instead: it cannot be turned into the key outside the phone"
    ),
    "password": "without the digits: its password only works on the phone",
    "passkey": "without the digits: its passkey only works on the phone",
    "unknown": "it has another lock too, which this version does not know",
}
_UNKNOWN_LOCK = (
    "this backup has a lock that this version does not know",
    "if WhatsApp showed you 64 digits for it, pass them with --key-file FILE",
)


def key_hints(backup: Backup) -> tuple[str, ...] | None:
    """Hints for a user without a key for `backup`; None for the usual ones.

    If 64 digits may open the backup, the hints for these come first.
    """
    locks = backup.locks or tuple(filter(None, [backup.key_type]))
    if not {"key", "password_or_key"}.isdisjoint(locks):
        others = [_IF_IT_IS[lock] for lock in locks if lock in _IF_IT_IS]
        return (*MissingKeyError.default_hints, *others, *([_ON_THE_PHONE] if others else []))
    hints = [
        hint for lock in locks for hint in (*NOT_A_KEY.get(lock, ()), *_unknown(lock))
    ]  # two locks may share their last step
    return tuple(dict.fromkeys(sorted(hints, key=lambda hint: hint == _ON_THE_PHONE))) or None


def _unknown(lock: str) -> tuple[str, ...]:
    return (*_UNKNOWN_LOCK, _ON_THE_PHONE) if lock == "unknown" else ()
