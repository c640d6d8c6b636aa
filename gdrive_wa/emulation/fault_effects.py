"""Apply faults: change answers and listings, and the way they are sent."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Any

from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.http import FileSlice, Request, Response, google_error, redirect

NO_HEADER = ""
"""A header with this value is not sent. Without Content-Length, the end of the connection ends the
body."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a response is sent. Positions are bytes of the body; -1 is before the first header.

    Attributes:
        cut_at: hang up there; None for never.
        reset: hang up by resetting the connection.
        stall_at: wait there; None for never.
        stall: seconds to wait.
        piece: send this number of bytes at a time; None without a limit.
        pause: seconds between pieces.
        flip_at: flip the lowest bit of this byte; None for no byte.
        swap: change every byte.
    """

    cut_at: int | None = None
    reset: bool = False
    stall_at: int | None = None
    stall: float = 0.0
    piece: int | None = None
    pause: float = 0.0
    flip_at: int | None = None
    swap: bool = False

    @property
    def plain(self) -> bool:
        """True if the response is sent without a fault."""
        return self == _PLAIN


_PLAIN = Delivery()


def answer_instead(faults: Iterable[Fault], request: Request) -> Response | None:
    """The answer of a fault that replaces the server's, if there is one."""
    for fault in faults:
        if fault.kind is FaultKind.STATUS:
            response = google_error(fault.status, fault.message, reason=fault.reason)
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
            return response
        if fault.kind is FaultKind.REDIRECT:
            query = "&".join(f"{key}={value}" for key, value in request.query.items())
            path = request.path + (f"?{query}" if query else "")
            return redirect(fault.location.replace("{path}", path))
    return None


def without_range(faults: Iterable[Fault], request: Request) -> Request:
    """The request without its range, for a server that ignores ranges."""
    if not any(fault.kind is FaultKind.WHOLE for fault in faults):
        return request
    headers = {name: value for name, value in request.headers.items() if name != "range"}
    return replace(request, headers=headers)


def apply_faults(faults: Iterable[Fault], request: Request, response: Response) -> Delivery:
    """Apply the faults to `response`, and return the way to send it."""
    delivery = _PLAIN
    for fault in faults:
        if fault.kind in _CHANGES:
            _CHANGES[fault.kind](fault, request, response)
        delivery = _deliver(fault, response, delivery)
    return delivery


def _deliver(fault: Fault, response: Response, delivery: Delivery) -> Delivery:
    place = -1 if fault.after is None else fault.after
    match fault.kind:
        case FaultKind.BREAK | FaultKind.RESET:
            return replace(delivery, cut_at=place, reset=fault.kind is FaultKind.RESET)
        case FaultKind.STALL:
            return replace(delivery, stall_at=place, stall=fault.seconds)
        case FaultKind.DRIP:
            return replace(delivery, piece=max(fault.size, 1), pause=fault.seconds)
        case FaultKind.CORRUPT:
            return replace(delivery, flip_at=response.size // 2 if place < 0 else place)
        case FaultKind.SWAP:
            return replace(delivery, swap=True)
    return delivery


def _empty(_: Fault, __: Request, response: Response) -> None:
    response.body = b""


def _content_range(fault: Fault, _: Request, response: Response) -> None:
    said = response.headers.pop("Content-Range", None)
    if fault.value is None or said is None:
        return
    part, _slash, total = said.removeprefix("bytes ").partition("/")
    first, _dash, last = part.partition("-")
    response.headers["Content-Range"] = fault.value.format(first=first, last=last, total=total)


def _content_length(fault: Fault, _: Request, response: Response) -> None:
    value = fault.value
    if value is not None and value[:1] in "+-":
        value = str(max(response.size + int(value), 0))
    response.headers["Content-Length"] = NO_HEADER if value is None else value


def _date(fault: Fault, _: Request, response: Response) -> None:
    value = fault.value
    if value is not None and value[:1] in "+-":
        value = formatdate(time.time() + float(value), usegmt=True)
    response.headers["Date"] = NO_HEADER if value is None else value


def _gzip(_: Fault, __: Request, response: Response) -> None:
    response.body = gzip.compress(_bytes_of(response), mtime=0)
    response.headers["Content-Encoding"] = "gzip"


def _edit(fault: Fault, _: Request, response: Response) -> None:
    def change(entry: dict[str, Any]) -> list[dict[str, Any]]:
        if not fnmatchcase(str(entry.get("name", "")), fault.entry):
            return [entry]
        if "*" in fault.drop:
            return []
        entry = {**entry, **fault.set}
        return [{key: value for key, value in entry.items() if key not in fault.drop}]

    _change_listing(response, change)


def _duplicate(fault: Fault, _: Request, response: Response) -> None:
    def change(entry: dict[str, Any]) -> list[dict[str, Any]]:
        return [entry, entry] if fnmatchcase(str(entry.get("name", "")), fault.entry) else [entry]

    _change_listing(response, change)


def _empty_page(_: Fault, request: Request, response: Response) -> None:
    _change_page(response, lambda _page: {"nextPageToken": _same_page(request)})


def _repeat_page(_: Fault, request: Request, response: Response) -> None:
    _change_page(response, lambda page: {**page, "nextPageToken": _same_page(request)})


_CHANGES: dict[FaultKind, Callable[[Fault, Request, Response], None]] = {
    FaultKind.EMPTY: _empty,
    FaultKind.CONTENT_RANGE: _content_range,
    FaultKind.CONTENT_LENGTH: _content_length,
    FaultKind.DATE: _date,
    FaultKind.GZIP: _gzip,
    FaultKind.EDIT: _edit,
    FaultKind.DUPLICATE: _duplicate,
    FaultKind.EMPTY_PAGE: _empty_page,
    FaultKind.REPEAT_PAGE: _repeat_page,
}


def _change_listing(
    response: Response, change: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    def each(page: dict[str, Any]) -> dict[str, Any]:
        for key in ("files", "backups"):
            if key in page:
                page[key] = [new for old in page[key] for new in change(old)]
        return page

    _change_page(response, each)


def _change_page(response: Response, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    if response.status == 200 and is_json and isinstance(response.body, bytes):
        response.body = json.dumps(change(json.loads(response.body))).encode()


def _same_page(request: Request) -> str:
    first = "~!!~0" if request.path.startswith("/drive/") else "p0"
    return request.query.get("pageToken") or first


def _bytes_of(response: Response) -> bytes:
    if not isinstance(response.body, FileSlice):
        return response.body
    with response.body.path.open("rb") as file:
        file.seek(response.body.start)
        return file.read(response.body.size)
