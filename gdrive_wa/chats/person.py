"""Somebody in an address book, of whichever kind."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """The picture of somebody in an address book.

    Attributes:
        content: its bytes, as they are there.
        mime_type: such as ``image/jpeg``; from its first bytes, not from what the file says.
    """

    content: bytes = field(repr=False)
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in an address book.

    Attributes:
        name: as it is shown.
        numbers: as they are written there.
        photo: where the book has one.
    """

    name: str
    numbers: tuple[str, ...]
    photo: Photo | None = None
