"""A source with faulty streams: real files in a folder, listed as Google lists them.

Faults of HTTP are tested over real HTTP in `test_faults`. This source is for cases that need
control over each read.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gdrive_wa.core.errors import GdriveWaError, NetworkError
from gdrive_wa.core.model import Backup, Entry, relative_to

MOMENT = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
BACKUP = Backup(name="source", account="15550100")


@dataclass
class StreamFault:
    """A fault of one stream.

    Attributes:
        refuse: raise this instead of opening a stream.
        breaks: raise an error after this many bytes.
        ends: end the stream without an error after this many bytes.
        whole: ignore the requested offset.
        start: start at this offset and report it.
        flip: change the byte at this position.
        content: serve this content instead.
        revision: report this revision.
        no_total: do not report the total size.
        before_read: called before each read.
    """

    refuse: GdriveWaError | None = None
    breaks: int | None = None
    ends: int | None = None
    whole: bool = False
    start: int | None = None
    flip: int | None = None
    content: bytes | None = None
    revision: str | None = None
    no_total: bool = False
    before_read: Callable[[], object] = field(default=lambda: None)


class FaultySource:
    """The files below a folder as entries with MD5 and size.

    Attributes:
        faults: by stored name, what happens to its first, second, … stream; later ones are good.
        opened: how often each was opened.
        offsets: where each was asked to start, in order.
        sent: bytes read of each.
        open_now: streams open at this moment, and the most there ever were.
    """

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: dict[str, list[StreamFault]] = {}
        self.opened: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.offsets: defaultdict[str, list[int]] = defaultdict(list)
        self.open_now = self.most_open = 0
        self.lock = threading.Lock()

    def put(self, stored_as: str, content: bytes) -> Entry:
        """Store `content`; return its entry, as listed from now on."""
        path = self.folder / stored_as
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return self.entry(stored_as)

    def entry(self, stored_as: str) -> Entry:
        content = (self.folder / stored_as).read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Entry(
            stored_as=stored_as,
            path=stored_as,
            locator=str(self.folder / stored_as),
            size=len(content),
            md5=md5,
            modified=MOMENT,
            revision=md5[:8],
        )

    def backups(self) -> list[Backup]:
        return [BACKUP]

    def entries(self, backup: Backup) -> Iterator[Entry]:  # noqa: ARG002 - there is one only
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield self.entry(relative_to(self.folder, path))

    def state(self, _backup: Backup) -> None:
        return None

    def path_of(self, _entry: Entry) -> None:
        return None

    def open(self, entry: Entry, *, offset: int = 0) -> Stream:
        with self.lock:
            faults = self.faults.get(entry.stored_as, [])
            number = self.opened[entry.stored_as]
            self.opened[entry.stored_as] += 1
            self.offsets[entry.stored_as].append(offset)
        fault = faults[number] if number < len(faults) else StreamFault()
        if fault.refuse is not None:
            raise fault.refuse
        return Stream(self, entry, offset, fault)

    def close(self) -> None:
        """Nothing is held."""


class Stream:
    def __init__(self, faulty: FaultySource, entry: Entry, offset: int, fault: StreamFault) -> None:
        content = bytearray(
            Path(entry.locator).read_bytes() if fault.content is None else fault.content
        )
        if fault.flip is not None:
            content[fault.flip] ^= 1
        self.offset = 0 if fault.whole else offset if fault.start is None else fault.start
        self.total: int | None = None if fault.no_total else len(content)
        self.revision = fault.revision
        self._faulty = faulty
        self._name = entry.stored_as
        self._rest = memoryview(bytes(content))[self.offset :]
        self._fault = fault
        self._given = 0

    def __enter__(self) -> Self:
        with self._faulty.lock:
            self._faulty.open_now += 1
            self._faulty.most_open = max(self._faulty.most_open, self._faulty.open_now)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._faulty.lock:
            self._faulty.open_now -= 1

    def read(self, size: int) -> bytes:
        self._fault.before_read()
        breaks, ends = self._fault.breaks, self._fault.ends
        stop = min(limit for limit in (breaks, ends, len(self._rest)) if limit is not None)
        piece = bytes(self._rest[self._given : min(self._given + size, stop)])
        if not piece and breaks is not None and breaks == self._given:
            raise NetworkError(f"the connection broke while {self._name} came")
        self._given += len(piece)
        with self._faulty.lock:
            self._faulty.sent[self._name] += len(piece)
        return piece
