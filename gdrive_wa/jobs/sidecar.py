"""What lies beside a media file: the envelope that tells its real path and its time.

Content opens without it, so an envelope that cannot be used costs the path, and is told; it never
costs the file. Format facts: proto/README.md, "mcrypt1" (M26, M29) and "Metadata envelope".
"""

from __future__ import annotations

from dataclasses import dataclass

from gdrive_wa.core.errors import MetadataError, WrongKeyError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE, METADATA_SUFFIX
from gdrive_wa.crypt.envelope import (
    FileMetadata,
    read_file_metadata,
    stored_name,
)
from gdrive_wa.crypt.keys import Key, RootKey
from gdrive_wa.crypt.recognise import media_name


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the envelope beside a media file says.

    Attributes:
        metadata: of the file; None where there is no envelope, or none that can be used.
        warnings: why the one that is there cannot be used; mostly empty.
    """

    metadata: FileMetadata | None = None
    warnings: tuple[str, ...] = ()


def read_sidecar(path: str, key: Key | None) -> Sidecar:
    """What the file ``<path>-metadata`` says of the media file at `path`.

    Args:
        path: of a file of any kind; only ``<64 digits>.mcrypt1`` can have an envelope.
        key: without a root key nothing is read.
    """
    digits = media_name(path)
    if digits is None or not isinstance(key, RootKey):
        return Sidecar()
    try:
        with open(path + METADATA_SUFFIX, "rb") as file:
            raw = file.read(LONGEST_ENVELOPE + 1)
    except FileNotFoundError:
        return Sidecar()
    except OSError:
        return _unusable("it cannot be read")
    if len(raw) > LONGEST_ENVELOPE:
        return _unusable("a metadata envelope is never so long")
    try:
        metadata = read_file_metadata(raw.decode("ascii", "replace"), key)
    except WrongKeyError:
        return _unusable("its MAC does not hold")
    except MetadataError as error:
        return _unusable(error.message)
    if metadata.md5 is not None and stored_name(key, metadata.name, metadata.md5) != digits:
        return _unusable("it belongs to another file")
    return Sidecar(metadata)


def _unusable(why: str) -> Sidecar:
    warning = f"the metadata beside it cannot be used, so its own name is lost: {why}"
    return Sidecar(warnings=(warning,))
