"""``gdrive-wa decrypt``: decrypt a file of a backup, or a folder of files."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from pathlib import Path

from gdrive_wa.core.arguments import (
    PathLike,
    ProgressLike,
    as_count,
    as_optional_path,
    as_optional_text,
    as_path,
    as_progress,
    wrong_type,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Report
from gdrive_wa.crypt.decrypt import Decrypted
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs import decrypt_file as one_file
from gdrive_wa.jobs import decrypt_folder
from gdrive_wa.jobs.arguments import KeyLike, as_executor, as_key
from gdrive_wa.jobs.cluster import workers_of
from gdrive_wa.jobs.decrypt_single import decrypt_single


def decrypt(
    src: PathLike,
    dest: PathLike | None = None,
    key: KeyLike | None = None,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    cluster: str | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Decrypt a file, or every file of a folder. Formats are recognised by content.

    Args:
        src: a file of a backup, or a folder of them: a download, another tool's dump, or a
            phone's ``WhatsApp`` folder. Nothing in it is changed.
        dest: for a file, the file to create or a folder to put it into; by default the folder of
            `src`. For a folder, the folder to fill; by default ``<src>-decrypted`` next to it.
        key: a key or the path of a key file; not needed for unencrypted files.
        jobs: files of a folder at the same time; by default one for each core.
        executor: opens the files of a folder in place of this machine's workers: any
            :class:`concurrent.futures.Executor` with access to the same folders.
        cluster: the address of a Dask scheduler, such as ``tcp://192.0.2.1:8786``, whose workers
            open the files instead; they need the same folders, and this package.
        progress: receives progress, and may stop the job.

    Returns:
        Every file as done, skipped or failed. A bad file of a folder does not stop the run.

    Raises:
        UsageError: `src` does not exist or would be overwritten, `cluster` is given for one file,
            both `executor` and `cluster` are given, or an argument has the wrong type.
        NetworkError: no cluster answers at that address, or it has no workers.
        KeyFailure: for one file: the key is missing, of the wrong kind, or not this file's.
        DamagedError: for one file: it is damaged.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; finished work is kept.
    """
    source = require_source(src)
    as_optional_path(dest, "dest")
    opening_key, reporter, workers = as_key(key), as_progress(progress), as_executor(executor)
    count = None if jobs is None else as_count(jobs, "jobs")
    address = as_optional_text(cluster, "cluster")
    if source.is_dir():
        target = default_target(source) if dest is None else Path(dest)
        with workers_of(workers, address, reporter) as given:
            return decrypt_folder.decrypt_tree(
                source, target, opening_key, jobs=count, executor=given, progress=reporter
            )
    if address is not None:
        raise UsageError(
            "a cluster decrypts folders, not single files",
            hint=f"leave out the cluster, or give the folder that contains '{source}'",
        )
    place = None if dest is None else os.fspath(dest)  # a slash at the end matters
    return decrypt_single(source, place, opening_key, progress=reporter)


def decrypt_tree(
    src: PathLike,
    dest: PathLike,
    key: KeyLike | None = None,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    cluster: str | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Decrypt every file below `src` into `dest`, as :func:`decrypt` does for a folder.

    Args:
        src: the folder; nothing in it is changed.
        dest: the folder to fill; created if it does not exist. It may be inside `src`.
        key: a key or the path of a key file; not needed for unencrypted files.
        jobs: files at the same time; by default one for each core.
        executor: opens the files in place of this machine's workers: any
            :class:`concurrent.futures.Executor` with access to the same folders.
        cluster: the address of a Dask scheduler, such as ``tcp://192.0.2.1:8786``, whose workers
            open the files instead; they need the same folders, and this package.
        progress: receives progress, and may stop the job.

    Returns:
        Every file as done, skipped or failed. A bad file does not stop the run.

    Raises:
        UsageError: `src` is not a folder or the same as `dest`, both `executor` and `cluster`
            are given, or an argument has the wrong type.
        NetworkError: no cluster answers at that address, or it has no workers.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; finished work is kept.
    """
    source, target, opening_key = as_path(src, "src"), as_path(dest, "dest"), as_key(key)
    count = None if jobs is None else as_count(jobs, "jobs")
    workers, address = as_executor(executor), as_optional_text(cluster, "cluster")
    reporter = as_progress(progress)
    with workers_of(workers, address, reporter) as given:
        return decrypt_folder.decrypt_tree(
            source, target, opening_key, jobs=count, executor=given, progress=reporter
        )


def decrypt_file(
    src: PathLike,
    dest: PathLike,
    key: KeyLike | None = None,
    *,
    metadata: FileMetadata | None = None,
    limit: int | None = None,
    progress: ProgressLike | None = None,
) -> Decrypted:
    """Decrypt one file to `dest`, which appears complete and authenticated, or not at all.

    Args:
        src: any file of a backup; one that is not encrypted is copied.
        dest: the file to create or replace.
        key: a key or the path of a key file; not needed for an unencrypted file.
        metadata: for an mcrypt1 file, from its envelope.
        limit: the most bytes that compressed content may expand to; by default 64 MiB plus 200
            times the file.
        progress: receives progress, and may stop the job.

    Returns:
        The result: formats, size, SHA-256.

    Raises:
        KeyFailure: the key is missing, of the wrong kind, or not this file's.
        DamagedError: the file is damaged.
        StorageError: `dest` cannot be written, or is a device or a pipe.
        UsageError: `src` cannot be read, or an argument has the wrong type.
    """
    if metadata is not None and not isinstance(metadata, FileMetadata):
        raise wrong_type("metadata", "the FileMetadata of an envelope", metadata)
    return one_file.decrypt_file(
        as_path(src, "src"),
        as_path(dest, "dest"),
        as_key(key),
        metadata=metadata,
        limit=None if limit is None else as_count(limit, "limit"),
        progress=as_progress(progress),
    )


def require_source(src: PathLike) -> Path:
    """Check that `src` exists, before asking for a key.

    Raises:
        UsageError: `src` does not exist.
    """
    source = as_path(src, "src")
    if not source.exists():
        raise UsageError(f"no file or folder named '{source}'", hint="check the spelling")
    return source


def default_target(src: Path) -> Path:
    """The default folder to fill, also if `src` is ``.`` or ``..``.

    Raises:
        UsageError: `src` is an entire disk.
    """
    whole = src.resolve()
    if not whole.name:
        raise UsageError("a whole disk cannot be decrypted", hint="give the folder of a backup")
    named = whole if src.name in ("", "..") else src
    return named.with_name(f"{whole.name}-decrypted")
