"""Decrypt one file to a given path.

decrypt_file("msgstore.db.crypt15", "msgstore.db", load_key("encrypted_backup.key"))
"""

from __future__ import annotations

from pathlib import Path

from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.crypt.decrypt import Decrypted, decrypt_content
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import Key
from gdrive_wa.storage.draft import Draft, refuse_device, sweep
from gdrive_wa.storage.reading import open_source


def decrypt_file(
    src: str | Path,
    dest: str | Path,
    key: Key | None = None,
    *,
    metadata: FileMetadata | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Decrypted:
    """Decrypt `src` to `dest`, which appears complete and authenticated, or not at all.

    Partial files that a killed run left next to `dest` are removed.

    Args:
        src: any file of a backup: crypt12, crypt14, crypt15, mcrypt1, or one that is not
            encrypted, which is copied.
        dest: the file to create or replace.
        key: the key; not needed for an unencrypted file.
        metadata: for an mcrypt1 file, from its envelope.
        limit: the most bytes that compressed content may expand to (default: 64 MiB plus 200 times
            the file).
        progress: receives progress.

    Raises:
        KeyFailure: the key is missing, of the wrong kind, or not this file's.
        DamagedError: the file is damaged.
        StorageError: `dest` cannot be written, or is a device or a pipe.
        UsageError: `src` cannot be read.
    """
    src, dest = Path(src), Path(dest)
    refuse_device(dest)
    sweep(dest.parent)
    with Draft(dest.parent) as draft:
        decrypted = decrypt_into(
            src, draft, key, metadata=metadata, limit=limit, progress=progress or Silent()
        )
        mtime = metadata.updated.timestamp() if metadata and metadata.updated else None
        draft.commit(dest, mtime=mtime)
    return decrypted


def decrypt_into(
    src: str | Path,
    draft: Draft,
    key: Key | None,
    *,
    metadata: FileMetadata | None = None,
    limit: int | None = None,
    progress: Progress,
) -> Decrypted:
    """Decrypt `src` into `draft`. Raises what :func:`decrypt_file` raises; the caller then
    discards the draft."""

    def check(moved: int) -> None:
        progress.advance(Stage.DECRYPT, moved=moved)
        progress.check()

    with open_source(src) as file:
        return decrypt_content(
            file, str(src), draft.write, key, metadata=metadata, limit=limit, check=check
        )
