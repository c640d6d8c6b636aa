"""What is sent to the worker that opens a file."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

from gdrive_wa.core.model import Entry
from gdrive_wa.jobs.stored_file import stored_file


def test_the_time_of_a_file_is_sent_as_a_number() -> None:
    sent = datetime(2025, 7, 5, 13, 31, 59, tzinfo=UTC)
    entry = Entry(stored_as="Media/A.mcrypt1", path="Media/PTT-1.opus", size=9, modified=sent)
    file = stored_file(entry, "/backup/Media/A.mcrypt1", None)
    assert file.mtime == sent.timestamp()
    assert file.metadata is not None
    assert file.metadata.name == "Media/PTT-1.opus"
    assert b"datetime" not in pickle.dumps(file)
