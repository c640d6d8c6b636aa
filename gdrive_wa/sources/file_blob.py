"""A file on this machine, read as the stored bytes of an entry."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import GoneError, NetworkError

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""Flags for opening a file of a backup: symbolic links are not followed."""
OPEN_FLAGS |= getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer


class FileBlob:
    """A local file as a :class:`~gdrive_wa.sources.base.BlobStream`.

    Attributes:
        offset: the byte at which it starts.
        total: bytes of the whole file.
        revision: its size and modification time.
    """

    def __init__(self, path: Path, offset: int) -> None:
        try:
            self._file: IO[bytes] = os.fdopen(os.open(path, OPEN_FLAGS), "rb", 0)
        except FileNotFoundError as error:
            raise GoneError(f"'{path.name}' is no longer there") from error
        except OSError as error:
            raise NetworkError(
                f"'{path.name}' cannot be read", hint="check its permissions"
            ) from error
        found = os.fstat(self._file.fileno())
        if not stat.S_ISREG(found.st_mode):
            self._file.close()
            raise GoneError(f"'{path.name}' is no longer a file")
        self._name = path.name
        self.total: int | None = found.st_size
        self.revision: str | None = f"{found.st_size}-{found.st_mtime_ns}"
        self.offset = min(offset, found.st_size)
        self._file.seek(self.offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """At most `size` more bytes; empty only at the end."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise NetworkError(f"'{self._name}' cannot be read") from error
