"""What comes out of a container, unpacked piece by piece: zlib inflated, all else passed on.

Format facts: proto/README.md, "Payloads".
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from gdrive_wa.core.errors import PayloadError
from gdrive_wa.crypt.inflate import InflateError, new_inflater
from gdrive_wa.crypt.primitives import Piece
from gdrive_wa.crypt.recognise import is_mpeg_audio, is_zlib, looks_like

OUTPUT_PIECE = 1 << 20
"""Most bytes that one step inflates to."""
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
HEAD = 4096
"""Bytes at the start of a payload that show whether a key was right."""
LIMIT_RATIO = 200
LIMIT_FLOOR = 64 << 20
"""Without a limit of the caller's, a payload may inflate to 64 MiB plus 200 times its stored
size; real databases reach 2 to 10 times."""


def default_limit(stored_size: int) -> int:
    """The bytes that a payload of `stored_size` may inflate to."""
    return LIMIT_FLOOR + LIMIT_RATIO * stored_size


class Unpacker:
    """Feeds on decrypted pieces and hands unpacked ones to `sink`.

    Attributes:
        kind: of the unpacked content: ``sqlite``, ``zip``, ``json``, ``media`` or ``unknown``.
        compressed: the content was a zlib stream.
        size: bytes handed on so far.
        complete: the zlib stream has ended; always true of content that is none.
        trailing: bytes that follow the end of the zlib stream.
        plausible: the first bytes are what a backup holds, which a wrong key never yields.
        recognisable: they are, or were before a few bits of them were damaged.
    """

    def __init__(self, sink: Callable[[Piece], object], limit: int) -> None:
        self._sink = sink
        self._limit = limit
        self._inflater: Any = None
        self._started = False
        self._head = b""
        self._first = b""
        self.compressed = False
        self.size = 0
        self.trailing = 0

    @property
    def kind(self) -> str:
        """See the class."""
        return looks_like(self._first)

    @property
    def complete(self) -> bool:
        """See the class."""
        return self._inflater is None or bool(self._inflater.eof)

    @property
    def plausible(self) -> bool:
        """See the class."""
        return is_plausible(self._head) and not is_mpeg_audio(self._head)

    @property
    def recognisable(self) -> bool:
        """See the class."""
        if self.plausible or self._head[:2] in _ZLIB_STARTS:
            return True
        return looks_like(_first_inflated(self._head[2:], window=-15)) == "sqlite"

    def feed(self, piece: Piece) -> None:
        """Unpack one piece.

        Raises:
            PayloadError: not a zlib stream after all, or one that inflates beyond the limit.
        """
        if not self._started:
            piece = self._head + bytes(piece) if self._head else piece
            self._head = bytes(piece[:HEAD])
            if len(piece) < 2:  # too little to tell whether it is zlib
                return
            self._started = True
            self.compressed = is_zlib(bytes(piece[:2]))
            if self.compressed:
                self._inflater = new_inflater()
        if self._inflater is None:
            self._pass_on(piece)
        else:
            self._inflate(self._inflater, piece)

    def finish(self) -> None:
        """All pieces were fed.

        Raises:
            PayloadError: the zlib stream has not ended, or something follows it.
        """
        if self._head and not self._started:
            self._started = True
            self._pass_on(self._head)
        if self.trailing:
            raise PayloadError("something follows the end of the compressed content")
        if not self.complete:
            raise PayloadError("the content ends before its compression does")

    def _inflate(self, inflater: Any, piece: Piece) -> None:
        if inflater.eof:
            self.trailing += len(piece)
            return
        try:
            while True:
                out = inflater.decompress(piece, OUTPUT_PIECE)
                if out:
                    self._pass_on(out)
                piece = inflater.unconsumed_tail
                if inflater.eof or (not piece and len(out) < OUTPUT_PIECE):
                    break
        except InflateError as error:
            raise PayloadError("the compressed content is damaged") from error
        self.trailing += len(inflater.unused_data)

    def _pass_on(self, piece: Piece) -> None:
        if len(self._first) < 64:
            self._first += bytes(piece[: 64 - len(self._first)])
        self.size += len(piece)
        if self.size > self._limit:
            raise PayloadError(
                f"the content inflates beyond the limit of {self._limit} bytes",
                hint="no real backup does; in Python, decrypt_file takes a higher limit",
            )
        self._sink(piece)


def is_plausible(head: bytes) -> bool:
    """True when a payload that starts with `head` is what a backup holds: another key's noise
    passes for it about once in ten thousand times.
    """
    return looks_like(_first_inflated(head)) not in ("unknown", "zlib")


def _first_inflated(head: bytes, *, window: int = 15) -> bytes:
    """The start of a payload, unpacked as far as it is valid."""
    if window > 0 and not is_zlib(head):
        return head[:64]
    inflater = zlib.decompressobj(window)
    out = b""
    for offset in range(0, len(head), 16):
        try:
            out += inflater.decompress(head[offset : offset + 16], 64)
        except zlib.error:
            break
        if len(out) >= 16:
            break
    return out
