"""A phone's voice notes, and a restore of them without network and keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.storage.draft_file import write_draft

BERLIN = ZoneInfo("Europe/Berlin")
MUM = "15550101@s.whatsapp.net"
ANNA = "15550102@s.whatsapp.net"
FAMILY = "15550100-1500000000@g.us"
START = datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)


def recording(number: int) -> bytes:
    """A real recording, different for every number."""
    folder = resources.files("gdrive_wa.emulation") / "recordings"
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".opus"))
    raw = bytearray((folder / names[number % len(names)]).read_bytes())
    return bytes(raw)


def path_of(number: int) -> str:
    return f"Media/WhatsApp Voice Notes/202401/PTT-20240101-WA{number:04}.opus"


def note(number: int, content: bytes | None = None, **changes: object) -> VoiceNote:
    """Mum's voice note of that number, as a database has it."""
    content = recording(number) if content is None else content
    made = VoiceNote(
        chat="Mum",
        chat_jid=MUM,
        sender="Mum",
        sender_jid=MUM,
        from_me=False,
        sent_at=START + timedelta(minutes=number),
        duration=3,
        size=len(content),
        mime_type="audio/ogg; codecs=opus",
        message_id=f"3EB0C431{number:04}",
        whatsapp_path=path_of(number),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def entry(path: str, content: bytes, **changes: object) -> Entry:
    """The entry of a file that is not encrypted."""
    made = Entry(
        stored_as=path,
        path=path,
        size=len(content),
        md5=hashlib.md5(content).hexdigest(),
        modified=START,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class Result:
    """The result of a run."""

    notes: list[VoiceNote]
    placed: dict[str, str] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def by_id(self) -> dict[str, VoiceNote]:
        return {note.message_id: note for note in self.notes}


class Listener:
    """Collects the messages of a run."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(self, *_: object, **__: object) -> None: ...
    def advance(self, *_: object, **__: object) -> None: ...
    def end(self, *_: object) -> None: ...
    def check(self) -> None: ...
    def say(self, line: str) -> None:
        self.said.append(line)


def run(
    folder: Path,
    notes: Iterable[VoiceNote],
    files: dict[str, bytes] | list[tuple[Entry, bytes]],
    *,
    tags: bool = True,
    account: str | None = None,
    timezone: ZoneInfo | None = BERLIN,
) -> Result:
    """Restore once into the archive `folder`: notes of a database and files of a backup."""
    listener = Listener()
    stored = files
    if isinstance(stored, dict):
        stored = [(entry(path, content), content) for path, content in stored.items()]
    ran = Result([], said=listener.said)
    with ArchiveWriter(
        folder, timezone=timezone, tags=tags, account=account, progress=listener
    ) as archive:
        archive.expect(notes)
        for listed, content in stored:
            held = archive.existing_record(listed)
            if held is not None:
                ran.held.append(held.path)
                continue
            ran.placed[listed.path] = place(archive, listed, content)
        ran.notes = archive.finish()
    return ran


def place(
    archive: ArchiveWriter, listed: Entry, content: bytes, note: VoiceNote | None = None
) -> str:
    """Place `content` as the content of `listed`, as a restore does."""
    moment = None if listed.modified is None else listed.modified.timestamp()
    draft = write_draft(archive.drafts, content, mtime=moment)
    placed = archive.place(draft, listed, note=note)
    assert placed is not None
    return placed


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of the archive except its state."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".gdrive-wa" not in path.parts
    }
