"""The transcription of one recording by a speech model."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from gdrive_wa.emulation.story import read_recordings
from gdrive_wa.jobs import speech
from gdrive_wa.jobs.speech import transcribe_recording
from gdrive_wa.jobs.speech_model import loaded_model, parse_settings

pytestmark = pytest.mark.slow


def joined(names: list[str], folder: Path) -> Path:
    """Recordings of the sample, one after another in one file."""
    path = folder / "joined.wav"
    with av.open(path, "w") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for name in names:
            one = folder / f"{name}.opus"
            one.write_bytes(read_recordings()[name].audio)
            resampler = av.AudioResampler("s16", "mono", 16_000)
            with av.open(one) as recording:
                for decoded in recording.decode(audio=0):
                    for frame in resampler.resample(decoded):
                        frame.pts = None
                        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def hear_in(folder: Path, path: Path, model: Path, language: str | None) -> Any:
    (folder / ".gdrive-wa").mkdir(exist_ok=True)
    settings = parse_settings(str(model), language, "cpu")
    heard = transcribe_recording(settings, str(path), "0" * 64, str(folder / ".gdrive-wa"))
    assert heard.transcript is not None, heard.reason
    return heard.transcript


def test_a_long_recording_is_transcribed_in_parts_that_end_in_pauses(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["mum", "anna", "sam", "grandpa3", "marta"]
    path = joined(names, tmp_path)
    whole = hear_in(tmp_path, path, tiny_model, "en")
    monkeypatch.setattr(speech, "_WINDOW", 11 * 16_000)
    parts = hear_in(tmp_path, path, tiny_model, "en")
    starts = [start for start, _, _ in parts.words]
    assert starts == sorted(starts)
    assert abs(parts.words[-1][1] - whole.words[-1][1]) < 0.5
    for word in ("mum", "monday", "potatoes"):
        assert word in whole.text.lower()
        assert word in parts.text.lower()


def test_no_sample_is_lost_between_two_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = joined(["mum", "anna", "sam"], tmp_path)
    (tmp_path / ".gdrive-wa").mkdir()
    near = str(tmp_path / ".gdrive-wa")
    [(_, whole)] = speech._windows(str(path), near)
    monkeypatch.setattr(speech, "_WINDOW", 6 * 16_000)
    parts = list(speech._windows(str(path), near))
    assert len(parts) > 2
    assert [value for _, samples in parts for value in samples] == list(whole)
    for (start, samples), (following, _) in pairwise(parts):
        assert following == pytest.approx(start + len(samples) / 16_000)
        assert abs(samples[-400:]).max() < 0.01, "it ends within a word"


def test_a_recording_is_encoded_once_though_its_language_is_detected(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper = pytest.importorskip("faster_whisper")
    encoded: list[Any] = []
    encode = whisper.WhisperModel.encode

    def counted(model: Any, features: Any) -> Any:
        encoded.append(features)
        return encode(model, features)

    monkeypatch.setattr(whisper.WhisperModel, "encode", counted)
    loaded_model.cache_clear()
    for number, name in enumerate(("mum", "anna"), 1):
        path = joined([name], tmp_path)
        detected = hear_in(tmp_path, path, base_model, None)
        assert detected.language == "en"
        assert len(encoded) == number
    monkeypatch.undo()
    loaded_model.cache_clear()
    assert hear_in(tmp_path, path, base_model, "en").text == detected.text
