"""Hashes of a blob while it comes, without making the network wait for them.

A small blob is hashed where it is read. Once a blob turns out to be long, each hash gets a
thread of its own, fed through a short queue: hashing lets go of the interpreter's lock, so the
socket, the disk and the hashes keep as many cores busy as there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from operator import call

from gdrive_wa.core.threads import SerialWorker

LONG = 8 << 20
"""Bytes after which threads pay."""
QUEUED = 16
"""Pieces that may wait for a hash: what bounds the memory."""


class Digests:
    """MD5 of a blob, and its SHA-256 where it is wanted.

    Feed it in order; :meth:`close` it in any case.
    """

    def __init__(self, *, sha256: bool) -> None:
        self._hashes = [hashlib.md5(usedforsecurity=False)]
        if sha256:
            self._hashes.append(hashlib.sha256())
        self._workers: list[SerialWorker[Callable[[], object]]] = []
        self._fed = 0

    def feed(self, piece: bytes) -> None:
        """`piece` comes next. It is not copied: leave it as it is."""
        self._fed += len(piece)
        if self._fed <= LONG:
            for digest in self._hashes:
                digest.update(piece)
            return
        if not self._workers:
            self._workers = [SerialWorker(call, ahead=QUEUED) for _ in self._hashes]
        for worker, digest in zip(self._workers, self._hashes, strict=True):
            worker.put(lambda digest=digest: digest.update(piece))  # type: ignore[misc]

    def report_md5(self, tell: Callable[[str], None]) -> None:
        """Have `tell` called with the MD5 of what was fed so far, now or soon, in order."""
        md5 = self._hashes[0]
        if self._workers:
            self._workers[0].put(lambda: tell(md5.copy().hexdigest()))
        else:
            tell(md5.copy().hexdigest())

    def md5(self) -> str:
        """Of everything fed so far, hex."""
        self._catch_up()
        return self._hashes[0].hexdigest()

    def sha256(self) -> str | None:
        """Of everything fed so far, hex; None when it was not wanted."""
        self._catch_up()
        return self._hashes[1].hexdigest() if len(self._hashes) > 1 else None

    def close(self) -> None:
        """End the threads, once they are done with what they were fed."""
        for worker in self._workers:
            worker.finish()
        self._workers = []

    def _catch_up(self) -> None:
        for worker in self._workers:
            worker.catch_up()
