"""The stored bytes of one entry as an HTTP stream."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.http.answer import HttpAnswer

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class HttpBlob:
    """A streamed answer, as :class:`gdrive_wa.sources.base.BlobStream`.

    Attributes:
        offset: the byte at which the stream really starts.
        total: bytes of the entire entry; None if the server does not report it.
        revision: the server's ETag, if it sends one.
        offset_known: whether the server reported which part of the entry this is.
    """

    def __init__(self, answer: HttpAnswer, what: str) -> None:
        self._answer = answer
        self._what = what
        encoded = answer.headers.get("Content-Encoding", "identity") not in ("identity", "")
        self._decode = encoded
        self.offset = 0
        self.total: int | None = None
        self.offset_known = answer.status == 200
        self.revision = answer.headers.get("ETag")
        if encoded:
            return  # a range or a length would be that of the encoded bytes
        if answer.status == 206:
            match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if match:
                self.offset_known = True
                self.offset = int(match[1])
                self.total = None if match[3] == "*" else int(match[3])
        elif answer.status == 200:
            length = answer.headers.get("Content-Length", "")
            self.total = int(length) if _LENGTH.fullmatch(length) else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        """At most `size` more bytes, as soon as there are any; empty only at the end.

        Raises:
            NetworkError: the stream broke; the bytes read so far are valid.
        """
        try:
            return self._answer.read1(size, decode_content=self._decode)
        except HTTPError as error:
            raise NetworkError(f"the connection broke while reading {self._what}") from error

    def close(self) -> None:
        """End the stream; if it was read completely, its connection is reused."""
        release(self._answer)


def release(answer: HttpAnswer) -> None:
    """Return the connection to the pool if the answer was read completely, otherwise close it.

    Otherwise the rest of an unread answer would look like the beginning of the next one.
    """
    if answer.length_remaining == 0:
        answer.drain_conn()
    answer.close()
