"""Snapshots of a folder, for comparison."""

from __future__ import annotations

from pathlib import Path

from gdrive_wa.storage.manifest import STATE_FOLDER


def tree(folder: Path) -> dict[str, bytes]:
    """The content of every file except our own state, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and STATE_FOLDER not in path.relative_to(folder).parts
    }


def times(folder: Path) -> dict[str, int]:
    """The modification time of every file except our own state, in nanoseconds."""
    return {name: (folder / name).stat().st_mtime_ns for name in tree(folder)}


def partials(folder: Path) -> list[str]:
    """The names in the folder of partial files."""
    return sorted(path.name for path in (folder / STATE_FOLDER / "partial").iterdir())
