"""Metadata envelopes: the small encrypted JSON with a media file's real path.

Format facts: proto/README.md, "Metadata envelope" and "mcrypt1".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import datetime
from functools import lru_cache
from secrets import token_bytes
from threading import get_ident
from typing import NamedTuple

from gdrive_wa.core.errors import MetadataError, WrongKeyError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE
from gdrive_wa.core.moments import moment_in
from gdrive_wa.core.numbers import LARGEST
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.crypt.primitives import BLOCK_SIZE, CbcDecryptor, HmacKey, encrypt_cbc

IV_SIZE = 16
MAC_SIZE = 32
_OVERHEAD = 1 + IV_SIZE + 1 + MAC_SIZE
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can contain it as an escape, but UTF-8 cannot."""


class FileMetadata(NamedTuple):
    """The content of an envelope: facts about one file.

    Attributes:
        name: the real path, such as ``Media/WhatsApp Voice Notes/202352/PTT-….opus``. It is
            untrusted; see :func:`gdrive_wa.core.names.safe_path`.
        md5: MD5 of the plaintext, lower-case hex; None if the envelope does not have it.
        size: size of the plaintext in bytes; None if the envelope does not have it.
        updated: when the phone changed the file, UTC; None if the envelope does not have it.
    """

    name: str
    md5: str | None = None
    size: int | None = None
    updated: datetime | None = None

    def to_json(self) -> bytes:
        """The JSON that the phone would encrypt, in UTF-8."""
        fields: dict[str, object] = {"name": self.name}
        if self.md5 is not None:
            fields["md5Hash"] = self.md5
        if self.size is not None:
            fields["sizeBytes"] = self.size
        if self.updated is not None:
            fields["updateTime"] = self.updated.isoformat(timespec="milliseconds")
        return json.dumps(fields, ensure_ascii=False).encode()


class _Keys(NamedTuple):
    cipher: bytes
    decryptor: CbcDecryptor
    mac: HmacKey


def _keys(key: RootKey) -> _Keys:
    return _keys_of_thread(key, get_ident())


@lru_cache(maxsize=32)
def _keys_of_thread(key: RootKey, _thread: int) -> _Keys:
    cipher, mac = (key.derive(f"metadata {use}", 32) for use in ("encryption", "authentication"))
    return _Keys(cipher, CbcDecryptor(cipher), HmacKey(mac))


def open_envelope(sealed: str, key: RootKey) -> bytes:
    """The JSON in an envelope, after a check of its MAC (M30).

    Args:
        sealed: the envelope, in base64.
        key: the root key.

    Raises:
        MetadataError: `sealed` is not an envelope.
        WrongKeyError: the MAC does not match: this is another key, or the envelope was altered.
    """
    try:
        raw = base64.b64decode("".join(sealed.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MetadataError("a metadata envelope is not base64") from error
    body = len(raw) - _OVERHEAD
    if body < BLOCK_SIZE or body % BLOCK_SIZE or raw[0] != IV_SIZE or raw[1 + IV_SIZE] != MAC_SIZE:
        raise MetadataError("a metadata envelope has the wrong shape")
    iv, mac, ciphertext = raw[1:17], raw[18:50], raw[50:]
    keys = _keys(key)
    if not hmac.compare_digest(keys.mac.digest(iv + ciphertext), mac):
        raise WrongKeyError("this key does not open the metadata of this backup")
    content = keys.decryptor.decrypt(iv, ciphertext)
    if content is None:
        raise MetadataError("a metadata envelope has invalid padding")
    return content


_NO_KEY = RootKey(bytes(32))
"""A key that opens no envelope, to check the shape of one without its key."""


def is_envelope(content: bytes) -> bool:
    """True if `content` has the shape of an envelope; no key is needed."""
    if len(content) > LONGEST_ENVELOPE:
        return False
    try:
        open_envelope(content.decode("ascii", "replace"), _NO_KEY)
    except MetadataError:
        return False
    except WrongKeyError:
        pass
    return True


def read_file_metadata(sealed: str, key: RootKey) -> FileMetadata:
    """Open and parse the envelope of a file.

    Raises:
        MetadataError: `sealed` is not an envelope, or its JSON is invalid.
        WrongKeyError: the MAC does not match: this is another key, or the envelope was altered.
    """
    return parse_file_metadata(open_envelope(sealed, key))


def parse_file_metadata(text: bytes) -> FileMetadata:
    """Parse the JSON of an opened envelope (M32).

    Raises:
        MetadataError: it is not JSON, has no name, or has an invalid MD5 or size.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MetadataError("a metadata envelope does not contain JSON") from error
    name = fields.get("name") if isinstance(fields, dict) else None
    if not isinstance(name, str) or not name:
        raise MetadataError("a metadata envelope does not name its file")
    if _SURROGATE.search(name):
        raise MetadataError("the name in a metadata envelope is not text")
    return FileMetadata(
        name=name,
        md5=_md5(fields.get("md5Hash")),
        size=_size(fields.get("sizeBytes")),
        updated=_moment(fields.get("updateTime")),
    )


def seal_envelope(text: bytes, key: RootKey, *, iv: bytes | None = None) -> str:
    """The envelope that contains `text`, in base64; `iv` is only for reproducible samples."""
    iv = token_bytes(IV_SIZE) if iv is None else iv
    keys = _keys(key)
    ciphertext = encrypt_cbc(keys.cipher, iv, text)
    mac = keys.mac.digest(iv + ciphertext)
    return base64.b64encode(bytes([IV_SIZE]) + iv + bytes([MAC_SIZE]) + mac + ciphertext).decode()


def stored_name(key: RootKey, path: str, plain_md5: str) -> str:
    """The 64 upper-case hex digits of a media file's stored name (M25).

    Args:
        key: the root key.
        path: the real path, as in the envelope.
        plain_md5: MD5 of the plaintext, hex.
    """
    hashed_path = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
    return key.sign(hashed_path + bytes.fromhex(plain_md5)).hex().upper()


def _md5(value: object) -> str | None:
    """An MD5 in hex, as in envelopes, or in base64, as in listings."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            raw = (
                bytes.fromhex(value) if len(value) == 32 else base64.b64decode(value, validate=True)
            )
            if len(raw) == 16:
                return raw.hex()
        except ValueError:
            pass
    raise MetadataError("a metadata envelope contains an invalid MD5")


def _size(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise MetadataError("a metadata envelope contains an invalid size")
    try:
        size = int(value)
    except ValueError as error:
        raise MetadataError("a metadata envelope contains an invalid size") from error
    if not 0 <= size <= LARGEST:
        raise MetadataError("a metadata envelope contains an impossible size")
    return size


def _moment(value: object) -> datetime | None:
    """The time in UTC; None for an invalid time, which is not an error (M32)."""
    return moment_in(value)
