"""Write down what is said in a recording, with a Whisper model on this machine.

The model runs in the library faster-whisper (CTranslate2). :func:`transcribe_recording` is a pure
function on plain data: it runs in a thread, a process, or on another machine with the same folders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gdrive_wa.archive.audio import decoded
from gdrive_wa.archive.transcripts import Transcript
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.limits import reuse_memory
from gdrive_wa.jobs.speech_model import Settings, first_line, loaded_model
from gdrive_wa.storage.tree import Tree

_RATE = 16_000
"""The sample rate that the models need, in samples per second."""
_WINDOW = 2 * 60 * _RATE
"""Samples that are transcribed at a time. Ten minutes at a time need 700 MB more than two."""
_PAUSE = _RATE // 10
"""Samples of a pause: a window ends in the quietest tenth of a second near its end."""
_PAUSE_WITHIN = 5 * _RATE
"""Samples at the end of a window in which that pause is looked for."""
_OPTIONS = {
    "beam_size": 8,
    "length_penalty": 0.6,
    "word_timestamps": True,
    "vad_filter": True,
    "condition_on_previous_text": False,
}
"""Options for the library's transcription.

It compares eight candidate sentences. Its default, five, is a tenth faster, but with a small model
two more words in a hundred are wrong. With its default length penalty of 1, which prefers longer
sentences, two to four more words in a hundred are wrong in short recordings than with 0.4 to 0.8.
"""
_REUSED = 100 << 20
"""Bytes of freed memory that are kept for the next layer of the model."""
STOPPED = "stopped"


class Transcription(NamedTuple):
    """The result for one recording: a transcript, or the reason why there is none."""

    transcript: Transcript | None
    reason: str = ""


def transcribe_recording(
    settings: Settings,
    path: str,
    sha256: str,
    near: str,
    stop: Callable[[], bool] | None = None,
) -> Transcription:
    """Write down what is said in the recording `path`.

    Args:
        settings: the model, and how it is used.
        path: an audio file.
        sha256: of the recording, to identify the transcript.
        near: a folder for the samples of a very long recording.
        stop: called between two parts of half a minute; True ends the work without a transcript.
    """
    texts: list[str] = []
    words: list[tuple[float, float, str]] = []
    language = settings.language
    try:
        model = loaded_model(settings)
        with reuse_memory(_REUSED):
            for start, samples in _windows(path, near):
                segments, about = model.transcribe(samples, language=language, **_OPTIONS)
                for segment in segments:
                    if stop is not None and stop():
                        return Transcription(None, STOPPED)
                    texts.append(segment.text.strip())
                    words += _timed(segment.words or (), start)
                language = about.language if texts else language
    except GdriveWaError as error:
        return Transcription(None, error.message)
    except (ValueError, RuntimeError, IndexError) as error:  # CTranslate2's
        return Transcription(None, f"the model failed: {first_line(error)}")
    text = " ".join(filter(None, texts))
    timed = tuple(words) if text else ()
    return Transcription(Transcript(sha256, settings.name, language or "", text, timed))


def _timed(words: Iterable[Any], start: float) -> list[tuple[float, float, str]]:
    return [
        (round(start + word.start, 2), round(start + word.end, 2), word.word.strip())
        for word in words
    ]


def _windows(path: str, near: str) -> Iterator[tuple[float, Any]]:
    """The samples of a recording, as arrays of numbers from -1 to 1, each with its start."""
    import numpy as np  # noqa: PLC0415 - comes with the extra

    tree = Tree(Path(near).parent)
    with decoded(tree, path, near=tree.below(near), rate=_RATE) as recording:
        waiting, start = bytearray(), 0
        for piece in recording.pieces():
            waiting += piece
            if len(waiting) >= 2 * _WINDOW:
                samples = np.frombuffer(bytes(waiting), np.int16)
                end = len(samples) - _PAUSE_WITHIN + _pause(samples[-_PAUSE_WITHIN:])
                yield start / _RATE, _numbers(samples[:end])
                del waiting[: 2 * end]
                start += end
        if waiting:
            yield start / _RATE, _numbers(np.frombuffer(bytes(waiting), np.int16))


def _pause(samples: Any) -> int:
    """The position of the quietest moment in `samples`."""
    loudness = abs(samples.astype("int32")).reshape(-1, _PAUSE).sum(axis=1)
    return int(loudness.argmin()) * _PAUSE + _PAUSE // 2


def _numbers(samples: Any) -> Any:
    return samples.astype("float32") / 32768
