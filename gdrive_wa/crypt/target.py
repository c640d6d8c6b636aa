"""What may not be replaced by the file that comes out of a decryption."""

from __future__ import annotations

from pathlib import Path

from gdrive_wa.errors import StorageError


def refuse_device(target: Path) -> None:
    """Raise when a device, a pipe or a socket has the name of the file to make.

    A file takes the place of what has its name, and the machine itself may depend on that: whoever
    decrypts to ``/dev/null`` as root would leave a file there.

    Raises:
        StorageError: something is there that is neither file nor folder.
    """
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise StorageError(
            f"{target} is no file, and would be replaced by one", hint="name another target"
        )
