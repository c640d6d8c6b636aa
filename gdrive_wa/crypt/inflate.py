"""Inflating a zlib stream: with isal where it is installed, which is twice as fast, else with zlib.

isal has no wheel for every processor, and needs an assembler to be built.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

_library: Any = zlib
with suppress(ImportError):
    from isal import isal_zlib

    _library = isal_zlib

InflateError: type[Exception] = _library.error
"""What an inflater raises for a damaged stream."""


def new_inflater() -> Any:
    """An object with the interface of :func:`zlib.decompressobj`, for one stream."""
    return _library.decompressobj()
