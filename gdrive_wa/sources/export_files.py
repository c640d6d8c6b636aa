"""The files of exported chats, in folders and in ZIPs."""

# ruff: noqa: RUF001 - dashes are what is looked for

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from gdrive_wa.core.export_names import MEDIA_NAME
from gdrive_wa.core.names import folded_name
from gdrive_wa.sources.file_blob import OPEN_FLAGS

_OWN_TEXT = re.compile(r"_chat(?: ?\(\d+\)| \d+)?\.txt", re.IGNORECASE)
_SNIFFED = 1 << 14
_FIRST_LINE = re.compile(
    r"\[?\s?\d{1,4}[^\d\n]{1,4}\d{1,2}[^\d\n]{1,4}\d{1,4}[^\d\n]{1,26}\d{1,2}[^\n]{0,60}?"
    r"(?:\]|\s[-–]\s|:\s)"
)
"""The start of a text whose dates consist of numbers."""
_FIRST_LINE_NAMED = re.compile(
    r"\[?\s?(?:\d{1,2}[^\d\n:]{3,24}\d{2,4}|[^\W\d_]{3,13}\.? \d{1,2},? \d{4}"
    r"|\d{4}[^\d\n:]{3,24}\d{1,2})"
    r"[^\d\n]{1,26}\d{1,2}[:.h ]{1,3}\d\d[^\n]{0,40}?(?:\]|\s[-–]\s|:\s)"
)
"""The start of a text whose dates have the name of a month."""
_INVISIBLE = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file of an exported chat.

    Attributes:
        stored_as: its path below the given folder, with ZIPs as folders.
        name: its own name.
        size: bytes.
        modified: UTC.
        revision: changes whenever its bytes change.
        path: the file, or the ZIP that holds it.
        member: its name in the ZIP; None for a file in a folder.
    """

    stored_as: str
    name: str
    size: int
    modified: datetime
    revision: str
    path: Path
    member: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFolder:
    """A folder, or a folder of a ZIP, that holds at least one chat's text.

    Attributes:
        label: its path below the given folder; the name of that folder if it is the same.
        names: the names of the folder and its ZIP, without suffixes.
        texts: the texts of chats.
        media: all other files.
    """

    label: str
    names: tuple[str, ...]
    texts: tuple[ExportedFile, ...]
    media: tuple[ExportedFile, ...]


def with_sorted_media(folder: ExportFolder, below: Iterable[ExportedFile]) -> ExportFolder:
    """`folder` with the media in folders below it, into which people sort them. Only files with
    WhatsApp's own names count."""
    names = {folded_name(file.name) for file in folder.media}
    more = []
    for file in below:
        name = folded_name(file.name)
        if name not in names and MEDIA_NAME.fullmatch(file.name) is not None:
            names.add(name)
            more.append(file)
    return replace(folder, media=(*folder.media, *more)) if more else folder


def as_folder(
    label: str, names: tuple[str, ...], files: Iterable[ExportedFile]
) -> Iterator[ExportFolder]:
    """The folder with these files, if one of them is the text of a chat. Next to ``_chat.txt``,
    other texts are attachments, even if they look like chats."""
    files = list(files)
    texts = tuple(file for file in files if _OWN_TEXT.fullmatch(file.name))
    texts = texts or tuple(file for file in files if _is_text_of_chat(file))
    if texts:
        media = tuple(
            file for file in files if file not in texts and not file.name.lower().endswith(".zip")
        )
        yield ExportFolder(label=label, names=names, texts=texts, media=media)


def _is_text_of_chat(file: ExportedFile) -> bool:
    if not file.name.lower().endswith(".txt"):
        return False
    try:
        with open_file(file) as opened:
            start = opened.read(_SNIFFED)
    except (OSError, *DAMAGED):
        return False
    text = _INVISIBLE.sub("", start.decode(encoding_of(start), "replace")).lstrip()
    return any(form.match(text) is not None for form in (_FIRST_LINE, _FIRST_LINE_NAMED))


def encoding_of(start: bytes) -> str:
    """The encoding of a text by its first bytes: WhatsApp writes UTF-8, editors may not."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig"


DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""The exceptions for a damaged or locked member of a ZIP, in addition to :class:`OSError`."""


def open_file(file: ExportedFile, archive: zipfile.ZipFile | None = None) -> IO[bytes]:
    """Open a file of an exported chat; symbolic links are not followed.

    Args:
        file: the file to read.
        archive: its ZIP, if that is open already.

    Raises:
        OSError: it cannot be read.
        KeyError: it is no longer in its ZIP.
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError: its
            ZIP is damaged or locked.
    """
    if file.member is None:
        opened = os.fdopen(os.open(file.path, OPEN_FLAGS), "rb")
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            opened.close()
            raise FileNotFoundError(file.path)
        return opened
    if archive is not None:
        return archive.open(file.member)
    with zipfile.ZipFile(file.path) as own:
        return own.open(file.member)  # keeps the file open until it is closed itself
