"""Parse the headers of crypt12, crypt14 and crypt15 files.

Format facts: proto/README.md, "Containers" and "The prefix".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from gdrive_wa.core.errors import FormatError, TruncatedError
from gdrive_wa.crypt.sizes import MAX_PREFIX_SIZE
from gdrive_wa.pb.backup_prefix_pb2 import BackupPrefix, Crypt14Cipher, Crypt15Cipher

CRYPT12_HEADER_SIZE = 67
IV_SIZE = 16
TAG_SIZE = 16
MD5_SIZE = 16
CRYPT12_TAIL_SIZE = 4

_STRAY_BYTE = 0x01
_KEY_TYPES = {0: "server", 1: "end-to-end"}
_NEW_KEY_TYPES = {0: "server", 1: "end-to-end", 2: "password", 3: "key", 4: "passkey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a container: everything before the ciphertext.

    Attributes:
        format: ``crypt12``, ``crypt14`` or ``crypt15``.
        size: number of bytes before the ciphertext.
        iv: the GCM nonce, 16 bytes.
        key_type: ``server``, ``end-to-end``, ``password``, ``key`` or ``passkey``; ``unknown N``
            for a newer type.
        key_version: 1 to 3 for crypt12, 1 to 9 for crypt14; None for crypt15.
        server_salt: 32 bytes for crypt12 and crypt14; empty for crypt15.
        google_id: 16 bytes for crypt12 and crypt14; empty for crypt15.
        app_version: version of WhatsApp that wrote the file; None if the header does not have it.
        device_model: model of the phone; None if the header does not have it.
        jid_suffix: last digits of the phone number; None if the header does not have them.
        backup_version: the app's version number for backups; None if the header does not have it.
        migrations: field numbers of the migration flags that are set.
        unknown_fields: the number of fields in the prefix that this version does not know.
        prefix: the prefix as it is stored, with unknown fields; empty for crypt12.
    """

    format: str
    size: int
    iv: bytes
    key_type: str | None = None
    key_version: int | None = None
    server_salt: bytes = b""
    google_id: bytes = b""
    app_version: str | None = None
    device_model: str | None = None
    jid_suffix: str | None = None
    backup_version: int | None = None
    migrations: tuple[int, ...] = ()
    unknown_fields: int = 0
    prefix: bytes = field(default=b"", repr=False)


def parse_header(start: bytes) -> Header:
    """Parse the header at the start of a crypt14 or crypt15 file (M6 to M10).

    Args:
        start: the first :data:`~gdrive_wa.crypt.sizes.MAX_HEADER_SIZE` bytes of the file; the whole
            file if it is shorter.

    Raises:
        TruncatedError: the file ends inside its header.
        FormatError: the file does not begin with a valid header.
    """
    length, offset = read_varint(start)
    if length == 0 or length > MAX_PREFIX_SIZE:
        raise FormatError(f"not a backup file: its header would have {length} bytes")
    try:
        return _parse_prefix(start, offset, length)
    except (FormatError, TruncatedError):
        # M7: a widely used encryptor writes a stray 0x01 after lengths below 128.
        if offset == 1 and start[offset : offset + 1] == bytes([_STRAY_BYTE]):
            try:
                return _parse_prefix(start, offset + 1, length)
            except (FormatError, TruncatedError):
                pass
        raise


def parse_crypt12_header(start: bytes) -> Header:
    """Parse the 67 bytes at the start of a crypt12 file; see proto/README.md, "crypt12".

    Raises:
        TruncatedError: `start` has fewer bytes.
        FormatError: the cipher version or key version does not exist.
    """
    if len(start) < CRYPT12_HEADER_SIZE:
        raise TruncatedError("the file ends inside its header")
    if not looks_like_crypt12(start):
        raise FormatError("not a crypt12 file: its cipher and key version do not exist")
    return Header(
        format="crypt12",
        size=CRYPT12_HEADER_SIZE,
        iv=start[51:67],
        key_type="server",
        key_version=start[2],
        server_salt=start[3:35],
        google_id=start[35:51],
    )


def looks_like_crypt12(start: bytes) -> bool:
    """True if a file begins with the versions of crypt12, or ends inside them. A crypt14 or crypt15
    file never begins with 0.
    """
    return b"\x00\x01".startswith(start[:2]) and start[2:3] in (b"", b"\x01", b"\x02", b"\x03")


def read_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """The varint at `offset`, and the offset after it.

    Raises:
        TruncatedError: the data ends inside the varint.
        FormatError: the varint has more than ten bytes.
    """
    value = 0
    for index in range(10):
        if offset + index >= len(data):
            raise TruncatedError("the file ends inside its first number")
        byte = data[offset + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, offset + index + 1
    raise FormatError("not a backup file: the length of its header never ends")


def write_varint(value: int) -> bytes:
    """`value` as a varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def serialise_header(prefix: BackupPrefix) -> bytes:
    """The header of a crypt14 or crypt15 file: the length of the prefix, and the prefix."""
    body = prefix.SerializeToString(deterministic=True)
    return write_varint(len(body)) + body


def _parse_prefix(start: bytes, offset: int, length: int) -> Header:
    raw = start[offset : offset + length]
    if len(raw) < length:
        raise TruncatedError(f"the file ends inside its header of {length} bytes")
    message = BackupPrefix()
    try:
        message.ParseFromString(raw)
    except DecodeError as error:
        raise FormatError("not a backup file: its header is not protobuf") from error
    return _header(message, raw, offset + length)


def _header(message: BackupPrefix, raw: bytes, size: int) -> Header:
    both = _count_ciphers(raw)
    if both != 1:
        raise FormatError(
            "the header describes no cipher" if both == 0 else "the header describes two ciphers"
        )
    cipher14, cipher15 = message.crypt14, message.crypt15
    is15 = message.HasField("crypt15")
    iv = cipher15.iv if is15 else cipher14.iv
    if len(iv) != IV_SIZE:
        raise FormatError(f"the IV in the header has {len(iv)} bytes, not {IV_SIZE}")
    info = message.info
    flags, unknown = _unknown(message)
    return Header(
        format="crypt15" if is15 else "crypt14",
        size=size,
        iv=iv,
        key_type=_key_type(message),
        key_version=None if is15 else _key_version(cipher14),
        server_salt=b"" if is15 else cipher14.server_salt,
        google_id=b"" if is15 else cipher14.google_id,
        app_version=info.app_version or None,
        device_model=info.device_model or None,
        jid_suffix=info.jid_suffix or None,
        backup_version=info.backup_version or None,
        migrations=flags,
        unknown_fields=unknown,
        prefix=raw,
    )


def _count_ciphers(raw: bytes) -> int:
    """The number of ciphers in the encoded prefix (M9): a parsed oneof keeps only the last one."""
    found = UnknownFieldSet(_Bare.FromString(raw))
    return sum(item.field_number in (2, 3) and item.wire_type == 2 for item in found)  # type: ignore[attr-defined]


def _key_version(cipher: Crypt14Cipher) -> int:
    version = cipher.key_version
    if len(version) != 1 or not 0x31 <= version[0] <= 0x39:
        raise FormatError("the key version in the header is not an ASCII digit")
    if len(cipher.server_salt) != 32 or len(cipher.google_id) != 16:
        raise FormatError("the salts in the header have the wrong length")
    return version[0] - 0x30


def _key_type(message: BackupPrefix) -> str | None:
    if message.HasField("key_type_new"):
        return _NEW_KEY_TYPES.get(message.key_type_new, f"unknown {message.key_type_new}")
    return _KEY_TYPES.get(message.key_type, f"unknown {message.key_type}")


def _unknown(message: BackupPrefix) -> tuple[tuple[int, ...], int]:
    flags = []
    unknown = len(UnknownFieldSet(message))
    for item in UnknownFieldSet(message.info):  # type: ignore[attr-defined]
        if 5 <= item.field_number <= 39 and item.wire_type == 0:
            if item.data:
                flags.append(item.field_number)
        else:
            unknown += 1
    return tuple(flags), unknown


_Bare = Crypt15Cipher
"""A message with only field 1, so that fields 2 and 3 of a prefix are unknown fields in it."""
