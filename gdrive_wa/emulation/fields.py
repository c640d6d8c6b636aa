"""The ``fields`` parameter, which selects keys of an answer."""

from __future__ import annotations

from typing import Any

Mask = dict[str, "Mask"]
"""The selected keys. An empty mask below a key selects everything in it."""


DEEPEST = 50
"""Maximum number of brackets in one selection."""


class BadFieldsError(Exception):
    """The parameter is invalid."""


def parse_fields(text: str) -> Mask:
    """``nextPageToken,files(id,name)`` or ``files/id`` as a mask.

    Raises:
        BadFieldsError: brackets are not balanced, or a name is empty.
    """
    if text.count("(") > DEEPEST:
        raise BadFieldsError("Invalid field selection: too many brackets")
    mask, rest = _parse(text.replace(" ", ""))
    if rest:
        raise BadFieldsError(f"Invalid field selection {text}")
    return mask


def select(value: Any, mask: Mask) -> Any:
    """The part of `value` that `mask` selects."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [select(item, mask) for item in value]
    if isinstance(value, dict):
        return {key: select(value[key], below) for key, below in mask.items() if key in value}
    return value


def _parse(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        size = next((at for at, c in enumerate(text) if c in ",()/"), len(text))
        name, text = text[:size], text[size:]
        if not name:
            raise BadFieldsError("Invalid field selection: a name is empty")
        below = mask.setdefault(name, {})
        while text.startswith("/"):
            size = next((at for at, c in enumerate(text[1:]) if c in ",()/"), len(text) - 1)
            if not size:
                raise BadFieldsError("Invalid field selection: a name is empty")
            below, text = below.setdefault(text[1 : size + 1], {}), text[size + 1 :]
        if text.startswith("("):
            inner, text = _parse(text[1:])
            if not text.startswith(")"):
                raise BadFieldsError("Invalid field selection: a bracket is open")
            below.update(inner)
            text = text[1:]
        if not text.startswith(","):
            return mask, text
        text = text[1:]
