"""The lists of an archive: its notes, and the transcripts that a model wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gdrive_wa.archive.index import read_index, salvaged, write_json, write_table
from gdrive_wa.archive.transcripts import read_transcripts, with_transcript
from gdrive_wa.core.context import ContextKind, ContextMessage, Reaction, Reply
from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.storage.manifest import STATE_FOLDER
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of, folder

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
SAID = ContextMessage(
    sender="Anna", sent_at=MOMENT, text="hello", kind=ContextKind.TEXT, sender_jid="a@b"
)
NOTE = VoiceNote(
    chat="Anna",
    chat_jid="15550101@s.whatsapp.net",
    sender="Anna",
    from_me=False,
    sent_at=MOMENT,
    file="Voice notes/Anna/a.opus",
    duration=2.5,
    size=12,
    status=NoteStatus.RESTORED,
    transcript="hello",
    transcript_source="small",
    words=((0.0, 1.5, "hello"),),
    sha256="ab" * 32,
    waveform=(1, 2, 99),
    before=(SAID,),
    after=(SAID,),
    reactions=(Reaction(emoji="+", sender="Ben"),),
    reply_to=Reply(sender="Anna", text="x", kind=ContextKind.TEXT),
)
TRANSCRIPT = {
    "sha256": "ab" * 32,
    "model": "small",
    "language": "en",
    "text": "hello you",
    "words": [[0, 0.5, "hello"], [0.5, 1, "you"]],
}


def try_one(data: bytes) -> object:
    """What is read can be written, and is the same when it is read again."""
    path = file_of(data, "voice-notes.json")
    (folder() / STATE_FOLDER).mkdir(exist_ok=True)
    file_of(data, f"{STATE_FOLDER}/transcripts.jsonl")
    transcripts = read_transcripts(folder())
    try:
        notes = read_index(path)
    except FormatError:
        notes = salvaged(path)
    for found in transcripts.values():
        notes.append(with_transcript(NOTE, found.sha256, {found.sha256: found}))
        notes.append(with_transcript(NOTE, NOTE.sha256, {NOTE.sha256 or "": found}))
    out = bytearray()
    write_json(notes, out.extend)
    json.loads(out, parse_constant=_not_json)
    assert read_index(file_of(bytes(out), "again.json")) == notes
    write_table(notes, out.extend)
    return min(len(notes), 9), len(transcripts)


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def main(arguments: list[str]) -> int:
    out = bytearray()
    write_json([NOTE, NOTE], out.extend)
    line = json.dumps(TRANSCRIPT).encode() + b"\n"
    pretty = json.dumps(json.loads(out), indent=1).encode()
    odd = [
        line.replace(b"0.5", number) for number in (b"1e999", b"NaN", b"1" + b"0" * 400, b'"x"')
    ] + [each.replace(b"hello", b"\\ud800") for each in (bytes(out), line)]
    samples = [bytes(out), pretty, line, line + line[:30], *odd]
    return fuzz("index", samples, try_one, arguments)
