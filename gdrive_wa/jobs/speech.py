"""Write down what is said in a recording, with a Whisper model on this machine.

The model runs in the library faster-whisper (CTranslate2). :func:`hear` is a pure function on
plain data: it runs in a thread, a process, or on another machine with the same folders.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gdrive_wa.archive.audio import decoded
from gdrive_wa.archive.transcripts import Transcript
from gdrive_wa.core.errors import GdriveWaError, NetworkError, UsageError
from gdrive_wa.storage.tree import Tree

DEFAULT_MODEL = "small"
DEVICES = ("auto", "cpu", "cuda")
_DOWNLOAD_MB = {
    "tiny": 75,
    "tiny.en": 75,
    "base": 145,
    "base.en": 145,
    "small": 484,
    "small.en": 484,
    "medium": 1530,
    "medium.en": 1530,
    "large-v2": 3090,
    "large-v3": 3090,
    "large-v3-turbo": 1620,
    "turbo": 1620,
}
"""Megabytes of each model, as it is published for CTranslate2."""
_MODEL_FILE = "model.bin"
_RATE = 16_000
"""Samples per second that the models hear."""
_WINDOW = 20 * 60 * _RATE
"""Samples that are heard at a time, so that hours of speech do not need gigabytes."""
_BEAM = 8
"""Sentences that are held against each other. The library's 5 is a tenth faster, and gets two words
in a hundred more wrong with a small model."""
_LENGTH_PENALTY = 0.6
"""How far longer sentences are preferred. The library's 1 gets two to four words in a hundred more
wrong in short recordings than anything from 0.4 to 0.8 does."""
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Parameters of ``mallopt`` in the C library of GNU (malloc.h)."""
_RETURNED = 1 << 20
"""Bytes of memory from which on it is given back to the system as soon as it is free."""
STOPPED = "stopped"


class Settings(NamedTuple):
    """How recordings are heard.

    Attributes:
        model: a model's name, or the absolute path of a folder with a CTranslate2 model.
        language: ISO 639-1 code; None to detect it for each recording.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: processor threads for one recording; 0 for the library's choice.
    """

    model: str
    language: str | None = None
    device: str = "auto"
    threads: int = 0

    @property
    def name(self) -> str:
        """The model's name; for a folder, the folder's."""
        parts = Path(self.model).parts
        named = [part for part in parts if part != "model"]  # as packages call the folder within
        return named[-1]


class Heard(NamedTuple):
    """The result for one recording: a transcript, or the reason why there is none."""

    transcript: Transcript | None
    reason: str = ""


def parse_settings(model: str, language: str | None, device: str) -> Settings:
    """Check the settings of a run.

    Raises:
        UsageError: the extra is not installed, or there is no such model, language or device.
    """
    _library()
    if device not in DEVICES:
        raise UsageError(f"unknown device '{device}'", hint=f"choose one of: {', '.join(DEVICES)}")
    if language is not None and language not in _languages():
        raise UsageError(
            f"the models do not know the language '{language}'",
            hint="give a code of two letters, such as en, de or pt; or leave it out to detect it",
        )
    folder = Path(model)
    if folder.is_dir():
        if not (folder / _MODEL_FILE).is_file():
            raise UsageError(
                f"the folder '{model}' does not contain a model",
                hint=f"choose the folder with {_MODEL_FILE}, in the format of faster-whisper",
            )
        return Settings(str(folder.resolve()), language, device)
    if model not in _DOWNLOAD_MB:
        raise UsageError(
            f"no model or folder named '{model}'",
            hint=f"choose a folder with a model, or one of: {', '.join(_DOWNLOAD_MB)}",
        )
    return Settings(model, language, device)


def prepare(settings: Settings, say: Callable[[str], None]) -> None:
    """Load the model, so that every problem with it shows before the first recording.

    A model that is not on this machine is downloaded, after a line that says so.

    Raises:
        NetworkError: the model cannot be downloaded.
        UsageError: it cannot be loaded, or there is no such device.
    """
    if not os.path.isdir(settings.model) and not _downloaded(settings.model):
        size = _DOWNLOAD_MB[settings.model]
        say(
            f"downloading the model {settings.model} ({size} MB) from Hugging Face;"
            " your recordings stay on this machine"
        )
        _download(settings.model)
    _model(settings)


def hear(
    settings: Settings,
    path: str,
    sha256: str,
    near: str,
    stop: Callable[[], bool] | None = None,
) -> Heard:
    """Write down what is said in the recording `path`.

    Args:
        settings: which model, and how.
        path: an audio file.
        sha256: of the recording, to identify the transcript.
        near: a folder for the samples of a very long recording.
        stop: asked between two parts of half a minute; True ends it without a transcript.
    """
    texts: list[str] = []
    words: list[tuple[float, float, str]] = []
    language = settings.language or ""
    try:
        model = _model(settings)
        for start, samples in _windows(path, near):
            segments, about = model.transcribe(
                samples,
                language=settings.language,
                beam_size=_BEAM,
                length_penalty=_LENGTH_PENALTY,
                word_timestamps=True,
                vad_filter=True,
                condition_on_previous_text=False,
            )
            language = language or about.language
            for segment in segments:
                if stop is not None and stop():
                    return Heard(None, STOPPED)
                texts.append(segment.text.strip())
                words += [
                    (round(start + word.start, 2), round(start + word.end, 2), word.word.strip())
                    for word in segment.words or ()
                ]
    except GdriveWaError as error:
        return Heard(None, error.message)
    except (ValueError, RuntimeError, IndexError) as error:  # CTranslate2's
        return Heard(None, f"the model failed: {_first_line(error)}")
    text = " ".join(filter(None, texts))
    return Heard(Transcript(sha256, settings.name, language, text, tuple(words) if text else ()))


def _windows(path: str, near: str) -> Iterator[tuple[float, Any]]:
    """The samples of a recording, as arrays of numbers from -1 to 1, each with its start."""
    import numpy as np  # noqa: PLC0415 - comes with the extra

    tree = Tree(Path(near).parent)
    with decoded(tree, path, near=tree.below(near), rate=_RATE) as recording:
        pieces, start, count = [], 0, 0
        for piece in recording.pieces():
            pieces.append(piece)
            count += len(piece) // 2
            if count >= _WINDOW:
                yield start / _RATE, _numbers(np, pieces)
                pieces, start, count = [], start + count, 0
        if pieces:
            yield start / _RATE, _numbers(np, pieces)


def _numbers(np: Any, pieces: list[bytes]) -> Any:
    return np.frombuffer(b"".join(pieces), np.int16).astype(np.float32) / 32768


@lru_cache(maxsize=1)
def _model(settings: Settings) -> Any:
    whisper = _library()
    compute = {"cpu": "int8", "cuda": "float16", "auto": "default"}[settings.device]
    if settings.device == "auto" and not _has_cuda():
        settings, compute = settings._replace(device="cpu"), "int8"
    _return_memory()
    try:
        return whisper.WhisperModel(
            settings.model,
            device=settings.device,
            compute_type=compute,
            cpu_threads=settings.threads,
            local_files_only=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"the model '{settings.model}' cannot be loaded: {_first_line(error)}",
            hint="try --device cpu, or another model with --model",
        ) from error


def _return_memory() -> None:
    """Let the C library give memory back, if it is that of GNU. Otherwise it keeps what a
    recording needed for a moment: some 50 MB with a small model."""
    import ctypes  # noqa: PLC0415 - for this alone

    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_MMAP_THRESHOLD, _RETURNED)
        mallopt(_TRIM_THRESHOLD, _RETURNED)


def _has_cuda() -> bool:
    import ctranslate2  # type: ignore[import-untyped] # noqa: PLC0415 - an extra

    return bool(ctranslate2.get_cuda_device_count())


def _languages() -> frozenset[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES  # type: ignore[import-untyped] # noqa: PLC0415 - no public list

    return frozenset(_LANGUAGE_CODES)


def _downloaded(model: str) -> bool:
    try:
        _library().download_model(model, local_files_only=True)
    except (OSError, ValueError):
        return False
    return True


def _download(model: str) -> None:
    try:
        _library().download_model(model)
    except Exception as error:
        raise NetworkError(
            f"the model {model} cannot be downloaded: {_first_line(error)}",
            hint="check the connection; or copy a model's folder here, and give it with --model",
        ) from error


def _library() -> Any:
    try:
        import faster_whisper  # type: ignore[import-untyped] # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "transcripts need an extra that is not installed",
            hint='pip install "gdrive-wa[transcribe]"',
        ) from error
    logging.getLogger("faster_whisper").setLevel(logging.ERROR)
    return faster_whisper


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
