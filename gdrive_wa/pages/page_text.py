"""Convert texts and paths of a backup to a form that a page can contain."""

from __future__ import annotations

from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.names import parts_of


def without_surrogates(text: str) -> str:
    """`text` without lone surrogates, which neither UTF-8 nor a URL can contain."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def safe_path(file: str | None) -> str | None:
    """`file`; None if its path could lead out of the archive's folder."""
    if file is None:
        return None
    try:
        parts_of(file)
    except UnsafeNameError:
        return None
    return file
