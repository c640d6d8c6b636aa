"""Re-encode audio with PyAV for players that do not support Opus.

The input comes from other people's phones and is not trusted. Its container is recognised by its
first bytes, and only that one demuxer is used. FFmpeg reads from the open file only, so a format
that refers to other files cannot reach them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from gdrive_wa.core.errors import DamagedError, FormatError, UsageError
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.tree import Tree

if TYPE_CHECKING:
    import av

RATE = 48_000
"""Sample rate of decoded audio, in Hz; the native rate of Opus."""
BIT_RATE = 64_000
"""Bits per second; transparent for speech in both AAC and MP3."""
FORMATS: Mapping[str, tuple[str, Literal["aac", "libmp3lame"]]] = {
    "m4a": ("ipod", "aac"),
    "mp3": ("mp3", "libmp3lame"),
}
"""Supported output formats: FFmpeg's names of the container and the codec."""

_VERIFY = "to check the archive for damage, run: gdrive-wa verify ARCHIVE"
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
    """A chapter of a recording: from sample `start` to the next chapter."""

    title: str
    start: int


def load_av() -> Any:
    """Import PyAV.

    Raises:
        UsageError: PyAV is not installed.
    """
    try:
        import av  # noqa: PLC0415 - an extra, and not small
    except ImportError as error:
        raise UsageError(
            "export needs PyAV, which is not installed",
            hint='install it with: pip install "gdrive-wa[audio]"',
        ) from error
    return av


class Samples:
    """A decoded recording: 16-bit mono samples, usually at :data:`RATE`.

    Attributes:
        count: number of samples.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = file.seek(0, 2) // _WIDTH

    def pieces(self) -> Iterator[bytes]:
        """The samples, in blocks of one second."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece


@contextmanager
def decoded(tree: Tree, name: str, *, near: Tree, rate: int = RATE) -> Iterator[Samples]:
    """Decode a whole recording; a partly damaged one is an error.

    Args:
        tree: the archive.
        name: path of the recording in it.
        near: the folder for temporary samples of a very long recording.
        rate: samples per second.

    Raises:
        DamagedError: the file is missing, damaged, or not audio.
        StorageError: the file cannot be read, or the disk is full.
    """
    av = load_av()
    path = PurePosixPath(name)
    if not tree.is_file(name):
        raise DamagedError(f"the file '{path.name}' is missing", hint=_VERIFY)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=near.root) as out:
        with storage_errors(tree.shown(name)), tree.open(name, buffering=-1) as file:
            container = _container(file.read(16), path)
            file.seek(0)
            try:
                _decode(av, file, container, out, rate)
            except (av.FFmpegError, ValueError, LookupError) as error:
                raise FormatError(
                    f"the audio in '{path.name}' cannot be decoded", hint=_VERIFY
                ) from error
        samples = Samples(out)
        if not samples.count:
            raise FormatError(f"'{path.name}' contains no audio", hint=_VERIFY)
        yield samples


class Encoder:
    """Writes one recording. A context manager: leaving it without an error completes the file.

    Args:
        out: an empty file, writable and seekable.
        form: one of :data:`FORMATS`.
        tags: metadata by FFmpeg's names: ``title``, ``artist``, ``album``, ``date``, ….

    Attributes:
        position: number of samples written so far.
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
        """Append `samples`."""
        for piece in samples.pieces():
            self._write(piece)

    def silence(self, count: int) -> None:
        """Append `count` samples of silence."""
        self._write(bytes(count * _WIDTH))

    def chapter(self, title: str) -> None:
        """Begin a chapter at the current position; only m4a stores chapters."""
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
        chapters: list[Any] = [  # PyAV's name for their type depends on its version
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


def _decode(av: Any, file: IO[bytes], container: str, out: IO[bytes], rate: int) -> None:
    with av.open(file, format=container, **_lenient(av)) as recording:
        resampler = av.AudioResampler("s16", "mono", rate)
        for frame in recording.decode(recording.streams.audio[0]):
            _keep(resampler.resample(frame), out)
        _keep(resampler.resample(None), out)


def _lenient(av: Any) -> dict[str, str]:
    """Accept tags that are not valid UTF-8; PyAV 19 and later do so by default."""
    return {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}


def _keep(frames: list[Any], out: IO[bytes]) -> None:
    for frame in frames:
        out.write(bytes(frame.planes[0])[: frame.samples * _WIDTH])


def _container(head: bytes, path: PurePosixPath) -> str:
    for at, magic, container in _MAGIC:
        if head[at:].startswith(magic):
            return container
    raise FormatError(f"'{path.name}' is not in a supported audio format", hint=_VERIFY)


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
