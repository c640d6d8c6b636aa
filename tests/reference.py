"""The API reference: ``python -m tests.reference [FOLDER]`` writes what ``gdrive_wa`` exports."""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path
from typing import get_type_hints

import pdoc

import gdrive_wa

FOLDER = Path(".docs")


def write_reference(folder: Path) -> Path:
    """Write the reference as HTML; its page.

    Raises:
        Warning: pdoc could not make out a type or an example.
    """
    for name in gdrive_wa.__all__:
        resolve_fields(getattr(gdrive_wa, name))
    with warnings.catch_warnings(action="error"):
        pdoc.render.configure(docformat="google", show_source=False)
        pdoc.pdoc("gdrive_wa", output_directory=folder)
    return folder / "gdrive_wa.html"


def resolve_fields(value: object) -> None:
    """Let pdoc see the types of a named tuple's fields: it does not find the module that its
    ``__new__`` belongs to, where their names mean something."""
    if inspect.isclass(value) and issubclass(value, tuple) and hasattr(value, "_fields"):
        value.__new__.__annotations__ = get_type_hints(value)


def main(arguments: list[str]) -> int:
    print(write_reference(Path(*arguments[:1]) if arguments else FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
