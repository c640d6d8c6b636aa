"""The command line distinguishes notes that could not be opened from missing ones."""

from __future__ import annotations

import json
from pathlib import Path

from gdrive_wa.core.model import NoteStatus
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from tests.cli.conftest import Run
from tests.crypt.fixtures import ROOT_KEY


def test_a_note_under_an_older_key_is_failed(
    run: Run, sample: SampleAccount, tmp_path: Path
) -> None:
    phone, older = tmp_path / "WhatsApp", RootKey(bytes(32))
    (phone / "Media").mkdir(parents=True)
    (phone / "Databases").mkdir()
    (phone / "Databases" / "msgstore.db").write_bytes(sample.contents["Databases/msgstore.db"])
    restored = [note for note in sample.notes if note.status is NoteStatus.RESTORED][:3]
    for number, note in enumerate(restored):
        content, key = sample.contents[note.whatsapp_path or ""], ROOT_KEY if number else older
        name, sealed, envelope = encrypt_media(
            content, key, FileMetadata(name=note.whatsapp_path or "")
        )
        (phone / "Media" / f"{name}.mcrypt1").write_bytes(sealed)
        (phone / "Media" / f"{name}.mcrypt1-metadata").write_text(envelope)
    typed = {"GDRIVE_WA_KEY": ROOT_KEY.reveal().hex()}
    ended = run("restore", "out", "--folder", phone, env=typed)
    assert ended.returncode == 7
    assert "failed: the backup contains it, but it could not be fetched or opened" in ended.stderr
    listed = json.loads(run("notes", "out", "--status", "failed", "--json").stdout)
    assert {note["size"] for note in listed} == {restored[0].size}  # each note that it may be
    assert restored[0].message_id in {note["message_id"] for note in listed}
    assert '"Recording not opened"' in (tmp_path / "out" / "index.html").read_text()
