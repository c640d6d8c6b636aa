"""Hints for a backup that does not open with the given key, by how it is locked."""

from __future__ import annotations

_CHANGE = "on the phone, turn end-to-end backup off and on again with a 64-digit key, and back up"

LOCKED = {
    "password": (
        "it is locked with a password, which cannot be turned into the key outside the phone",
        _CHANGE,
    ),
    "passkey": (
        "it is locked with a passkey, which cannot be turned into the key outside the phone",
        _CHANGE,
    ),
}
"""Hints for a backup without 64 digits, by the key type in its header."""

PASSWORD_IS_NOT_A_KEY = ("a password cannot be turned into the key outside the phone", _CHANGE)
"""Hints for a user who gives a password in place of a key."""

MADE_BEFORE = (
    "on the phone, make a new backup with end-to-end encryption on: the 64 digits open that one",
    "this one opens with the file named key (158 bytes), which only a rooted phone lets you copy",
)
"""Hints for a user with 64 digits and a backup that was made before they were."""


def with_lock(key_type: str | None, *hints: str) -> tuple[str, ...]:
    """The hints about the lock `key_type` of a header, followed by `hints`."""
    return (*LOCKED.get(key_type or "", ()), *hints)
