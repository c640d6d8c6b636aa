"""One file of a folder of blobs, opened: its content in a temporary file, and what to call it.

The same step is taken by the threads of a run and by its worker processes, so what goes in and
what comes out is plain data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from gdrive_wa.core.errors import GdriveWaError, Interrupted, StorageError
from gdrive_wa.core.names import safe_parts
from gdrive_wa.core.progress import Progress
from gdrive_wa.crypt.decrypt import decrypt_into
from gdrive_wa.crypt.keys import Key
from gdrive_wa.crypt.recognise import START, plain_name
from gdrive_wa.jobs.sidecar import read_beside
from gdrive_wa.storage.draft import Draft


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file to decrypt.

    Attributes:
        path: where it is.
        stored_as: its path below the folder that is decrypted.
        size: bytes.
        mtime_ns: when it was last changed.
    """

    path: str
    stored_as: str
    size: int
    mtime_ns: int

    @property
    def revision(self) -> str:
        """What changes when the file does."""
        return f"{self.size}-{self.mtime_ns}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A stored file whose content is verified and lies whole in a temporary file.

    Attributes:
        draft: the temporary file, closed; whoever has this gives it its name.
        name: the path it should get below the target.
        size: of the content, bytes.
        sha256: of the content, hex.
        mtime_ns: of the temporary file: when the phone changed the content, as far as is known.
        whatsapp_path: WhatsApp's own path of it; None where no metadata names it.
        notes: what a person should know about it; mostly empty.
    """

    draft: str
    name: str
    size: int
    sha256: str
    mtime_ns: int
    whatsapp_path: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A stored file that could not be opened: the error, as plain data."""

    reason: str
    hints: tuple[str, ...]
    exit_code: int


def try_stored(
    stored: StoredFile, drafts: str, key: Key | None, progress: Progress
) -> Opened | Refused:
    """Decrypt `stored` into a temporary file in `drafts`, or say why not.

    Raises:
        StorageError: the disk refuses, which no other file would survive either.
        Interrupted: the user asked to stop.
    """
    try:
        return _open(stored, drafts, key, progress)
    except (Interrupted, StorageError):
        raise
    except GdriveWaError as error:
        return Refused(error.message, error.hints, error.exit_code)


def _open(stored: StoredFile, drafts: str, key: Key | None, progress: Progress) -> Opened:
    beside = read_beside(stored.path, key)
    metadata = beside.metadata
    with Draft(drafts) as draft:
        done = decrypt_into(
            stored.path, draft.file, key, metadata=metadata, progress=progress, copy_unknown=True
        )
        if metadata is not None:
            wanted = metadata.name
        else:
            draft.file.seek(0)
            wanted = plain_name(stored.stored_as, done.payload, draft.file.read(START))
        name = "/".join(safe_parts(wanted))
        moment = metadata.updated.timestamp() if metadata and metadata.updated else None
        draft.close(mtime=stored.mtime_ns / 1e9 if moment is None else moment)
        temporary = draft.hand_over()
        return Opened(
            draft=temporary,
            name=name,
            size=done.size,
            sha256=done.sha256,
            mtime_ns=os.stat(temporary).st_mtime_ns,  # noqa: PTH116 - thousands, so quick
            whatsapp_path=metadata.name if metadata else None,
            notes=(*done.notes, *filter(None, [beside.remark])),
        )
