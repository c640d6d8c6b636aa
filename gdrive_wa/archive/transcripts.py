"""Transcripts that a model on this machine wrote, in addition to WhatsApp's own.

``.gdrive-wa/transcripts.jsonl`` has one JSON object per line, the newest last: ``sha256`` of the
recording without tags, ``model``, ``language``, ``text`` and ``words`` (start and end in seconds,
and the word). An empty text means that the model heard no speech. A run that was killed may leave
an incomplete last line, which is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gdrive_wa.archive.index import parsed_words
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import WHATSAPP, VoiceNote, Words
from gdrive_wa.core.names import whole_text
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree, as_tree

TRANSCRIPTS_NAME = "transcripts.jsonl"
_PATH = f"{STATE_FOLDER}/{TRANSCRIPTS_NAME}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one recording by a model.

    Attributes:
        sha256: SHA-256 of the recording without tags, hex.
        model: the model's name.
        language: ISO 639-1 code, detected or given.
        text: everything that was said; empty if nothing was.
        words: start and end in seconds, and the word with its punctuation.
    """

    sha256: str
    model: str
    language: str
    text: str
    words: Words = ()


def read_transcripts(folder: Tree | Path) -> dict[str, Transcript]:
    """The newest transcript of each recording in the archive `folder`, by hash.

    Raises:
        StorageError: the file cannot be read.
    """
    tree = as_tree(folder)
    found: dict[str, Transcript] = {}
    with storage_errors(tree.shown(_PATH)):
        if not tree.lexists(_PATH):
            return found
        with tree.open(_PATH, buffering=-1) as lines:
            for line in lines:
                if (transcript := _parsed(line)) is not None:
                    found[transcript.sha256] = transcript
    return found


def with_transcript(
    note: VoiceNote, sha256: str | None, transcripts: Mapping[str, Transcript]
) -> VoiceNote:
    """`note` with the transcript of its recording, unless it has WhatsApp's own."""
    found = transcripts.get(sha256 or "")
    if found is None or note.transcript_source == WHATSAPP:
        return note
    if not found.text:
        return replace(note, transcript=None, transcript_source=None, words=())
    return replace(note, transcript=found.text, transcript_source=found.model, words=found.words)


@contextmanager
def transcript_log(folder: Tree | Path) -> Iterator[TranscriptLog]:
    """Append to the transcripts of the archive `folder`, which this run has locked.

    Raises:
        StorageError: the file cannot be written.
    """
    tree = as_tree(folder)
    with storage_errors(tree.shown(_PATH)):
        if tree.is_file(_PATH) and tree.lstat(_PATH).st_nlink > 1:
            write_file(_PATH, tree.read(_PATH), tree=tree)  # do not change a hard-linked copy
        file = tree.open(_PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT, "ab", buffering=-1)
    with file:
        yield TranscriptLog(file, tree.shown(_PATH))


class TranscriptLog:
    """Appends transcripts to an open file; made by :func:`transcript_log`."""

    def __init__(self, file: IO[bytes], shown: str) -> None:
        self._file = file
        self._shown = shown

    def add(self, transcript: Transcript) -> None:
        """Write `transcript`; it is on the disk when this returns.

        Raises:
            StorageError: the disk is full or read-only.
        """
        line = json.dumps(
            {
                "sha256": transcript.sha256,
                "model": transcript.model,
                "language": transcript.language,
                "text": transcript.text,
                "words": transcript.words,
            },
            ensure_ascii=False,
        )
        with storage_errors(self._shown):
            # The previous line may be incomplete, if the run that wrote it was killed.
            self._file.write(b"\n" + line.encode("utf-8", "replace") + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def _parsed(line: bytes) -> Transcript | None:
    try:
        item = json.loads(line)
        texts = {name: item[name] for name in ("sha256", "model", "language", "text")}
        if not all(isinstance(text, str) for text in texts.values()):
            return None
        whole = {name: whole_text(text) for name, text in texts.items()}
        return Transcript(**whole, words=parsed_words(item["words"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
