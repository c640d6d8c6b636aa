"""What to do about a backup that opens with something else than the key at hand."""

from __future__ import annotations

_CHANGE = "on the phone, turn end-to-end backup off and on again with a 64-digit key, and back up"

LOCKED = {
    "password": (
        "this backup is locked with a password, which cannot be turned into the key off the phone",
        _CHANGE,
    ),
    "passkey": (
        "this backup is locked with a passkey, which cannot be turned into the key off the phone",
        _CHANGE,
    ),
}
"""Hints for a backup without 64 digits, by the key type in its header."""

PASSWORD_IS_NO_KEY = ("a password cannot be turned into the key off the phone", _CHANGE)
"""Hints for a user who gives a password in place of a key."""

MADE_BEFORE = (
    "on the phone, make a new backup with end-to-end encryption on: the 64 digits open that one",
    "this one opens with the file named key (158 bytes), which only a rooted phone gives out",
)
"""Hints for a user with 64 digits and a backup that they do not open."""


def with_lock(key_type: str | None, *hints: str) -> tuple[str, ...]:
    """`hints`, after those about the lock `key_type` of a header."""
    return (*LOCKED.get(key_type or "", ()), *hints)
