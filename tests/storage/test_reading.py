"""Files of the user that cannot be opened."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.reading import open_listed, open_source


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_limit_of_this_process_is_not_the_fault_of_a_file(tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - Unix only

    path = tmp_path / "note.opus"
    path.write_bytes(b"OggS")
    usual, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_number = os.open(path, os.O_RDONLY)
    os.close(next_number)
    for open_file in (open_source, open_listed):
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_number, hard))
        try:
            with pytest.raises(StorageError, match="too many open files") as caught:
                open_file(str(path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (usual, hard))
        assert "allow more" in str(caught.value.hint)
