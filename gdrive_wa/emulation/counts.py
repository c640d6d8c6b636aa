"""Counts of the emulator's requests and answers, for tests and benchmarks."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

LONGEST_LOG = 100_000


@dataclass(slots=True)
class Served:
    """One answered request.

    Attributes:
        method: upper case.
        path: percent-decoded, without the query.
        query: decoded.
        range: the Range header, if any.
        status: status of the answer; 0 if the connection was closed before it.
        bearer: the request had an Authorization header.
        sent: bytes of the body sent so far.
    """

    method: str
    path: str
    query: dict[str, str]
    range: str | None
    status: int
    bearer: bool
    sent: int = 0


@dataclass(slots=True)
class Counts:
    """Counts since the start, or since :meth:`clear`.

    Attributes:
        connections: number of opened connections.
        requests: number of requests, by path.
        media: number of requests for content (``alt=media``), by path.
        bytes: bytes of bodies sent, by path.
        statuses: number of answers, by status.
        log: the last requests, in the order of the answers.

    A request is counted before its answer is sent, and so are bytes, so that an answer that a
    client has read is always counted. The emulator counts in a thread of its own: iterate over a
    copy of a counter, not over the counter.
    """

    connections: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    media: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    log: deque[Served] = field(default_factory=lambda: deque(maxlen=LONGEST_LOG))

    def add(self, served: Served) -> None:
        """Count a request that is about to be answered."""
        self.requests[served.path] += 1
        if served.query.get("alt") == "media":
            self.media[served.path] += 1
        self.statuses[served.status] += 1
        self.log.append(served)

    def add_bytes(self, served: Served, size: int) -> None:
        """Count bytes of a body that are about to be sent."""
        served.sent += size
        self.bytes[served.path] += size

    def request_count(self, pattern: str) -> int:
        """The number of requests for paths that match the glob `pattern`."""
        return sum(n for path, n in dict(self.requests).items() if fnmatchcase(path, pattern))

    def bytes_sent(self, pattern: str = "*") -> int:
        """The number of bytes of bodies sent for paths that match."""
        return sum(n for path, n in dict(self.bytes).items() if fnmatchcase(path, pattern))

    def clear(self) -> None:
        """Reset all counts."""
        self.connections = 0
        for counter in (self.requests, self.media, self.bytes, self.statuses):
            counter.clear()
        self.log.clear()

    def to_json(self) -> dict[str, object]:
        """The answer of ``/_emulator/stats``."""
        return {
            "connections": self.connections,
            "requests": dict(self.requests),
            "media": dict(self.media),
            "bytes": dict(self.bytes),
            "statuses": {str(code): n for code, n in self.statuses.items()},
        }
