"""Read the metadata envelope next to a media file, with its original path and time.

The content can be decrypted without it, so a bad envelope loses the path and gives a warning, but
never loses the file. Format facts: proto/README.md, "mcrypt1" (M26, M29) and "Metadata envelope".
"""

from __future__ import annotations

from dataclasses import dataclass

from gdrive_wa.core.errors import MetadataError, WrongKeyError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE, METADATA_SUFFIX
from gdrive_wa.core.plain_file import open_plain
from gdrive_wa.crypt.envelope import (
    FileMetadata,
    read_file_metadata,
    stored_name,
)
from gdrive_wa.crypt.keys import Key, RootKey
from gdrive_wa.crypt.recognise import media_name


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The envelope next to a media file.

    Attributes:
        metadata: the metadata of the media file; None if there is no usable envelope.
        warnings: why an existing envelope cannot be used; usually empty.
    """

    metadata: FileMetadata | None = None
    warnings: tuple[str, ...] = ()


def read_sidecar(path: str, key: Key | None) -> Sidecar:
    """Read ``<path>-metadata``, the envelope of the media file at `path`.

    Args:
        path: a file of any kind; only ``<64 digits>.mcrypt1`` can have an envelope.
        key: without a root key, nothing is read.
    """
    digits = media_name(path)
    if digits is None or not isinstance(key, RootKey):
        return Sidecar()
    try:
        with open_plain(path + METADATA_SUFFIX, follow=False, buffering=0) as file:
            raw = file.read(LONGEST_ENVELOPE + 1)
    except FileNotFoundError:
        return Sidecar()
    except OSError:
        return _unusable("it cannot be read")
    if len(raw) > LONGEST_ENVELOPE:
        return _unusable("it is too long for a metadata envelope")
    try:
        metadata = read_file_metadata(raw.decode("ascii", "replace"), key)
    except WrongKeyError:
        return _unusable("its MAC does not match")
    except MetadataError as error:
        return _unusable(error.message)
    if metadata.md5 is not None and stored_name(key, metadata.name, metadata.md5) != digits:
        return _unusable("it belongs to another file")
    return Sidecar(metadata)


def _unusable(why: str) -> Sidecar:
    warning = f"its metadata file cannot be used, so its original name is lost: {why}"
    return Sidecar(warnings=(warning,))
