"""Work within the limits of a process: little memory, few open files, few threads."""

from __future__ import annotations

import errno
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gdrive_wa.core.errors import StorageError

STACK = 1 << 20
"""Bytes of a thread's stack if memory is limited; the system's usual 8 MiB are not needed."""
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
_USUAL_TRIM, _USUAL_MAPPED = 128 << 10, 1 << 16
"""The default values of the first two, by glibc's manual."""
_NEW_OBJECTS = 10_000
"""Number of new objects after which Python collects cyclic garbage."""
_NO_THREAD = "can't start new thread"


def use_little_memory() -> None:
    """If this process has a limit on its memory, let each thread reserve less of it.

    glibc reserves 64 MiB of addresses for every few threads, and 8 MiB for each stack.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    threading.stack_size(STACK)
    _limit_arenas(2)


def collect_garbage_seldom() -> None:
    """Let Python collect cyclic garbage after every 10 000 new objects instead of 700. A run makes
    few cycles, but hundreds of thousands of objects that stay.
    """
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


def use_one_arena() -> None:
    """Let all threads take memory from one arena. By default, glibc uses an arena for every few
    threads, and memory that is freed in one cannot be used in another: 12 MB in a restore of 20 000
    notes. Python's threads seldom ask for memory at the same time.
    """
    _limit_arenas(1)


def release_memory() -> None:
    """Return unused memory to the system after a step that needed much of it.

    Otherwise glibc keeps free pieces that lie between pieces in use.
    """
    _call_glibc("malloc_trim", 0)


@contextmanager
def reuse_memory(most: int) -> Iterator[None]:
    """Within the block, keep up to `most` bytes of freed memory for reuse.

    By default glibc returns large pieces to the system at once, and the system clears each new
    piece. A speech model allocates and frees 72 MB in each of its layers; clearing that memory took
    a third of its time. Call :func:`use_one_arena` before the threads of the model start, because
    other arenas cannot hold such large pieces.
    """
    _call_glibc("mallopt", _M_MMAP_MAX, 0)
    _call_glibc("mallopt", _M_TRIM_THRESHOLD, most)
    try:
        yield
    finally:
        _call_glibc("mallopt", _M_TRIM_THRESHOLD, _USUAL_TRIM)
        _call_glibc("mallopt", _M_MMAP_MAX, _USUAL_MAPPED)


def _limit_arenas(most: int) -> None:
    _call_glibc("mallopt", _M_ARENA_MAX, most)


def _call_glibc(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - slow to import, and not always needed

        function = getattr(ctypes.CDLL(None), name, None)  # other C libraries lack it
        if function is not None:
            function(*arguments)


def limit_reached(error: BaseException) -> StorageError | None:
    """Return our error if `error` or one of its causes comes from a limit of this system.

    None if it has another reason.
    """
    cause: BaseException | None = error
    while cause is not None:
        found = _limit(cause)
        if found is not None:
            return found
        cause = cause.__cause__ or cause.__context__
    return None


def _limit(error: BaseException) -> StorageError | None:
    number = error.errno if isinstance(error, OSError) else None
    text = str(error)
    if isinstance(error, MemoryError) or number == errno.ENOMEM or _says(error, errno.ENOMEM):
        return StorageError(
            "there is not enough memory",
            hint="close other programs, or allow more memory (ulimit -v); --jobs 1 needs the least",
        )
    if number in (errno.EMFILE, errno.ENFILE) or _says(error, errno.EMFILE):
        return StorageError(
            "too many open files: this system allows gdrive-wa too few",
            hint="allow more, for example with: ulimit -n 1024",
        )
    if (isinstance(error, RuntimeError) and text.startswith(_NO_THREAD)) or number == errno.EAGAIN:
        return StorageError(
            "this system does not allow another thread or process",
            hint="close other programs, or allow more (ulimit -u)",
        )
    return None


def _says(error: BaseException, number: int) -> bool:
    """True for a library's error about loading that only has a text."""
    return isinstance(error, ImportError) and os.strerror(number) in str(error)
