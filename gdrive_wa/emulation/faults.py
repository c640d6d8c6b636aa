"""Deliberate faults: which requests they affect, on which attempts, and in which way.

As JSON (``gdrive-wa emulator --faults FILE``); every field may be left out:

    {
      "delay": 0.03,                seconds before each answer
      "connect_delay": 0.06,        seconds before the first answer of a connection
      "bandwidth": 1000000,         bytes a second, all connections together
      "faults": [
        {"kind": "status", "path": "*/files/Media/*", "media": true,
         "status": 503, "first": 1, "times": 2, "share": 0.5},
        {"kind": "break", "path": "*msgstore*", "after": 1000},
        {"kind": "edit", "path": "*/files", "entry": "*.mcrypt1", "drop": ["sizeBytes"],
         "times": null}
      ]
    }

A fault affects requests with a decoded path that matches the glob `path`: only those for content
if `media` is true, only the others if it is false. It counts the attempts for each path (with
`across`, for all paths together), and acts on `times` attempts from attempt `first` on, or on all
later ones if `times` is null. With `share`, it acts on that fraction of the paths, which is always
the same for the same `seed`. Faults are applied in order. A fault that answers instead of the
server is the last one for a request, so that later faults count only after it is used up.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Any

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.plain_file import read_plain
from gdrive_wa.emulation.http import Request


class FaultKind(StrEnum):
    """The effect of a fault, and the fields with its details."""

    STATUS = "status"
    """Answer `status` with `reason`, `message` and, if given, `retry_after`."""
    REDIRECT = "redirect"
    """Answer 302 to `location`; ``{path}`` in it stands for the requested path and query."""
    BREAK = "break"
    """Close the connection after `after` bytes of the body; before any answer if null."""
    RESET = "reset"
    """The same, but the connection is reset."""
    STALL = "stall"
    """Send nothing for `seconds` after `after` bytes; before any answer if null."""
    DRIP = "drip"
    """Send `size` bytes every `seconds`."""
    CORRUPT = "corrupt"
    """Flip a bit of byte `after` of the content (the middle one if null)."""
    SWAP = "swap"
    """Send other bytes of the same length, as if the entry had changed."""
    EMPTY = "empty"
    """Send no body at all."""
    WHOLE = "whole"
    """Ignore the Range header: answer 200 instead of 206."""
    CONTENT_RANGE = "content-range"
    """Send `value` as Content-Range (``{first}``, ``{last}``, ``{total}``); none if null."""
    CONTENT_LENGTH = "content-length"
    """Send `value` as Content-Length (``+5`` and ``-5`` are added to it); none if null."""
    DATE = "date"
    """Send `value` as Date: an HTTP date, or seconds to add to the current time (``-7200``); none
    if null."""
    GZIP = "gzip"
    """Compress the body although identity was requested."""
    EXPIRE = "expire"
    """Let every access token expire now; a refresh token still gives a new one."""
    REVOKE = "revoke"
    """Revoke every token now, permanently."""
    EDIT = "edit"
    """In a listing, `set` and `drop` fields of entries with a name that matches `entry`; dropping
    ``*`` leaves the entry out."""
    DUPLICATE = "duplicate"
    """In a listing, list entries that match `entry` twice."""
    EMPTY_PAGE = "empty-page"
    """Send a page of a listing without entries; the next page has them."""
    REPEAT_PAGE = "repeat-page"
    """Name the requested page of a listing as its own next page."""


ANSWERS = {FaultKind.STATUS, FaultKind.REDIRECT}
"""Kinds that answer instead of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault for some requests. :class:`FaultKind` says which kind uses which details.

    Attributes:
        kind: the effect of the fault.
        path: glob of the decoded path.
        media: only requests for content (True), only others (False), or both (None).
        first: the first attempt that it acts on, from 1.
        times: number of attempts that it acts on; None for all later ones.
        across: count the attempts for all matching paths together.
        share: fraction of the matching paths that it acts on, 0..1.
        after: position in the body, in bytes.
        seconds: time to wait.
        size: number of bytes to send at a time.
        status: HTTP status.
        reason: Google's code for the error, such as ``rateLimitExceeded``.
        message: Google's message for the user.
        retry_after: the Retry-After header: seconds, or an HTTP date.
        location: target of a redirect.
        value: value of a header.
        entry: glob of an entry's name in a listing.
        set: fields to set in such entries.
        drop: fields to leave out of such entries.
    """

    kind: FaultKind
    path: str = "*"
    media: bool | None = None
    first: int = 1
    times: int | None = 1
    across: bool = False
    share: float = 1.0
    after: int | None = None
    seconds: float = 0.0
    size: int = 1
    status: int = 500
    reason: str = "backendError"
    message: str = "Backend Error"
    retry_after: str | float | None = None
    location: str = ""
    value: str | None = None
    entry: str = "*"
    set: Mapping[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def matches(self, request: Request, *, seed: int) -> bool:
        """True if the fault affects requests like `request`, whatever the attempt."""
        if self.media is not None and self.media != (request.query.get("alt") == "media"):
            return False
        path = request.decoded_path
        if not fnmatchcase(path, self.path):
            return False
        return self.share >= 1 or _chance(path, self.kind, seed) < self.share

    def acts_on(self, attempt: int) -> bool:
        """True if the fault acts on this attempt, counted from 1."""
        if attempt < self.first:
            return False
        return self.times is None or attempt < self.first + self.times


@dataclass(slots=True)
class Faults:
    """The faults of one emulator, and the attempts that they have counted.

    Attributes:
        rules: the faults, in the order in which they are applied.
        delay: seconds before each answer.
        connect_delay: seconds before the first answer of a connection.
        bandwidth: bytes a second, all connections together; None without a limit.
        seed: determines which paths a `share` selects.
    """

    rules: tuple[Fault, ...] = ()
    delay: float = 0.0
    connect_delay: float = 0.0
    bandwidth: float | None = None
    seed: int = 0
    _attempts: Counter[tuple[int, str]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def active_faults(self, request: Request) -> list[Fault]:
        """The faults that act on this request. One that answers instead of the server is last."""
        acting = []
        with self._lock:
            for number, fault in enumerate(self.rules):
                if not fault.matches(request, seed=self.seed):
                    continue
                key = (number, "" if fault.across else request.decoded_path)
                self._attempts[key] += 1
                if fault.acts_on(self._attempts[key]):
                    acting.append(fault)
                    if fault.kind in ANSWERS:
                        break
        return acting


_NUMBER = int | float
_SETTINGS: dict[str, Any] = {
    "delay": _NUMBER,
    "connect_delay": _NUMBER,
    "bandwidth": _NUMBER | None,
    "seed": int,
    "faults": list,
}
_KEYS: dict[str, Any] = {
    **dict.fromkeys(("kind", "path", "reason", "message", "location", "entry"), str),
    **dict.fromkeys(("first", "size", "status"), int),
    **dict.fromkeys(("times", "after"), int | None),
    **dict.fromkeys(("share", "seconds"), _NUMBER),
    "media": bool | None,
    "across": bool,
    "retry_after": str | _NUMBER | None,
    "value": str | None,
    "set": dict,
    "drop": list,
}
"""The type of each key's value in JSON."""
_AT_LEAST_ONE = {"bandwidth", "size", "first"}
_HINT = "gdrive-wa emulator --help shows an example, and the file that describes each key"


def _check(parsed: Mapping[str, object], known: Mapping[str, Any]) -> None:
    for key, value in parsed.items():
        right = isinstance(value, known[key])
        if right and isinstance(value, int | float) and key != "after":
            right = value >= (1 if key in _AT_LEAST_ONE else 0)
        if not right:
            raise UsageError(f"'{key}' cannot be {value!r} in a description of faults", hint=_HINT)


def read_faults(path: Path) -> Faults:
    """The faults that a JSON file describes.

    Raises:
        UsageError: it cannot be read, is not JSON, or contains an unknown name.
    """
    try:
        parsed = json.loads(read_plain(path))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the faults in '{path}' cannot be read", hint=f"give a JSON file; {_HINT}"
        ) from error
    return parse_faults(parsed)


def parse_faults(parsed: object) -> Faults:
    """The faults that parsed JSON describes.

    Raises:
        UsageError: it contains an unknown name.
    """
    if not isinstance(parsed, dict):
        raise UsageError(f"faults must be a JSON object, not {parsed!r}", hint=_HINT)
    if unknown := parsed.keys() - _SETTINGS.keys():
        raise UsageError(
            f"unknown key in a description of faults: '{min(unknown)}'",
            hint=f"use: {', '.join(sorted(_SETTINGS))}",
        )
    _check(parsed, _SETTINGS)
    settings = {key: value for key, value in parsed.items() if key != "faults"}
    return Faults(rules=tuple(_fault(each) for each in parsed.get("faults", ())), **settings)


def as_faults(faults: Faults | Fault | Iterable[Fault] | None) -> Faults:
    """`faults` as one object."""
    if isinstance(faults, Faults):
        return faults
    if faults is None:
        return Faults()
    return Faults(rules=(faults,) if isinstance(faults, Fault) else tuple(faults))


def _fault(parsed: object) -> Fault:
    if not isinstance(parsed, dict):
        raise UsageError(f"a fault must be a JSON object, not {parsed!r}", hint=_HINT)
    unknown = parsed.keys() - {each.name for each in fields(Fault)}
    if unknown:
        raise UsageError(f"unknown key of a fault: '{min(unknown)}'", hint=_HINT)
    _check(parsed, _KEYS)
    try:
        kind = FaultKind(parsed.get("kind", ""))
    except ValueError as error:
        raise UsageError(
            f"unknown kind of fault: '{parsed.get('kind')}'", hint=f"use: {', '.join(FaultKind)}"
        ) from error
    return Fault(**{**parsed, "kind": kind, "drop": tuple(parsed.get("drop", ()))})


def _chance(path: str, kind: str, seed: int) -> float:
    return zlib.crc32(f"{seed}\0{kind}\0{path}".encode()) / 2**32
