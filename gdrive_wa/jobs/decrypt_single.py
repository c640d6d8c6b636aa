"""Decrypt one file, and choose its name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.core.names import safe_path
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.crypt.keys import Key
from gdrive_wa.crypt.recognise import plain_name
from gdrive_wa.jobs.decrypt_file import decrypt_into
from gdrive_wa.jobs.sidecar import read_sidecar
from gdrive_wa.storage.draft import Draft, refuse_device, sweep

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def decrypt_single(
    src: str | Path,
    dest: str | Path | None = None,
    key: Key | None = None,
    *,
    progress: Progress | None = None,
) -> Report:
    """Decrypt one file: what ``gdrive-wa decrypt FILE [DEST]`` does.

    A media file gets its name and time from the envelope next to it, if that can be opened.
    Otherwise its name is that of `src` without the suffix of encrypted files.

    Args:
        src: any file of a backup, as for :func:`~gdrive_wa.jobs.decrypt_file.decrypt_file`.
        dest: the file to create or replace, or a folder to put it into, which need not exist
            if the path ends with a slash; by default the folder of `src`.
        key: the key; not needed for an unencrypted file.
        progress: receives progress and warnings about the file.

    Raises:
        KeyFailure: the key is missing, of the wrong kind, or not this file's.
        DamagedError: the file is damaged.
        UnsafeNameError: the envelope contains a path that leads out of its folder.
        StorageError: `dest` cannot be written, or is a device or a pipe.
        UsageError: `src` cannot be read, or would be overwritten.
    """
    src = Path(src)
    reporter = progress or Silent()
    started = time.monotonic()
    sidecar = read_sidecar(str(src), key)
    metadata = sidecar.metadata
    into = src.parent if dest is None else Path(dest)
    exact = dest is not None and not into.is_dir() and not str(dest).endswith(_SEPARATORS)
    folder = into.parent if exact else into
    if exact:
        _refuse_same_file(src, into)
        refuse_device(into)
    sweep(folder)
    reporter.begin(Stage.DECRYPT, items=1, total_bytes=_size(src))
    try:
        with Draft(folder) as draft:
            done = decrypt_into(src, draft, key, metadata=metadata, progress=reporter)
            if exact:
                target = into
            elif metadata is not None:
                target = folder / safe_path(metadata.name).name
            else:
                name = plain_name(src.name, done.payload, done.start)
                target = folder / Path(name).name
            _refuse_same_file(src, target)
            moment = metadata.updated if metadata else None
            draft.commit(target, mtime=moment.timestamp() if moment else None)
    finally:
        reporter.end(Stage.DECRYPT)
    for warning in (*done.warnings, *sidecar.warnings):
        reporter.say(f"{src.name}: {warning}")
    reason = "; ".join(sidecar.warnings) or None
    outcome = Outcome(path=str(src), file=str(target), bytes=done.size, reason=reason)
    return Report(done=[outcome], bytes=done.size, seconds=time.monotonic() - started)


def _refuse_same_file(src: Path, target: Path) -> None:
    if target.resolve() == src.resolve():
        raise UsageError(
            f"'{src.name}' would be overwritten", hint="give another target: decrypt SRC DEST"
        )


def _size(src: Path) -> int:
    try:
        return src.stat().st_size
    except OSError:
        return 0  # the error is raised when it is opened
