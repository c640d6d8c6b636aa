"""Inflate a zlib stream: with isal if it is installed, which is twice as fast, otherwise with zlib.

There is not a wheel of isal for every processor, and building it needs an assembler.
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
"""The exception that an inflater raises for a damaged stream."""


def new_inflater() -> Any:
    """An object with the interface of :func:`zlib.decompressobj`, for one stream."""
    return _library.decompressobj()
