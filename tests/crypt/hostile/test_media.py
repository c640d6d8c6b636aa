"""Bad media files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    AuthenticationError,
    FormatError,
    GdriveWaError,
    MissingKeyError,
    TruncatedError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import (
    FileMetadata,
)
from gdrive_wa.crypt.keys import Key
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY
from tests.crypt.hostile.refusal import (
    PATH,
    VOICE,
    as_it_is,
    flip,
    refused_file,
)


def stored(folder: Path, content: bytes = VOICE, path: str = PATH) -> Path:
    """A media file and its envelope, as a dump has them."""
    name, sealed, envelope = encrypt_media(content, ROOT_KEY, FileMetadata(name=path))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mcrypt1-metadata").write_text(envelope)
    (folder / f"{name}.mcrypt1").write_bytes(sealed)
    return folder / f"{name}.mcrypt1"


MEDIA: dict[str, tuple[Callable[[bytes], bytes], type[GdriveWaError], Key | None]] = {
    "empty": (lambda _raw: b"", TruncatedError, ROOT_KEY),
    "1 byte": (lambda raw: raw[:1], TruncatedError, ROOT_KEY),
    "15 bytes": (lambda raw: raw[:15], TruncatedError, ROOT_KEY),
    "a bit of the tag": (flip(-1), AuthenticationError, ROOT_KEY),
    "a bit of the body": (flip(900), AuthenticationError, ROOT_KEY),
    "the last byte missing": (lambda raw: raw[:-1], AuthenticationError, ROOT_KEY),
    "the tag missing": (lambda raw: raw[:-16], AuthenticationError, ROOT_KEY),
    "trailing rubbish": (lambda raw: raw + b"rubbish", AuthenticationError, ROOT_KEY),
    "already decrypted": (lambda _raw: VOICE, FormatError, ROOT_KEY),
    "no key": (as_it_is, MissingKeyError, None),
    "another root key": (as_it_is, WrongKeyError, OTHER_ROOT_KEY),
    "a cipher key": (as_it_is, WrongKeyTypeError, CIPHER_KEY),
}


@pytest.mark.parametrize(("spoil", "kind", "key"), MEDIA.values(), ids=list(MEDIA))
def test_a_bad_media_file_is_refused(
    spoil: Callable[[bytes], bytes], kind: type[GdriveWaError], key: Key | None, tmp_path: Path
) -> None:
    src = stored(tmp_path)
    src.write_bytes(spoil(src.read_bytes()))
    refused_file(kind, src, key)


def test_media_under_the_name_of_another_file_are_refused(tmp_path: Path) -> None:
    one, other = stored(tmp_path), stored(tmp_path, b"OggS another note", "Media/other.opus")
    shutil.copy(other, one)
    refused_file(WrongKeyError, one, ROOT_KEY)
