"""Check whether a key opens a file, and if not, whether one of the 64 digits was mistyped.

The search for a mistyped digit tries only the 960 single-digit corrections of the typed key, and
then those of :mod:`gdrive_wa.jobs.key_swaps`, on the user's own file. There is no other search
for keys.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.errors import (
    FormatError,
    GdriveWaError,
    MetadataError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.kinds import LONGEST_ENVELOPE, METADATA_SUFFIX
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.crypt.decrypt import ALREADY_PLAIN, decrypt_content
from gdrive_wa.crypt.envelope import (
    is_envelope,
    open_envelope,
    read_file_metadata,
)
from gdrive_wa.crypt.inspect import inspect
from gdrive_wa.crypt.key_text import strip_separators
from gdrive_wa.crypt.keys import ROOT_KEY_SIZE, Key, RootKey
from gdrive_wa.crypt.payload import HEAD, is_plausible
from gdrive_wa.crypt.primitives import GcmDecryptor
from gdrive_wa.crypt.recognise import media_name, recognise
from gdrive_wa.crypt.sizes import MAX_HEADER_SIZE
from gdrive_wa.jobs.key_swaps import SwapFix, find_swap
from gdrive_wa.jobs.sidecar import read_sidecar
from gdrive_wa.storage.reading import open_source

SMALL = 64 << 10
"""Up to this size in bytes, each correction is tried on the entire file; above it, first on the
start of the file."""

PATIENT = 1 << 20
"""Up to this size in bytes, all corrections are tried on the entire file if its start decides
nothing. This takes some seconds."""

_DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class TypoFix:
    """The one digit of a typed key that is wrong.

    Attributes:
        position: the position among the 64 digits, from 1.
        group: its group of four, as the phone shows them, from 1.
        typed: the typed digit.
        expected: the digit in the key that opens the file.
    """

    position: int
    group: int
    typed: str
    expected: str

    def words(self) -> tuple[str, str]:
        """What is wrong, and what to do."""
        advice = f"in group {self.group} of 16, write {self.expected} in place of {self.typed}"
        return f"digit {self.position} is mistyped", advice

    def correct(self, typed: str) -> str:
        """The 64 digits with this one corrected."""
        digits = strip_separators(typed).lower()
        return digits[: self.position - 1] + self.expected + digits[self.position :]


KeyFix = TypoFix | SwapFix
"""What has to be changed in a typed key."""


def check_key(path: str | Path, key: Key, *, progress: Progress | None = None) -> str:
    """Check that `key` opens the file at `path`, as a decryption would; nothing is written.

    Args:
        path: a crypt12, crypt14, crypt15 or mcrypt1 file, or a metadata envelope.
        key: the key.
        progress: receives progress.

    Returns:
        The format of the file; ``envelope`` for a metadata envelope.

    Raises:
        WrongKeyError, WrongKeyTypeError: the key does not open it.
        FormatError: the file is not encrypted, so that no key opens it.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read.
    """
    path = Path(path)
    if path.name.endswith(METADATA_SUFFIX):
        if not isinstance(key, RootKey):
            raise WrongKeyTypeError(
                "a metadata envelope needs the root key, and this is a key for crypt12 or crypt14"
            )
        read_file_metadata(_envelope(path), key)
        return "envelope"
    reporter = progress or Silent()

    def check(moved: int) -> None:
        reporter.advance(Stage.DECRYPT, moved=moved)
        reporter.check()

    metadata = read_sidecar(str(path), key).metadata
    with open_source(path) as file:
        decrypted = decrypt_content(
            file, path.name, lambda _piece: None, key, metadata=metadata, check=check
        )
    if ALREADY_PLAIN in decrypted.warnings:
        raise FormatError(f"'{path.name}' is not encrypted", hint="no key is needed to read it")
    return decrypted.format


def find_typo(typed: str, authenticates: Callable[[RootKey], bool]) -> TypoFix | None:
    """The mistyped digit, if exactly one correction of one digit authenticates.

    Args:
        typed: 64 characters without spaces; at most one is not a hexadecimal digit.
        authenticates: whether a key opens the user's own file.
    """
    digits = strip_separators(typed).lower()
    invalid = [position for position, digit in enumerate(digits) if digit not in _DIGITS]
    if len(digits) != 2 * ROOT_KEY_SIZE or len(invalid) > 1:
        return None
    found = [
        TypoFix(position + 1, position // 4 + 1, digits[position], right)
        for position in invalid or range(len(digits))
        for right in _DIGITS
        if right != digits[position]
        and authenticates(RootKey.from_hex(digits[:position] + right + digits[position + 1 :]))
    ]
    return found[0] if len(found) == 1 else None


def find_fix(typed: str, authenticates: Callable[[RootKey], bool]) -> KeyFix | None:
    """Like :func:`find_typo`; if it finds nothing, look for two swapped digits or groups."""
    return find_typo(typed, authenticates) or find_swap(typed, authenticates)


def find_typo_by_file(typed: str, path: str | Path) -> KeyFix | None:
    """Like :func:`find_fix`, for a crypt15 or mcrypt1 file or a metadata envelope.

    An envelope next to the file is tried first. Then corrections are tried on the start of the
    file, and those that seem right on the entire file. If the file may have any content, so that
    its start decides nothing, and is short, all corrections are tried on the entire file.

    Raises:
        UsageError: the file cannot be read.
        DamagedError: its header cannot be read, or it is not an envelope.
    """
    path = Path(path)
    if path.name.endswith(METADATA_SUFFIX):
        return find_typo_by_envelope(typed, _envelope(path))
    sidecar_path = path.with_name(path.name + METADATA_SUFFIX)
    if media_name(path.name) is not None and sidecar_path.is_file():
        sealed = _envelope(sidecar_path)
        if is_envelope(sealed.encode()) and (fix := find_typo_by_envelope(typed, sealed)):
            return fix
    likely = _start_test(path)
    fix = find_fix(typed, lambda key: likely(key) and _opens(path, key))
    if fix is None and SMALL < path.stat().st_size <= PATIENT and _may_hold_anything(path):
        fix = find_fix(typed, lambda key: _opens(path, key))
    return fix


def find_typo_by_envelope(typed: str, *sealed: str) -> KeyFix | None:
    """Like :func:`find_fix`, for metadata envelopes, such as those of a listing.

    Args:
        typed: the key as it was typed.
        sealed: envelopes, one of which must open; a few are enough, as some may be damaged.

    Raises:
        MetadataError: there is only one, and it is not an envelope.
    """
    sound = [each for each in sealed if is_envelope(each.encode("utf-8", "replace"))]
    if len(sealed) == 1 and not sound:
        raise MetadataError("this is not a metadata envelope")
    return find_fix(typed, lambda key: any(_opens_envelope(each, key) for each in sound))


def _opens_envelope(sealed: str, key: RootKey) -> bool:
    try:
        open_envelope(sealed, key)
    except WrongKeyError:
        return False
    return True


def _start_test(path: Path) -> Callable[[RootKey], bool]:
    """A cheap test that the right key always passes, and a wrong key almost never."""
    with open_source(path) as file:
        start = file.read(MAX_HEADER_SIZE + HEAD)
        size = os.fstat(file.fileno()).st_size
    digits = media_name(path.name)
    _, header = recognise(start[:MAX_HEADER_SIZE], path.name)
    if size <= SMALL or (digits is None and header is None):
        return lambda _key: True
    head = start[header.size if header else 0 :][:HEAD]

    def likely(key: RootKey) -> bool:
        if header is not None:
            aes_key, iv = key.derive("backup encryption", 32), header.iv
        else:
            material = key.derive(bytes.fromhex(digits or ""), 48)
            aes_key, iv = material[:32], material[32:]
        return is_plausible(GcmDecryptor(aes_key, iv).update(head))

    return likely


def _may_hold_anything(path: Path) -> bool:
    """True for media, which may be documents of any kind, and for multi-file backups."""
    return media_name(path.name) is not None or inspect(path).checksum == "absent"


def _opens(path: Path, key: RootKey) -> bool:
    try:
        check_key(path, key)
    except UsageError:
        raise
    except GdriveWaError:
        return False
    return True


def _envelope(path: Path) -> str:
    with open_source(path) as file:
        raw = file.read(LONGEST_ENVELOPE + 1)
    if len(raw) > LONGEST_ENVELOPE:
        raise MetadataError(f"'{path.name}' is too long for a metadata envelope")
    return raw.decode("ascii", "replace")
