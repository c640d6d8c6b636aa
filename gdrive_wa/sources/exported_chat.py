"""Exported chats, from WhatsApp's own "Export chat": folders and ZIPs. Nothing is encrypted."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self
from zipfile import ZipFile

from gdrive_wa.core.errors import ChecksumError, GoneError
from gdrive_wa.core.export_names import exported_kind, media_folder
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.names import safe_name
from gdrive_wa.sources.export_files import (
    DAMAGED,
    ExportedFile,
    ExportFolder,
    encoding_of,
    open_file,
)
from gdrive_wa.sources.exports import FoundExports
from gdrive_wa.sources.file_blob import FileBlob

LONGEST_LINE = 1 << 16
"""Characters of a line that are read; the rest of a longer one is skipped."""
_PIECE = 1 << 20


class ExportedChats:
    """All exported chats below a path, as one backup.

    Attributes:
        folders: the folders with the chats.
        warnings: what was left out, and why.
    """

    name = "folder"

    def __init__(self, path: Path, found: FoundExports) -> None:
        self.folders = found.folders
        self.warnings = found.warnings
        self._path = path
        self._files = {
            file.stored_as: (folder, file)
            for folder in found.folders
            for file in (*folder.texts, *folder.media)
        }
        self._archives: dict[Path, ZipFile] = {}
        self._lock = Lock()

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        files = [file for _, file in self._files.values()]
        return [
            Backup(
                name=str(self._path),
                account=self._path.resolve().stem,
                updated=max(file.modified for file in files),
                size=sum(file.size for file in files),
            )
        ]

    def entries(self, backup: Backup) -> Iterator[Entry]:  # noqa: ARG002 - there is only one
        """See :class:`~gdrive_wa.sources.base.BackupSource`. Paths are as on a phone."""
        for stored_as, (folder, file) in sorted(self._files.items()):
            yield Entry(
                stored_as=stored_as,
                path=path_of_file(folder, file),
                locator=stored_as,
                size=file.size,
                modified=file.modified,
                revision=file.revision,
            )

    def path_of(self, entry: Entry) -> str | None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        file = self._file(entry)
        return None if file.member is not None else os.path.abspath(file.path)

    def state(self, backup: Backup) -> str:  # noqa: ARG002 - there is only one
        """See :class:`~gdrive_wa.sources.base.BackupSource`: names, sizes and times."""
        found = sorted((name, file.revision) for name, (_, file) in self._files.items())
        text = repr((str(self._path.absolute()), found))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob | MemberBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        Raises:
            ChecksumError: its ZIP is damaged.
        """
        file = self._file(entry)
        if file.member is None:
            return FileBlob(file.path, offset)
        try:
            return MemberBlob(open_file(file, self._archive(file.path)), file, offset)
        except (OSError, KeyError) as error:
            raise GoneError(f"'{file.name}' is no longer there") from error
        except DAMAGED as error:
            raise _damaged(file) from error

    def lines(self, text: ExportedFile) -> Iterator[str]:
        """The lines of a chat's text, each with at most :data:`LONGEST_LINE` characters. A damaged
        text ends at the damage.
        """
        try:
            with closing(open_file(text)) as opened:
                encoding = encoding_of(opened.read(4))
            with io.TextIOWrapper(open_file(text), encoding, "replace", newline="\n") as stream:
                yield from _short_lines(stream)
        except (OSError, KeyError, *DAMAGED):
            return

    def close(self) -> None:
        """Close the ZIPs."""
        with self._lock:
            for archive in self._archives.values():
                archive.close()
            self._archives.clear()

    def _file(self, entry: Entry) -> ExportedFile:
        if entry.locator not in self._files:
            raise GoneError(f"'{entry.stored_as}' is no longer there")
        return self._files[entry.locator][1]

    def _archive(self, path: Path) -> ZipFile:
        with self._lock:
            if path not in self._archives:
                self._archives[path] = ZipFile(path)
            return self._archives[path]


class MemberBlob:
    """A member of a ZIP as a :class:`~gdrive_wa.sources.base.BlobStream`.

    Attributes:
        offset: the byte at which it starts.
        total: bytes of the whole member.
        revision: its size and checksum.
    """

    def __init__(self, stream: IO[bytes], file: ExportedFile, offset: int) -> None:
        self._stream = stream
        self._file = file
        self.total: int | None = file.size
        self.revision: str | None = file.revision
        self.offset = 0
        while self.offset < offset and (piece := self.read(min(offset - self.offset, _PIECE))):
            self.offset += len(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        """At most `size` more bytes; empty only at the end.

        Raises:
            ChecksumError: the ZIP is damaged.
        """
        try:
            return self._stream.read(size)
        except (OSError, *DAMAGED) as error:
            raise _damaged(self._file) from error


def path_of_file(folder: ExportFolder, file: ExportedFile) -> str:
    """The path that a file of an exported chat could have on a phone."""
    label = "/".join(map(safe_name, folder.label.split("/")))
    return f"Media/{label}/{media_folder(exported_kind(file.name))}/{file.name}"


def _short_lines(stream: io.TextIOWrapper) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        yield line
        while line and not line.endswith("\n"):
            line = stream.readline(LONGEST_LINE)


def _damaged(file: ExportedFile) -> ChecksumError:
    return ChecksumError(
        f"'{file.name}' is damaged in '{file.path.name}'",
        hint="it may not have arrived completely; export the chat again, or copy it again",
    )
