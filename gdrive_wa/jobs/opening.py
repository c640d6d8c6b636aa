"""The middle of every job: one stored file becomes a finished temporary file.

A pure function on plain data: what goes in and what comes out are tuples that pickle quickly, so
that a thread, a worker process or another machine with the same folders does the same. See
:mod:`gdrive_wa.jobs.executors` for who runs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, NamedTuple

from gdrive_wa.archive.tags import NoteTags, is_opus, tagged
from gdrive_wa.core.errors import FormatError, GdriveWaError
from gdrive_wa.core.kinds import is_encrypted
from gdrive_wa.core.model import MediaLink
from gdrive_wa.core.names import safe_parts
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.crypt.decrypt import Decrypted, copy_content, decrypt_content, decrypt_linked
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, load_key
from gdrive_wa.crypt.recognise import media_name, plain_name
from gdrive_wa.jobs.sidecar import read_sidecar
from gdrive_wa.storage.draft import Draft, DraftFile, write_draft
from gdrive_wa.storage.reading import open_listed

SMALL = 4 << 20
"""Bytes up to which a stored file is opened in memory and written at once. What a container of
that size may inflate to is bounded by its own limit, so containers are always streamed."""


class StoredFile(NamedTuple):
    """A file to open.

    Attributes:
        path: where its bytes lie on this machine.
        stored_as: the path under which the backup stores it.
        size: bytes.
        mtime: when it was last changed, seconds since 1970 UTC; None where that is unknown.
        revision: what changes whenever the stored bytes do; None where that is unknown.
        metadata: what its envelope says, where the listing has shown it already.
        sidecar: the envelope lies beside the file and is still to be read.
        plain_by_name: what its name does not call encrypted is copied, whatever it holds.
        note: the tags to write, where it seems to be a voice note.
        link: the row's link that led to it, where it comes from WhatsApp's own media servers.
    """

    path: str
    stored_as: str
    size: int
    mtime: float | None
    revision: str | None = None
    metadata: FileMetadata | None = None
    sidecar: bool = False
    plain_by_name: bool = False
    note: NoteTags | None = None
    link: MediaLink | None = None


class OpenedFile(NamedTuple):
    """A stored file whose content is verified and lies in a finished temporary file.

    Attributes:
        draft: the temporary file.
        size: bytes of the content.
        name: the path that it should get below a target folder, safe to join.
        whatsapp_path: WhatsApp's own path of it; None where no metadata names it.
        warnings: what a person should know about it; mostly empty.
    """

    draft: DraftFile
    size: int
    name: str
    whatsapp_path: str | None
    warnings: tuple[str, ...] = ()


class OpenFailure(NamedTuple):
    """A stored file that could not be opened: the error, as plain data."""

    kind: type[GdriveWaError]
    message: str
    hints: tuple[str, ...]

    @classmethod
    def of(cls, error: GdriveWaError) -> OpenFailure:
        """`error`, as plain data."""
        return cls(type(error), error.message, error.hints)

    def error(self) -> GdriveWaError:
        """The error itself."""
        return self.kind(self.message, hint=self.hints)


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that the files of one run have in common.

    Attributes:
        drafts: the folder for temporary files, absolute; this run holds it.
        key: what opens the files, as the bytes of a key file's body; None without a key.
    """

    drafts: str
    key: bytes | None = field(repr=False)

    @classmethod
    def at(cls, drafts: str, key: Key | None) -> Opening:
        """For files that `key` opens, with temporary files in `drafts`."""
        if isinstance(key, RootKey):
            return cls(drafts, key.reveal())
        return cls(drafts, key.to_bytes() if isinstance(key, CipherKey) else None)


def open_files(opening: Opening, files: Sequence[StoredFile]) -> list[OpenedFile | OpenFailure]:
    """Open each of `files`; what fails is a result like any other. Raises nothing of ours."""
    results: list[OpenedFile | OpenFailure] = []
    for file in files:
        try:
            results.append(open_file(opening, file))
        except GdriveWaError as error:
            results.append(OpenFailure.of(error))
    return results


def open_shared(opening: Opening, files: Sequence[StoredFile]) -> list[OpenedFile | OpenFailure]:
    """As :func:`open_files`, on a machine that may not see the same folders: then it writes
    nothing, so that no decrypted content is left there.

    Raises:
        FileNotFoundError: one of the files, or the folder for temporary files, is not there.
    """
    for path in (opening.drafts, *(file.path for file in files)):
        if not os.path.exists(path):
            raise FileNotFoundError(f"a worker does not see '{path}'")
    return open_files(opening, files)


def open_file(opening: Opening, file: StoredFile, progress: Progress | None = None) -> OpenedFile:
    """Decrypt, verify, hash and tag one stored file into a temporary file.

    Raises:
        KeyFailure: no key, the wrong kind, or not this file's.
        DamagedError: the file is not what it should be.
        GoneError, UsageError: it cannot be read.
        UnsafeNameError: its metadata names a path that leads out of any folder.
        StorageError: the temporary file cannot be written.
        Interrupted: the user asked to stop.
    """
    key = _key(opening.key) if opening.key is not None else None
    warnings: tuple[str, ...] = ()
    metadata = file.metadata
    if file.sidecar:
        sidecar = read_sidecar(file.path, key)
        metadata, warnings = sidecar.metadata, sidecar.warnings
    mtime = file.mtime
    if metadata is not None and metadata.updated is not None:
        mtime = metadata.updated.timestamp()
    with open_listed(file.path) as source:
        decrypt = _decryption(file, source, key, metadata, progress or Silent())
        in_memory = file.size <= SMALL and not _may_inflate(file)
        write = _in_memory if in_memory else _streamed
        draft, content = write(opening.drafts, decrypt, mtime, file.note)
    wanted = metadata.name if metadata else plain_name(file.stored_as, content.payload, draft.start)
    return OpenedFile(
        draft=draft,
        size=content.size,
        name="/".join(safe_parts(wanted)),
        whatsapp_path=metadata.name if metadata else None,
        warnings=(*content.warnings, *warnings),
    )


Decrypt = Callable[[Callable[[bytes | bytearray | memoryview], object]], Decrypted]


def _decryption(
    file: StoredFile,
    source: IO[bytes],
    key: Key | None,
    metadata: FileMetadata | None,
    progress: Progress,
) -> Decrypt:
    """What gives the content of `file`, piece by piece, to whoever takes it."""

    def check(moved: int) -> None:
        progress.advance(Stage.DECRYPT, moved=moved)
        progress.check()

    if file.link is not None:
        link = file.link
        return lambda sink: decrypt_linked(source, link, sink)
    if file.plain_by_name and not is_encrypted(file.stored_as):
        return lambda sink: copy_content(source, sink, metadata=metadata, check=check)
    return lambda sink: decrypt_content(
        source,
        file.stored_as,
        sink,
        key,
        metadata=metadata,
        check=check,
        copy_unknown=not file.plain_by_name,
    )


def _in_memory(
    drafts: str, decrypt: Decrypt, mtime: float | None, note: NoteTags | None
) -> tuple[DraftFile, Decrypted]:
    pieces: list[bytes] = []
    content = decrypt(lambda piece: pieces.append(bytes(piece)))
    whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if note is not None and note.sha256 in (None, content.sha256):
        mtime = note.mtime if note.mtime is not None else mtime
        if is_opus(content.start):
            try:
                whole, key = tagged(whole, note.tags), note.key
            except FormatError:  # told by the writer, which tries once more
                key = None
            return write_draft(
                drafts, whole, mtime=mtime, content_sha256=content.sha256, tagged_for=key
            ), content
    return write_draft(drafts, whole, mtime=mtime, content_sha256=content.sha256), content


def _streamed(
    drafts: str, decrypt: Decrypt, mtime: float | None, _note: NoteTags | None
) -> tuple[DraftFile, Decrypted]:
    with Draft(drafts) as draft:
        content = decrypt(draft.write)
        draft.close(mtime=mtime)
        path = draft.hand_over()
    draft_file = DraftFile(
        path=path,
        size=content.size,
        sha256=content.sha256,
        mtime_ns=os.stat(path).st_mtime_ns,
        content_sha256=content.sha256,
        start=content.start,
    )
    return draft_file, content


def _may_inflate(file: StoredFile) -> bool:
    """True of anything that may be a container, whose content may be many times its size."""
    copied = file.plain_by_name and not is_encrypted(file.stored_as)
    return not copied and file.link is None and media_name(file.stored_as) is None


@lru_cache(maxsize=2)
def _key(raw: bytes) -> Key:
    return load_key(raw)
