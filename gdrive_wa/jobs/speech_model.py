"""The speech models: choose, download and load one.

They run in the library faster-whisper (CTranslate2), on this machine.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.core.limits import release_memory, use_one_arena

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
"""The size of each model's download, in megabytes."""
_MODEL_FILE = "model.bin"


class Settings(NamedTuple):
    """How recordings are transcribed.

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
        named = [part for part in parts if part != "model"]  # packages call a subfolder that
        return named[-1]


def parse_settings(model: str, language: str | None, device: str) -> Settings:
    """Check the settings of a run.

    Raises:
        UsageError: the extra is not installed, or the model, language or device is unknown.
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
        UsageError: the model cannot be loaded, or this machine does not have the device.
    """
    if not os.path.isdir(settings.model) and not _downloaded(settings.model):
        size = _DOWNLOAD_MB[settings.model]
        say(
            f"downloading the model {settings.model} ({size} MB) from Hugging Face;"
            " your recordings stay on this machine"
        )
        _download(settings.model)
    loaded_model(settings)


@lru_cache(maxsize=1)
def loaded_model(settings: Settings) -> Any:
    """The model in memory: a ``faster_whisper.WhisperModel``.

    Raises:
        UsageError: the model cannot be loaded, or this machine does not have the device.
    """
    whisper = _library()
    compute = {"cpu": "int8", "cuda": "float16", "auto": "default"}[settings.device]
    if settings.device == "auto" and not _has_cuda():
        settings, compute = settings._replace(device="cpu"), "int8"
    use_one_arena()
    try:
        model = whisper.WhisperModel(
            settings.model,
            device=settings.device,
            compute_type=compute,
            cpu_threads=settings.threads,
            local_files_only=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"the model '{settings.model}' cannot be loaded: {first_line(error)}",
            hint="try --device cpu, or another model with --model",
        ) from error
    release_memory()
    _encode_once(model)
    return model


def _encode_once(model: Any) -> None:
    """Make `model` reuse the last result of its encoder.

    The library encodes the first half minute of a recording to detect the language, and encodes it
    again to transcribe it. For a short recording, encoding is most of the time.
    """
    encode = model.encode
    last: tuple[Any, Any] | None = None

    def encode_once(features: Any) -> Any:
        nonlocal last
        if last is not None and _same_sound(last[0], features):
            return last[1]
        encoded = encode(features)
        last = features, encoded
        return encoded

    model.encode = encode_once


def _same_sound(one: Any, other: Any) -> bool:
    """True if two spectrograms (frequencies by hundredths of a second) differ in at most one
    hundredth: the library leaves out the last one when it transcribes."""
    return one.shape == other.shape and bool((one != other).any(axis=0).sum() <= 1)


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
            f"the model {model} cannot be downloaded: {first_line(error)}",
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


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or the name of its type."""
    return (str(error) or type(error).__name__).splitlines()[0]
