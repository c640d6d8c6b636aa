"""A person in an address book of any format."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """The picture of a person in an address book.

    Attributes:
        content: its bytes, unchanged.
        mime_type: such as ``image/jpeg``; from its first bytes, not from the declared type.
    """

    content: bytes = field(repr=False)
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person in an address book.

    Attributes:
        name: as the address book shows it.
        numbers: as the address book writes them.
        photo: None if the address book has none.
    """

    name: str
    numbers: tuple[str, ...]
    photo: Photo | None = None
