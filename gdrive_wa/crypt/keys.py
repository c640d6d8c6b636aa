"""The two kinds of keys, the forms in which they are stored, and the keys derived from them.

Format facts: proto/README.md, "Keys".
"""

from __future__ import annotations

import base64
import hmac
import string
from contextlib import suppress
from hashlib import sha256

from gdrive_wa.core.arguments import PathLike, as_path
from gdrive_wa.core.errors import KeyFileError
from gdrive_wa.core.kinds import is_encrypted
from gdrive_wa.core.plain_file import open_plain
from gdrive_wa.crypt.key_forms import key_digits, refuse_other_file
from gdrive_wa.crypt.key_text import decode_text
from gdrive_wa.crypt.primitives import HmacKey, expand, extract

ROOT_KEY_SIZE = 32
CIPHER_KEY_SIZE = 131
JAVA_PREFIX = bytes.fromhex("aced0005757200025b42acf317f8060854e00200007870")
"""The bytes that Java writes before a ``byte[]``; the length follows in 4 bytes, big-endian."""
JAVA_HEADER_SIZE = len(JAVA_PREFIX) + 4
MAX_KEY_FILE_SIZE = 4096
"""Maximum size of a file that is read as a key, in bytes."""
_BASE64_SIZES = (44, 79, 80, 211, 212)
"""Characters of 32, 59 and 158 bytes in base64, with or without padding."""
_ZERO_SALT = bytes(32)
_CIPHER_VERSION = b"\x00\x01"


class RootKey:
    """The 32 bytes that the 64 digits represent. It opens crypt15 and mcrypt1 files and envelopes.

    Keys are compared in constant time. ``repr`` is masked, and a key cannot be pickled.

    Raises:
        KeyFileError: `key` does not have 32 bytes.
    """

    __slots__ = ("_key", "_pseudo_random_key", "_signing_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != ROOT_KEY_SIZE:
            raise KeyFileError(f"a root key has {ROOT_KEY_SIZE} bytes, this has {len(key)}")
        self._key = bytes(key)
        self._pseudo_random_key = HmacKey(extract(_ZERO_SALT, self._key))
        self._signing_key = HmacKey(self._key)

    @classmethod
    def from_hex(cls, text: str) -> RootKey:
        """The key that 64 hexadecimal digits represent, in any case and spacing.

        Raises:
            KeyFileError: `text` has another number of digits, or other characters.
        """
        key = bytes.fromhex(key_digits(text))
        if len(key) != ROOT_KEY_SIZE:
            raise KeyFileError("these are the digits of a whole key file, not of a key")
        return cls(key)

    def derive(self, info: str | bytes, length: int) -> bytes:
        """HKDF-SHA256 of `length` bytes with `info`; see proto/README.md, "Derivation"."""
        context = info.encode() if isinstance(info, str) else info
        return expand(self._pseudo_random_key, context, length)

    def sign(self, message: bytes) -> bytes:
        """HMAC-SHA256 of `message` with the root key itself, as in the names of media (M25)."""
        return self._signing_key.digest(message)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that distinguish keys and reveal nothing about them."""
        return self.derive("gdrive-wa fingerprint", 4).hex()

    def reveal(self) -> bytes:
        """The 32 bytes."""
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RootKey) and hmac.compare_digest(self._key, other._key)

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"RootKey('***', fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key cannot be pickled")


class CipherKey:
    """The 131 bytes of a ``key`` file. It opens crypt12 and crypt14 files.

    Keys are compared in constant time. ``repr`` is masked, and a key cannot be pickled.

    Attributes:
        cipher_version: 2 bytes.
        key_version: usually 1, 2 or 3.
        server_salt: 32 bytes, which are repeated in the headers of backups.
        google_id: 16 bytes, which are repeated in the headers of backups.

    Raises:
        KeyFileError: a part has the wrong length.
    """

    __slots__ = ("_aes_key", "cipher_version", "google_id", "key_version", "server_salt")

    def __init__(
        self,
        aes_key: bytes,
        *,
        server_salt: bytes,
        google_id: bytes,
        key_version: int = 1,
        cipher_version: bytes = _CIPHER_VERSION,
    ) -> None:
        if (len(aes_key), len(server_salt), len(google_id), len(cipher_version)) != (32, 32, 16, 2):
            raise KeyFileError("a part of the key has the wrong length")
        if not 0 <= key_version <= 255:
            raise KeyFileError("the key version is not a byte")
        self._aes_key = bytes(aes_key)
        self.server_salt = bytes(server_salt)
        self.google_id = bytes(google_id)
        self.key_version = key_version
        self.cipher_version = bytes(cipher_version)

    @classmethod
    def from_bytes(cls, raw: bytes) -> CipherKey:
        """Parse the 131 bytes; see proto/README.md, "Keys".

        Raises:
            KeyFileError: `raw` has another length, or its checksum does not match (M2).
        """
        if len(raw) != CIPHER_KEY_SIZE:
            raise KeyFileError(f"a cipher key has {CIPHER_KEY_SIZE} bytes, this has {len(raw)}")
        google_id, checksum = raw[35:51], raw[51:83]
        if not hmac.compare_digest(sha256(google_id).digest(), checksum):
            raise KeyFileError("the key file is damaged: its own checksum does not match")
        return cls(
            raw[99:131],
            server_salt=raw[3:35],
            google_id=google_id,
            key_version=raw[2],
            cipher_version=raw[:2],
        )

    def to_bytes(self) -> bytes:
        """The 131 bytes of the key file."""
        return b"".join(
            (
                self.cipher_version,
                bytes([self.key_version]),
                self.server_salt,
                self.google_id,
                sha256(self.google_id).digest(),
                bytes(16),
                self._aes_key,
            )
        )

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that distinguish keys and reveal nothing about them."""
        return hmac.digest(self._aes_key, b"gdrive-wa fingerprint", "sha256")[:4].hex()

    def reveal(self) -> bytes:
        """The AES-256 key, 32 bytes."""
        return self._aes_key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CipherKey) and hmac.compare_digest(
            self.to_bytes(), other.to_bytes()
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"CipherKey('***', version={self.key_version}, fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key cannot be pickled")


Key = RootKey | CipherKey
"""A key of either kind."""


def load_key(source: PathLike | bytes) -> Key:
    """Read a key in any of its forms.

    Args:
        source: the path of a key file, or its content as bytes: 64 hexadecimal digits as text, in
            any case and spacing; ``encrypted_backup.key`` (59 bytes) or ``key`` (158 bytes); 32 or
            131 raw bytes. The 32 bytes, and these two files, may also be in base64.

    Returns:
        A root key (the 64 digits), or a cipher key (the file ``key``).

    Raises:
        KeyFileError: the file cannot be read or is not a key.
        UsageError: `source` has the wrong type.
    """
    if isinstance(source, bytes):
        return _parse(source)
    path = as_path(source, "source").expanduser()
    if is_encrypted(path.name):
        raise KeyFileError(f"'{path.name}' is a backup file, not the key to it")
    try:
        with open_plain(path) as file:
            raw = file.read(MAX_KEY_FILE_SIZE + 1)
    except OSError as error:
        refuse_key_as_path(source)
        reason = (error.strerror or "it cannot be read").lower()
        raise KeyFileError(
            f"the key file cannot be read: {path}: {reason}",
            hint="give the path of the file that holds your key",
        ) from error
    return _parse(raw)


def refuse_key_as_path(source: PathLike) -> None:
    """Refuse the key itself in place of a path; the error does not quote it.

    Raises:
        KeyFileError: `source` consists of a key's digits, with at most two other characters.
    """
    digits = [c for c in str(source) if c in string.hexdigits]
    others = [c for c in str(source) if c not in string.hexdigits and c not in " \t-"]
    if len(digits) >= 48 and len(others) <= 2:  # one or two typing errors
        raise KeyFileError(
            "this is not a path: it looks like the key itself",
            hint="put the digits into a text file, and give the path of that file; a key that is"
            " typed into a command stays in the history of your terminal",
        ) from None


def key_file_content(key: Key) -> bytes:
    """`key` as a phone stores it (proto/README.md, "Keys"): 59 bytes or, for a cipher key, 158."""
    body = key.reveal() if isinstance(key, RootKey) else key.to_bytes()
    return JAVA_PREFIX + len(body).to_bytes(4, "big") + body


def _parse(raw: bytes) -> Key:
    if not raw:
        raise KeyFileError("the key is empty")
    if len(raw) not in (ROOT_KEY_SIZE, CIPHER_KEY_SIZE):
        refuse_other_file(raw)
    if len(raw) > MAX_KEY_FILE_SIZE:
        raise KeyFileError("the key file is far too long to be a key")
    if raw.startswith(b"\xac\xed"):
        return _from_body(_unwrap(raw))
    if len(raw) in (ROOT_KEY_SIZE, CIPHER_KEY_SIZE) and not _is_ascii(raw):
        return _from_body(raw)
    text = decode_text(raw)
    if text is not None:
        return _from_text(text)
    raise KeyFileError(f"these {len(raw)} bytes are not a key in any known form")


def _unwrap(raw: bytes) -> bytes:
    if not raw.startswith(JAVA_PREFIX) or len(raw) < JAVA_HEADER_SIZE:
        raise KeyFileError("the key file is a Java object, but not an array of bytes")
    size = int.from_bytes(raw[len(JAVA_PREFIX) : JAVA_HEADER_SIZE], "big")
    body = raw[JAVA_HEADER_SIZE:]
    if len(body) != size:
        raise KeyFileError(f"the key file should contain {size} bytes, but it has {len(body)}")
    return body


def _from_body(body: bytes) -> Key:
    if len(body) == ROOT_KEY_SIZE:
        return RootKey(body)
    if len(body) == CIPHER_KEY_SIZE:
        return CipherKey.from_bytes(body)
    raise KeyFileError(f"a key has {ROOT_KEY_SIZE} or {CIPHER_KEY_SIZE} bytes, not {len(body)}")


def _from_text(text: str) -> Key:
    if text.startswith("{\\rtf"):
        hint = "save the 64 digits as plain text; in TextEdit, choose Format, Make Plain Text"
        raise KeyFileError("this is a formatted document, not plain text", hint=hint)
    compact = "".join(text.split())
    if len(compact) in _BASE64_SIZES and (len(compact) != 44 or compact.endswith("=")):
        with suppress(ValueError, KeyFileError):
            body = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
            return RootKey(body) if len(body) == ROOT_KEY_SIZE else _from_body(_unwrap(body))
    digits = key_digits(text)
    if len(digits) == 2 * ROOT_KEY_SIZE:
        return RootKey(bytes.fromhex(digits))
    return _parse(bytes.fromhex(digits))


def _is_ascii(raw: bytes) -> bool:
    return all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in raw)
