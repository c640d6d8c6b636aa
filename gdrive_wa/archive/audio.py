"""Audio decoded and encoded anew, with PyAV, for players that know no Opus.

What is decoded was made by somebody else's phone, or says so: its container is told by its first
bytes and no other is tried, and it is read from the open file alone, so that none of the formats
in which a file names other files is ever believed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from gdrive_wa.core.errors import DamagedError, FormatError, UsageError
from gdrive_wa.storage.disk import storage_errors

if TYPE_CHECKING:
    import av

RATE = 48_000
"""Samples a second of everything that is decoded; Opus's own."""
BIT_RATE = 64_000
"""Bits a second that speech keeps all its quality at, in AAC and MP3 alike."""
FORMATS: Mapping[str, tuple[str, Literal["aac", "libmp3lame"]]] = {
    "m4a": ("ipod", "aac"),
    "mp3": ("mp3", "libmp3lame"),
}
"""What can be written: the container and the codec by FFmpeg's names."""

_VERIFY = "gdrive-wa verify ARCHIVE tells whether it is still what was written"
_WIDTH = 2
_IN_MEMORY = 32 << 20
_PIECE = RATE * _WIDTH
_MAGIC = (
    (0, b"OggS", "ogg"),
    (4, b"ftyp", "mov"),
    (0, b"#!AMR", "amr"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"RIFF", "wav"),
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a long recording, from sample `start` to where the next one begins."""

    title: str
    start: int


def load_av() -> Any:
    """The library itself.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import av  # noqa: PLC0415 - an extra, and not small
    except ImportError as error:
        raise UsageError(
            "export needs a library that is not installed",
            hint='install it with: pip install "gdrive-wa[audio]"',
        ) from error
    return av


class Samples:
    """A recording decoded: 16-bit mono samples at :data:`RATE`.

    Attributes:
        count: samples.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = file.seek(0, 2) // _WIDTH

    def pieces(self) -> Iterator[bytes]:
        """The samples, a second at a time."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece


@contextmanager
def decoded(path: Path, *, near: Path) -> Iterator[Samples]:
    """A whole recording, decoded; half of one is none.

    Args:
        path: of the recording.
        near: the folder in which the samples of a very long one are kept meanwhile.

    Raises:
        DamagedError: it is gone, no audio, or damaged.
        StorageError: it cannot be read, or the disk is full.
    """
    av = load_av()
    if not path.is_file():
        raise DamagedError(f"the file is gone: {path.name}", hint=_VERIFY)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(near)) as out:
        with storage_errors(path), path.open("rb") as file:
            container = _container(file.read(16), path)
            file.seek(0)
            try:
                _decode(av, file, container, out)
            except (av.FFmpegError, ValueError, LookupError) as error:
                raise FormatError(
                    f"the audio cannot be decoded: {path.name}", hint=_VERIFY
                ) from error
        samples = Samples(out)
        if not samples.count:
            raise FormatError(f"there is no audio in {path.name}", hint=_VERIFY)
        yield samples


class Encoder:
    """A new recording being written. A context manager: it is whole once left without an error.

    Args:
        out: an empty file, writable and seekable.
        form: a key of :data:`FORMATS`.
        tags: its metadata by FFmpeg's names: ``title``, ``artist``, ``album``, ``date``, ….

    Attributes:
        position: samples written so far.
    """

    def __init__(self, out: IO[bytes], form: str, tags: Mapping[str, str]) -> None:
        self._av = load_av()
        container, codec = FORMATS[form]
        self._out: av.container.OutputContainer = self._av.open(out, "w", format=container)
        self._stream = self._out.add_stream(codec, rate=RATE, layout="mono")
        self._stream.bit_rate = BIT_RATE
        self._out.metadata.update({name: _clean(text) for name, text in tags.items()})
        self._chapters: list[Chapter] = []
        self.position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._out.mux(self._stream.encode(None))
            self._write_chapters()
        self._out.close()

    def add(self, samples: Samples) -> None:
        """`samples` come next."""
        for piece in samples.pieces():
            self._write(piece)

    def silence(self, count: int) -> None:
        """So many samples of nothing."""
        self._write(bytes(count * _WIDTH))

    def chapter(self, title: str) -> None:
        """What comes next begins a chapter; only m4a keeps them."""
        self._chapters.append(Chapter(title, self.position))

    def _write(self, piece: bytes) -> None:
        frame = self._av.AudioFrame("s16", "mono", len(piece) // _WIDTH)
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self.position
        frame.planes[0].update(piece)
        self.position += frame.samples
        self._out.mux(self._stream.encode(frame))

    def _write_chapters(self) -> None:
        if not self._chapters:
            return
        ends = [*(chapter.start for chapter in self._chapters[1:]), self.position]
        chapters: list[Any] = [  # what PyAV calls their type differs from version to version
            {
                "id": number,
                "start": chapter.start,
                "end": end,
                "time_base": Fraction(1, RATE),
                "metadata": {"title": _clean(chapter.title)},
            }
            for number, (chapter, end) in enumerate(zip(self._chapters, ends, strict=True))
        ]
        self._out.set_chapters(chapters)


def _decode(av: Any, file: IO[bytes], container: str, out: IO[bytes]) -> None:
    with av.open(file, format=container, **_lenient(av)) as recording:
        resampler = av.AudioResampler("s16", "mono", RATE)
        for frame in recording.decode(recording.streams.audio[0]):
            _keep(resampler.resample(frame), out)
        _keep(resampler.resample(None), out)


def _lenient(av: Any) -> dict[str, str]:
    """Tags that are no UTF-8 cost no recording; from version 19 on PyAV needs no telling."""
    return {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}


def _keep(frames: list[Any], out: IO[bytes]) -> None:
    for frame in frames:
        out.write(bytes(frame.planes[0])[: frame.samples * _WIDTH])


def _container(head: bytes, path: Path) -> str:
    for at, magic, container in _MAGIC:
        if head[at:].startswith(magic):
            return container
    raise FormatError(f"this is no kind of audio that is known: {path.name}", hint=_VERIFY)


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
