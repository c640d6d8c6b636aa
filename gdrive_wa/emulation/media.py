"""Serve content, complete or in part, and treat ``Range`` as Google does."""

from __future__ import annotations

import re
from pathlib import Path

from gdrive_wa.emulation.http import FileSlice, Request, Response

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def serve_bytes(request: Request, content: Path | bytes, *, mime_type: str) -> Response:
    """The requested content: 200 for all, 206 for a part, 416 beyond the end.

    A Range header that is invalid, or asks for several parts, is ignored.
    """
    total = len(content) if isinstance(content, bytes) else content.stat().st_size
    headers = {"Content-Type": mime_type, "Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or asked[0] == "bytes=-":
        return Response(200, headers, _part(content, 0, total))
    first, last = _bounds(asked[1], asked[2], total)
    if first >= total:
        headers["Content-Range"] = f"bytes */{total}"
        return Response(416, headers)
    if last < first:
        return Response(200, headers, _part(content, 0, total))
    headers["Content-Range"] = f"bytes {first}-{last}/{total}"
    return Response(206, headers, _part(content, first, last + 1 - first))


def _bounds(first: str, last: str, total: int) -> tuple[int, int]:
    if not first:  # the last so many bytes
        return max(total - int(last), 0), total - 1
    return int(first), min(int(last), total - 1) if last else total - 1


def _part(content: Path | bytes, start: int, size: int) -> bytes | FileSlice:
    if isinstance(content, bytes):
        return content[start : start + size]
    return FileSlice(content, start, size)
