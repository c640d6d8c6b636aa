"""Find the key that is set up on this machine: in a file, the environment, or the keyring."""

from __future__ import annotations

import os
from pathlib import Path

from gdrive_wa.crypt.keys import Key, load_key

KEY_FILE_VARIABLE = "GDRIVE_WA_KEY_FILE"
KEY_VARIABLE = "GDRIVE_WA_KEY"


def configured_key(key_file: Path | None = None) -> Key | None:
    """The key from the first place that has one, or None.

    Args:
        key_file: the file to use; by default the one that ``GDRIVE_WA_KEY_FILE`` names.

    Raises:
        KeyFileError: the file, the variable or the keyring holds something that is not a key.
    """
    file = key_file or os.environ.get(KEY_FILE_VARIABLE)
    if file:
        return load_key(file)
    text = os.environ.get(KEY_VARIABLE)
    if text:
        return load_key(text.encode())
    from gdrive_wa.google.logins import stored_key  # noqa: PLC0415 - a keyring is slow to open

    kept = stored_key()
    return None if kept is None else load_key(kept.reveal().encode())
