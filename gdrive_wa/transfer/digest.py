"""Hash a blob during its download without slowing the network down.

Small blobs are hashed in the calling thread. For a long blob, each hash gets its own thread with a
short queue. Hashing releases the GIL, so network, disk and hashes can use several cores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from operator import call

from gdrive_wa.core.threads import SerialWorker

LONG = 8 << 20
"""Length of a blob, in bytes, above which threads are worthwhile."""
QUEUED = 16
"""Maximum number of waiting pieces per hash, which limits the memory use."""


class Digests:
    """The MD5 of a blob, and optionally its SHA-256.

    Feed the pieces in order, and always call :meth:`close`.
    """

    def __init__(self, *, sha256: bool) -> None:
        self._hashes = [hashlib.md5(usedforsecurity=False)]
        if sha256:
            self._hashes.append(hashlib.sha256())
        self._workers: list[SerialWorker[Callable[[], object]]] = []
        self._fed = 0

    def feed(self, piece: bytes) -> None:
        """Hash the next piece. It is not copied, so do not modify it."""
        self._fed += len(piece)
        if self._fed <= LONG:
            for digest in self._hashes:
                digest.update(piece)
            return
        if not self._workers:
            self._workers = [SerialWorker(call, ahead=QUEUED) for _ in self._hashes]
        for worker, digest in zip(self._workers, self._hashes, strict=True):
            worker.put(lambda digest=digest: digest.update(piece))  # type: ignore[misc]

    def report_md5(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the MD5 of the pieces so far, now or soon, in order."""
        md5 = self._hashes[0]
        if self._workers:
            self._workers[0].put(lambda: callback(md5.copy().hexdigest()))
        else:
            callback(md5.copy().hexdigest())

    def md5(self) -> str:
        """MD5 of all pieces so far, hex."""
        self._catch_up()
        return self._hashes[0].hexdigest()

    def sha256(self) -> str | None:
        """SHA-256 of all pieces so far, hex; None if it was not requested."""
        self._catch_up()
        return self._hashes[1].hexdigest() if len(self._hashes) > 1 else None

    def close(self) -> None:
        """Finish the waiting pieces and end the threads."""
        for worker in self._workers:
            worker.finish()
        self._workers = []

    def _catch_up(self) -> None:
        for worker in self._workers:
            worker.catch_up()
