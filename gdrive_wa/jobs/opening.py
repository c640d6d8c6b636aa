"""The middle step of every job: turn a stored file into a finished temporary file.

A pure function on plain data: its arguments and results are tuples that pickle quickly, so that it
can run in a thread, a worker process, or another machine with the same folders. It is run by
:mod:`gdrive_wa.jobs.executors`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, NamedTuple

from gdrive_wa.archive.tags import NoteTags, is_opus, tagged
from gdrive_wa.core.errors import FormatError, GdriveWaError, GoneError
from gdrive_wa.core.kinds import is_encrypted
from gdrive_wa.core.model import MediaLink
from gdrive_wa.core.names import safe_parts
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.crypt.decrypt import Decrypted, copy_content, decrypt_content, decrypt_linked
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, load_key
from gdrive_wa.crypt.recognise import media_name, plain_name
from gdrive_wa.jobs.sidecar import read_sidecar
from gdrive_wa.storage.draft import Draft
from gdrive_wa.storage.draft_file import DraftFile, write_draft
from gdrive_wa.storage.reading import open_listed
from gdrive_wa.storage.tree import Tree

SMALL = 4 << 20
"""Up to this size in bytes, a stored file is opened in memory. Containers are always streamed,
because their content may be many times larger."""


class StoredFile(NamedTuple):
    """A file to open.

    Attributes:
        path: a local file with its bytes.
        stored_as: its path in the backup.
        size: bytes.
        mtime: its modification time, seconds since 1970 UTC; None if unknown.
        revision: changes whenever the stored bytes change; None if unknown.
        metadata: the content of its envelope, if already known from the listing.
        sidecar: the envelope has to be read from the file next to it.
        plain_by_name: copy the file as it is if its name has no suffix of encrypted files.
        note: the tags to write, if it seems to be a voice note.
        link: the link to it in the database, if it comes from WhatsApp's media servers.
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
    """The verified content of a stored file, in a finished temporary file.

    Attributes:
        draft: the temporary file.
        size: bytes of the content.
        name: its path below a target folder, safe to join.
        whatsapp_path: its path in WhatsApp; None if there is no metadata.
        warnings: what the user should know about it; usually empty.
    """

    draft: DraftFile
    size: int
    name: str
    whatsapp_path: str | None
    warnings: tuple[str, ...] = ()


class OpenFailure(NamedTuple):
    """The error for a stored file that could not be opened, as plain data."""

    kind: type[GdriveWaError]
    message: str
    hints: tuple[str, ...]

    @classmethod
    def of(cls, error: GdriveWaError) -> OpenFailure:
        """Convert `error` to plain data."""
        return cls(type(error), error.message, error.hints)

    def error(self) -> GdriveWaError:
        """Convert back to the error."""
        return self.kind(self.message, hint=self.hints)


@dataclass(frozen=True, slots=True)
class Opening:
    """What all files of a run have in common.

    Attributes:
        drafts: the folder for temporary files, an absolute path; locked by this run.
        key: the key, as the bytes of a key file's body; None without a key.
    """

    drafts: str
    key: bytes | None = field(repr=False)

    @classmethod
    def at(cls, drafts: str, key: Key | None) -> Opening:
        """For files encrypted with `key`, with temporary files in `drafts`."""
        if isinstance(key, RootKey):
            return cls(drafts, key.reveal())
        return cls(drafts, key.to_bytes() if isinstance(key, CipherKey) else None)

    def tree(self) -> Tree:
        """The folder that `drafts` is in."""
        return Tree(os.path.dirname(self.drafts))


def open_files(opening: Opening, files: Sequence[StoredFile]) -> list[OpenedFile | OpenFailure]:
    """Open each of `files`. A failure is a result too, so no :class:`GdriveWaError` is raised."""
    results: list[OpenedFile | OpenFailure] = []
    tree = opening.tree()
    for file in files:
        try:
            results.append(open_file(opening, file, tree=tree))
        except GdriveWaError as error:
            results.append(OpenFailure.of(error))
    return results


def open_shared(opening: Opening, files: Sequence[StoredFile]) -> list[OpenedFile | OpenFailure]:
    """Like :func:`open_files`, on a machine that may not have the same folders. In that case it
    writes nothing, so that no decrypted content is left there.

    Raises:
        FileNotFoundError: one of the files, or the folder for temporary files, does not exist.
    """
    for path in (opening.drafts, *(file.path for file in files)):
        if not os.path.exists(path):
            raise FileNotFoundError(f"a worker does not see '{path}'")
    return open_files(opening, files)


def open_file(
    opening: Opening,
    file: StoredFile,
    progress: Progress | None = None,
    *,
    tree: Tree | None = None,
) -> OpenedFile:
    """Decrypt, verify, hash and tag one stored file into a temporary file.

    Args:
        opening: the settings for all files.
        file: the file.
        progress: receives progress, and may stop the work.
        tree: that of `opening`, if it is open already.

    Raises:
        KeyFailure: the key is missing, of the wrong kind, or not this file's.
        DamagedError: the file is damaged.
        GoneError, UsageError: the file cannot be read.
        UnsafeNameError: its metadata contains a path that leads out of the target folder.
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
    tree = tree or opening.tree()
    with _open(opening, tree, file.path) as source:
        decrypt = _decryption(file, source, key, metadata, progress or Silent())
        in_memory = file.size <= SMALL and not _may_inflate(file)
        write = _in_memory if in_memory else _streamed
        inside = os.path.basename(opening.drafts)
        draft, content = write(_Place(tree, inside), decrypt, mtime, file.note)
    wanted = metadata.name if metadata else plain_name(file.stored_as, content.payload, draft.start)
    name = "/".join(safe_parts(wanted))
    return OpenedFile(
        draft=draft,
        size=content.size,
        name=wanted if name == wanted else name,  # one text, which a worker sends only once
        whatsapp_path=metadata.name if metadata else None,
        warnings=(*content.warnings, *warnings),
    )


class _Place(NamedTuple):
    """Where temporary files go."""

    tree: Tree
    inside: str


def _open(opening: Opening, tree: Tree, path: str) -> IO[bytes]:
    """Open a stored file: one of the source, or one that was fetched into the state folder."""
    if not path.startswith(f"{opening.drafts}{os.sep}"):
        return open_listed(path)
    try:
        return tree.open(path)
    except OSError as error:
        raise GoneError(f"'{os.path.basename(path)}' can no longer be read") from error


Decrypt = Callable[[Callable[[bytes | bytearray | memoryview], object]], Decrypted]


def _decryption(
    file: StoredFile,
    source: IO[bytes],
    key: Key | None,
    metadata: FileMetadata | None,
    progress: Progress,
) -> Decrypt:
    """A function that passes the content of `file` to a sink, piece by piece."""

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
    place: _Place, decrypt: Decrypt, mtime: float | None, note: NoteTags | None
) -> tuple[DraftFile, Decrypted]:
    pieces: list[bytes] = []
    content = decrypt(lambda piece: pieces.append(bytes(piece)))
    whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    tagged_for = None
    if note is not None and note.sha256 in (None, content.sha256):
        mtime = note.mtime if note.mtime is not None else mtime
        if is_opus(content.start):
            with suppress(FormatError):  # reported by the writer, which tries once more
                whole, tagged_for = tagged(whole, note.tags), note.note_id
    draft = write_draft(
        place.tree,
        whole,
        inside=place.inside,
        mtime=mtime,
        sha256=content.sha256 if tagged_for is None else None,
        content_sha256=content.sha256,
        tagged_for=tagged_for,
    )
    return draft, content


def _streamed(
    place: _Place, decrypt: Decrypt, mtime: float | None, _note: NoteTags | None
) -> tuple[DraftFile, Decrypted]:
    with Draft(place.tree, place.inside) as draft:
        content = decrypt(draft.write)
        draft.close(mtime=mtime)
        path = draft.detach()
    draft_file = DraftFile(
        path=path,
        size=content.size,
        sha256=content.sha256,
        mtime_ns=place.tree.lstat(path).st_mtime_ns,
        content_sha256=content.sha256,
        start=content.start,
    )
    return draft_file, content


def _may_inflate(file: StoredFile) -> bool:
    """True for files that may be containers, with content many times their size."""
    copied = file.plain_by_name and not is_encrypted(file.stored_as)
    return not copied and file.link is None and media_name(file.stored_as) is None


@lru_cache(maxsize=2)
def _key(raw: bytes) -> Key:
    return load_key(raw)
