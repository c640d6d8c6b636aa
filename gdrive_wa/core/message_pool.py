"""Keep the messages around many voice notes in about twenty bytes each, plus the text.

As objects, the messages around 20 000 notes take more memory than the notes themselves. A note has
sequences that create the objects only when they are used.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import overload

from gdrive_wa.core.context import ContextKind, ContextMessage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TIME = -(1 << 63)
_KINDS = tuple(ContextKind)
_KIND_AT = {kind: at for at, kind in enumerate(_KINDS)}

_Who = tuple[str, str | None, bool]


class MessagePool:
    """Messages by number, from 0 in the order in which they were added."""

    def __init__(self) -> None:
        self._texts = bytearray()
        self._ends = array("Q", [0])
        self._times = array("q")
        self._kinds = array("B")
        self._senders = array("L")
        self._files: dict[int, tuple[str | None, str | None]] = {}
        self._people: list[_Who] = []
        self._person_at: dict[_Who, int] = {}

    def add(self, message: ContextMessage) -> int:
        """Keep `message`, and return its number."""
        who = (message.sender, message.sender_jid, message.from_me)
        files = (message.file, message.whatsapp_path)
        return self.add_parts(who, message.sent_at, message.text, message.kind, files)

    def add_parts(
        self,
        who: tuple[str, str | None, bool],
        sent_at: datetime | None,
        text: str,
        kind: ContextKind,
        files: tuple[str | None, str | None] = (None, None),
    ) -> int:
        """Keep a message without making an object of it, and return its number.

        Args:
            who: as :meth:`person` returns it.
            sent_at: as in :class:`ContextMessage`.
            text: likewise.
            kind: likewise.
            files: its path in the archive and on the phone.
        """
        self._texts += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._texts))
        self._times.append(_NO_TIME if sent_at is None else _microseconds(sent_at))
        self._kinds.append(_KIND_AT[kind])
        at = self._person_at.setdefault(who, len(self._people))
        if at == len(self._people):
            self._people.append(who)
        self._senders.append(at)
        number = len(self._times) - 1
        if files != (None, None):
            self._files[number] = files
        return number

    def __getitem__(self, number: int) -> ContextMessage:
        person, sent_at, text, kind, file = self.parts(number)
        sender, sender_jid, from_me = self._people[person]
        return ContextMessage(
            sender=sender,
            sent_at=sent_at,
            text=text,
            kind=kind,
            sender_jid=sender_jid,
            from_me=from_me,
            file=file,
            whatsapp_path=self._files[number][1] if number in self._files else None,
        )

    def parts(self, number: int) -> tuple[int, datetime | None, str, ContextKind, str | None]:
        """A message's number for :meth:`person`, time, text, kind and file: what lists and pages
        need, without an object for each of thousands of messages."""
        text = self._texts[self._ends[number] : self._ends[number + 1]]
        sent_at = self._times[number]
        return (
            self._senders[number],
            None if sent_at == _NO_TIME else _EPOCH + timedelta(microseconds=sent_at),
            text.decode("utf-8", "surrogatepass"),
            _KINDS[self._kinds[number]],
            self._files[number][0] if number in self._files else None,
        )

    def person(self, number: int) -> tuple[str, str | None, bool]:
        """The name and the jid of a sender, and whether that is the owner."""
        return self._people[number]

    def kind(self, number: int) -> ContextKind:
        """The kind of a message."""
        return _KINDS[self._kinds[number]]

    def sequence(self, numbers: Iterable[int]) -> Sequence[ContextMessage]:
        """The messages with these numbers, as a sequence for a note."""
        kept = array("L", numbers).tobytes()
        return PooledMessages(self, kept) if kept else ()

    def kept(self, messages: Iterable[ContextMessage]) -> Sequence[ContextMessage]:
        """`messages`, added to the pool."""
        return self.sequence(map(self.add, messages))


def _microseconds(moment: datetime) -> int:
    """A moment in microseconds since 1970 UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class PooledMessages(Sequence[ContextMessage]):
    """Messages of a pool, equal to a tuple of the same messages.

    Args:
        pool: holds them.
        numbers: their numbers in it, as the bytes of an array of type ``L``.
    """

    __slots__ = ("_numbers", "_pool")

    def __init__(self, pool: MessagePool, numbers: bytes) -> None:
        self._pool = pool
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers) // _NUMBER_SIZE

    def __iter__(self) -> Iterator[ContextMessage]:
        return map(self._pool.__getitem__, self.numbers())

    @property
    def pool(self) -> MessagePool:
        """The pool with the messages."""
        return self._pool

    def numbers(self) -> memoryview[int]:
        """The numbers of the messages in the pool."""
        return memoryview(self._numbers).cast("L")

    def kinds(self) -> Iterator[ContextKind]:
        """The kind of each message, without creating objects."""
        return map(self._pool.kind, self.numbers())

    @overload
    def __getitem__(self, at: int) -> ContextMessage: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[ContextMessage, ...]: ...
    def __getitem__(self, at: int | slice) -> ContextMessage | tuple[ContextMessage, ...]:
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple | PooledMessages):
            return len(self) == len(other) and tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[type, tuple[tuple[ContextMessage, ...]]]:
        return tuple, (tuple(self),)


_NUMBER_SIZE = array("L").itemsize


def kinds_of(messages: Sequence[ContextMessage]) -> Iterator[ContextKind]:
    """The kind of each of `messages`."""
    if isinstance(messages, PooledMessages):
        return messages.kinds()
    return (message.kind for message in messages)


class Messages(MutableMapping[int, ContextMessage]):
    """Messages by their numbers in a database."""

    def __init__(self) -> None:
        self._pool = MessagePool()
        self._at: dict[int, int] = {}

    def __getitem__(self, number: int) -> ContextMessage:
        return self._pool[self._at[number]]

    def __setitem__(self, number: int, message: ContextMessage) -> None:
        self._at[number] = self._pool.add(message)

    def add_parts(
        self,
        number: int,
        who: tuple[str, str | None, bool],
        sent_at: datetime | None,
        text: str,
        kind: ContextKind,
        files: tuple[str | None, str | None],
    ) -> None:
        """As :meth:`MessagePool.add_parts`, of the message `number`."""
        self._at[number] = self._pool.add_parts(who, sent_at, text, kind, files)

    def __delitem__(self, number: int) -> None:
        del self._at[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    def sequence(self, numbers: Iterable[int]) -> Sequence[ContextMessage]:
        """The messages with these numbers; numbers without a message are left out."""
        return self._pool.sequence(self._at[number] for number in numbers if number in self._at)
