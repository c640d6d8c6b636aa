"""Small inputs that stand for changes to a folder of files.

A phone or an archive is too large to be mutated byte by byte. So an input is a list of changes:
each names a file by its place in the list, a place in it, and what happens there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MOST = 12
"""Changes of one input."""
_HEAD = 96
_TARGETS = ("../outside", "outside", "/etc/hostname", ".")
_NAMES = (
    "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus",
    "Databases/msgstore.db",
    "msgstore-increment-1.db.crypt15",
    "x" * 255,
    "a\udcff.opus",
    "con.opus",
    ".gdrive-wa/manifest.jsonl",
)


class Cursor:
    """Reads an input from its beginning; zeros at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken.ljust(size, b"\0")


@dataclass(frozen=True)
class Link:
    """A symbolic link in the place of a file."""

    target: str


Files = dict[str, bytes | Link | None]
"""Content by path; None for a named pipe."""


def patched(files: Mapping[str, bytes], cursor: Cursor) -> Files:
    """The files with the changes that the input lists."""
    changed: Files = dict(files)
    names = sorted(files)
    for _ in range(MOST):
        if not cursor:
            break
        name = names[cursor.number() % len(names)]
        content = changed.get(name)
        if isinstance(content, bytes):
            _change(changed, name, content, names, cursor)
    return changed


def _change(changed: Files, name: str, content: bytes, names: list[str], cursor: Cursor) -> None:
    how = cursor.number()
    if (edit := _EDITS.get(how % 32)) is not None:
        changed[name] = edit(content, _place(content, cursor), cursor)
    elif how % 32 == 24:
        del changed[name]
    elif how % 32 == 25:
        changed[name] = files_content(changed, names[cursor.number() % len(names)])
    elif how % 32 == 26:
        changed[_NAMES[cursor.number() % len(_NAMES)]] = content
    elif how % 32 == 27:
        changed[name] = Link(_TARGETS[cursor.number() % len(_TARGETS)])
    elif how % 32 == 28:
        changed[name] = None
    elif how % 32 == 29:
        changed[name] = b""
    else:  # a few bytes
        at, piece = _place(content, cursor), cursor.take(1 + how // 32)
        changed[name] = content[:at] + piece + content[at + len(piece) :]


Edit = Callable[[bytes, int, Cursor], bytes]


def _insert(content: bytes, at: int, cursor: Cursor) -> bytes:
    return content[:at] + cursor.take(1 + cursor.number() % 64) + content[at:]


def _remove(content: bytes, at: int, cursor: Cursor) -> bytes:
    return content[:at] + content[at + cursor.number(2) :]


def _cut(content: bytes, at: int, _cursor: Cursor) -> bytes:
    return content[:at]


def _repeat(content: bytes, at: int, cursor: Cursor) -> bytes:
    return content[:at] + content[at : at + cursor.number()] * 64 + content[at:]


def _page(content: bytes, at: int, cursor: Cursor) -> bytes:
    """A page of SQLite in the place of another."""
    page, other = at // 4096 * 4096, cursor.number() * 4096
    moved = content[other : other + 4096]
    return content[:page] + moved + content[page + len(moved) :]


def _replace(content: bytes, _at: int, cursor: Cursor) -> bytes:
    return content.replace(cursor.take(4), cursor.take(4))


_EDITS: dict[int, Edit] = {
    **dict.fromkeys((16, 17, 18), _insert),
    **dict.fromkeys((19, 20), _remove),
    21: _cut,
    22: _repeat,
    23: _page,
    **dict.fromkeys((30, 31), _replace),
}


def files_content(files: Files, name: str) -> bytes:
    """The content of a file that is one; nothing for others."""
    content = files.get(name)
    return content if isinstance(content, bytes) else b""


def _place(content: bytes, cursor: Cursor) -> int:
    """Somewhere; in the head of the file as often as anywhere."""
    number = cursor.number(2)
    if number & 1:
        return (number >> 1) % min(len(content) + 1, _HEAD)
    return (number >> 1) * len(content) // (1 << 15)


def write(files: Files, folder: Path, moment: int | None = None) -> None:
    """Write the files below a new folder; two in the place of one: the later one."""
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
            if moment is not None:
                os.utime(path, (moment, moment), follow_symlinks=False)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue


def _write(path: Path, content: bytes | Link | None) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is None:
        os.mkfifo(path)
    else:
        path.symlink_to(content.target)


def tree_of(folder: Path) -> dict[str, object]:
    """What is below a folder, without following links: content, target, or kind."""
    return dict(_walk(str(folder), ""))


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, object]]:
    with os.scandir(folder) as children:
        for child in children:
            name = prefix + child.name
            if child.is_symlink():
                yield name, f"-> {os.readlink(child.path)}"
            elif child.is_dir():
                yield from _walk(child.path, f"{name}/")
            elif child.is_file():
                with open(child.path, "rb") as file:
                    yield name, file.read()
            else:
                yield name, None
