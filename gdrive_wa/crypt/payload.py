"""Unpack the payload of a container piece by piece: inflate zlib, and pass on everything else.

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
"""Maximum bytes that one step inflates to."""
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
HEAD = 4096
"""Bytes at the start of a payload that show whether a key was right."""
LIMIT_RATIO = 200
"""Default bytes that a payload may inflate to, for each stored byte (M22)."""
LIMIT_FLOOR = 64 << 20
"""Default bytes that every payload may inflate to, in addition."""


def default_limit(stored_size: int) -> int:
    """The default number of bytes to which a payload of `stored_size` bytes may inflate (M22)."""
    return LIMIT_FLOOR + LIMIT_RATIO * stored_size


class Unpacker:
    """Receives decrypted pieces and passes unpacked ones on to `sink`.

    Args:
        sink: receives the unpacked pieces.
        limit: the most bytes that the payload may inflate to.

    Attributes:
        kind: the kind of unpacked content: ``sqlite``, ``zip``, ``json``, ``media`` or ``unknown``.
        compressed: the content is a zlib stream.
        size: number of unpacked bytes so far.
        complete: the zlib stream has ended; always true for content that is not compressed.
        trailing: number of bytes after the end of the zlib stream.
        plausible: the first bytes are those of a backup, which a wrong key hardly ever yields.
        recognisable: the first bytes are plausible, or would be without a few damaged bits.
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
            PayloadError: the zlib stream is damaged, or the content exceeds the limit.
        """
        if not self._started:
            piece = self._head + bytes(piece) if self._head else piece
            self._head = bytes(piece[:HEAD])
            if len(piece) < 2:  # too little to recognise zlib
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
        """Check the end of the content, after all pieces (M21).

        Raises:
            PayloadError: the zlib stream has not ended, or other data follows it.
        """
        if self._head and not self._started:
            self._started = True
            self._pass_on(self._head)
        if self.trailing:
            raise PayloadError("other data follows the compressed content")
        if not self.complete:
            raise PayloadError("the compressed content ends before it is complete")

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
                hint="no real backup does; in Python, you can give decrypt_file a higher limit",
            )
        self._sink(piece)


def is_plausible(head: bytes) -> bool:
    """True if a payload that starts with `head` may be that of a backup. Noise from a wrong key
    passes this test about once in ten thousand times.
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
