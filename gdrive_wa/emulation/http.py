"""Requests and responses, and their form on the wire: a part of HTTP/1.1.

The emulator must break the rules on purpose (wrong lengths, bodies that end half-way). Server
libraries rightly refuse to do that, so it uses none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, unquote

LONGEST_HEAD = 64 * 1024
"""Maximum bytes of a request's first line and headers together."""
LONGEST_BODY = 1024 * 1024
"""Maximum bytes of a request's body; uploads are not supported."""


class BadRequestError(Exception):
    """The input is not an HTTP request; the connection is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: upper case.
        path: the path as sent, still percent-encoded, without the query.
        decoded_path: without percent-encoding; ``+`` stays ``+``.
        query: the parameters, decoded; if one is repeated, its last value.
        headers: the headers; names are in lower case.
        body: the complete body.
    """

    method: str
    path: str
    decoded_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        """The fields of the body, if it was sent by an HTML form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token else None


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A part of a file on disk, sent without being read into memory.

    Attributes:
        path: the file.
        start: first byte to send.
        size: bytes to send.
    """

    path: Path
    start: int
    size: int


@dataclass(slots=True)
class Response:
    """One response.

    Attributes:
        status: the code.
        headers: the headers to send. ``Content-Length`` is added if it is missing. A header with
            an empty value is not sent.
        body: bytes, or a part of a file.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FileSlice = b""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.body.size if isinstance(self.body, FileSlice) else len(self.body)


def as_json(value: object, *, status: int = 200) -> Response:
    """A response of JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json; charset=UTF-8"}, body)


def as_html(text: str, *, status: int = 200) -> Response:
    """A response of HTML."""
    return Response(status, {"Content-Type": "text/html; charset=UTF-8"}, text.encode())


def redirect(location: str) -> Response:
    """A redirect to `location`."""
    return Response(302, {"Location": location})


_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def google_error(status: int, message: str, *, reason: str, domain: str = "global") -> Response:
    """An error in the format of Google's JSON services.

    Args:
        status: the HTTP code.
        message: the message for users.
        reason: the code for programs, such as ``notFound`` or ``rateLimitExceeded``.
        domain: the namespace of `reason`.
    """
    error: dict[str, object] = {
        "code": status,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
    }
    if status in _STATUS_NAMES:
        error["status"] = _STATUS_NAMES[status]
    return as_json({"error": error}, status=status)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None if the client has hung up.

    Raises:
        BadRequestError: the input is not an HTTP/1 request, or is too large.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("the head of the request is too long") from error
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    lines = head[:-4].decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError("the first line is not a request")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError("a header has no colon")
        headers[name.lower()] = value.strip()
    path, _, query = parts[1].partition("?")
    return Request(
        parts[0].upper(),
        path,
        unquote(path) if "%" in path else path,
        dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers,
        await _read_body(reader, headers),
    )


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadRequestError("chunked requests are not supported")
    length = headers.get("content-length", "0")
    size = whole_number(length)
    if size is None or size > LONGEST_BODY:
        raise BadRequestError("the length of the body is invalid")
    if not size:
        return b""
    try:
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise BadRequestError("the body ends early") from error


def whole_number(text: str) -> int | None:
    """The number that `text` is in decimal digits; None if it is not one, or has more than 18."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def head_of(response: Response, *, keep: bool) -> bytes:
    """The status line and the headers, as bytes.

    Args:
        response: the response.
        keep: whether the connection stays open afterwards.
    """
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if value]
    if "Date" not in response.headers:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    if "Content-Length" not in response.headers:
        lines.append(f"Content-Length: {response.size}")
    if not keep:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
