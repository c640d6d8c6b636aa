"""Exported chats: the text, and the ZIP."""

from __future__ import annotations

import io
import shutil
import zipfile
from contextlib import closing
from datetime import UTC

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.progress import Silent
from gdrive_wa.jobs.exported_chats import read_exported_chats
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.exported_chat import ExportedChats
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of, folder

ANDROID = """12/31/23, 9:05\u202fPM - Messages and calls are end-to-end encrypted.
12/31/23, 9:06\u202fPM - Anna: PTT-20231231-WA0001.opus (file attached)
1/1/24, 12:00\u202fAM - Ben Example: a line
and another: one
1/13/24, 1:00\u202fAM - Anna: <Media omitted>
""".encode()
IPHONE = """[31.12.23, 21:05:59] Anna: \u200e<attached: 00000012-AUDIO-2023-12-31-21-05-59.opus>
\u200e[31.12.23, 21:06:00] Ben: \u200eaudio omitted
[2023-12-31 21:07:00] ~ Cleo: hello
""".encode()
ARABIC = "\u200f31/12/2023\u060c 9:05 - Anna: x".translate(
    {48 + digit: 0x660 + digit for digit in range(10)}
).encode()


def zipped(text: bytes, method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("WhatsApp Chat with Anna.txt", text)
        archive.writestr("PTT-20231231-WA0001.opus", b"OggS" * 20)
        archive.writestr("more/_chat.txt", IPHONE)
    return out.getvalue()


def try_one(data: bytes) -> object:
    """As a ZIP where it begins like one, else as a text beside a recording."""
    place = folder() / "WhatsApp Chat with Anna"
    place.mkdir(exist_ok=True)
    if data.startswith(b"PK"):
        path = file_of(data, f"{place.name}/WhatsApp Chat - Anna.zip")
    else:
        file_of(b"OggS", f"{place.name}/PTT-20231231-WA0001.opus")
        path = file_of(data, f"{place.name}/_chat.txt")
    try:
        with closing(open_folder(path)) as source:
            assert isinstance(source, ExportedChats)
            (backup,) = source.backups()
            entries = list(source.entries(backup))
            read = 0
            for entry in entries:
                try:
                    with source.open(entry) as blob:
                        read += len(blob.read(1 << 20))
                except GdriveWaError:
                    continue
            chats = read_exported_chats(
                source, entries, contacts=None, timezone=UTC, context=3, progress=Silent()
            )
            for note in chats:
                note.to_json()
            return len(chats), bool(read)
    finally:
        shutil.rmtree(place)


def main(arguments: list[str]) -> int:
    samples = [
        ANDROID,
        IPHONE,
        ARABIC,
        ANDROID.decode().encode("utf-16"),
        *(zipped(ANDROID, method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)),
    ]
    return fuzz("exported_chat", samples, try_one, arguments)
