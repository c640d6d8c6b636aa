"""Whether a key opens a file; and if not, whether one of the 64 digits was mistyped.

The search for a mistyped digit tries the single-digit corrections of what the user typed against
user's own file, 960 keys, and nothing else: no other search for a key exists here.
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
from gdrive_wa.crypt.recognise import MAX_HEADER_SIZE, media_name, recognise
from gdrive_wa.jobs.sidecar import read_sidecar
from gdrive_wa.storage.reading import open_source

SMALL = 64 << 10
"""Files up to here are tried whole with every correction; of longer ones, first the start."""

PATIENT = 1 << 20
"""Files up to here are tried whole when their start tells nothing: it takes a few seconds."""

_DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class TypoFix:
    """The one digit of a typed key that is wrong.

    Attributes:
        position: which of the 64 digits, from 1.
        group: which group of four it stands in, from 1, as the phone shows them.
        typed: what was typed there.
        expected: what stands there in the key that opens the file.
    """

    position: int
    group: int
    typed: str
    expected: str

    def correct(self, typed: str) -> str:
        """The 64 digits with this one put right."""
        digits = strip_separators(typed).lower()
        return digits[: self.position - 1] + self.expected + digits[self.position :]


def check_key(path: str | Path, key: Key, *, progress: Progress | None = None) -> str:
    """Check that `key` opens the file at `path`, as a decryption would; nothing is written.

    Args:
        path: a crypt12, crypt14, crypt15 or mcrypt1 file, or a metadata envelope.
        key: the key.
        progress: who is told.

    Returns:
        The format of the file that was opened; ``envelope`` for a metadata envelope.

    Raises:
        WrongKeyError, WrongKeyTypeError: it does not.
        FormatError: the file is not encrypted, so that no key opens it.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read.
    """
    path = Path(path)
    if path.name.endswith(METADATA_SUFFIX):
        if not isinstance(key, RootKey):
            raise WrongKeyTypeError(
                "a metadata envelope needs the root key, and this is the key file of crypt14"
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
        raise FormatError(
            f"this file is not encrypted: {path.name}", hint="no key is needed to read it"
        )
    return decrypted.format


def find_typo(typed: str, authenticates: Callable[[RootKey], bool]) -> TypoFix | None:
    """The digit that was mistyped, when exactly one correction of one digit authenticates.

    Args:
        typed: 64 characters, spacing apart; at most one of them no hexadecimal digit.
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


def find_typo_by_file(typed: str, path: str | Path) -> TypoFix | None:
    """As :func:`find_typo`, against a crypt15 or mcrypt1 file or a metadata envelope.

    An envelope beside a file decides, where there is one. Long files are decided by their start,
    and the one key that is left by their tag. Of those that may hold content of any kind, which no
    start tells, the shorter ones are tried whole.

    Raises:
        UsageError: the file cannot be read.
        DamagedError: its header makes no sense, or it is no envelope.
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
    fix = find_typo(typed, lambda key: likely(key) and _opens(path, key))
    if fix is None and SMALL < path.stat().st_size <= PATIENT and _may_hold_anything(path):
        fix = find_typo(typed, lambda key: _opens(path, key))
    return fix


def find_typo_by_envelope(typed: str, *sealed: str) -> TypoFix | None:
    """As :func:`find_typo`, against metadata envelopes, such as a listing holds.

    Args:
        typed: the key as it was typed.
        sealed: envelopes, of which one has to open; a few are enough, as some may be damaged.

    Raises:
        MetadataError: it is the only one, and no envelope.
    """
    sound = [each for each in sealed if is_envelope(each.encode("utf-8", "replace"))]
    if len(sealed) == 1 and not sound:
        raise MetadataError("this is no metadata envelope")
    return find_typo(typed, lambda key: any(_opens_envelope(each, key) for each in sound))


def _opens_envelope(sealed: str, key: RootKey) -> bool:
    try:
        open_envelope(sealed, key)
    except WrongKeyError:
        return False
    return True


def _start_test(path: Path) -> Callable[[RootKey], bool]:
    """A cheap test that the right key always passes, and a wrong one hardly ever."""
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
    """True of media, which may be a document of any kind, and of multi-file backups."""
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
        raise MetadataError(f"a metadata envelope is never so long: {path.name}")
    return raw.decode("ascii", "replace")
