"""The few cryptographic primitives that WhatsApp's formats consist of.

Decryption uses the library cryptography, which google-auth needs anyway: AES-GCM of a voice note is
one call of 6 µs, and a database takes a quarter of the time that pycryptodome needs. pycryptodome
does what is rare. HMAC, and HKDF based on it, come from the standard library.
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK_SIZE = 16
TAG_SIZE = 16
_HASH_SIZE = 32

PIECE_SIZE = 1 << 20
"""Bytes of a large file that are read at a time."""

Piece = bytes | bytearray | memoryview


class HmacKey:
    """HMAC-SHA256 of thousands of short messages with one key, which is hashed only once: that
    takes two thirds of the time of ``hmac.digest``.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def digest(self, message: bytes) -> bytes:
        """The 32 bytes for `message`."""
        keyed = self._keyed.copy()
        keyed.update(message)
        return keyed.digest()


def extract(salt: bytes, secret: bytes) -> bytes:
    """The first half of HKDF-SHA256: a pseudo-random key of 32 bytes (RFC 5869, 2.2)."""
    return hmac.digest(salt or bytes(_HASH_SIZE), secret, "sha256")


def expand(pseudo_random_key: HmacKey, info: bytes, length: int) -> bytes:
    """The second half of HKDF-SHA256: `length` bytes bound to `info` (RFC 5869, 2.3)."""
    if not 0 < length <= 255 * _HASH_SIZE:
        raise ValueError("HKDF-SHA256 yields 1 to 8160 bytes")
    out = block = b""
    counter = 0
    while len(out) < length:
        counter += 1
        block = pseudo_random_key.digest(block + info + bytes([counter]))
        out += block
    return out[:length]


class GcmDecryptor:
    """Decrypts a long AES-256-GCM stream, which is authenticated only at its end.

    Discard the plaintext unless :meth:`verify` returns True.

    Args:
        key: 32 bytes.
        nonce: 8 to 128 bytes.
    """

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.GCM(nonce)).decryptor()

    def update(self, piece: Piece) -> bytes:
        """The plaintext of the next piece."""
        return self._cipher.update(piece)

    def verify(self, tag: bytes) -> bool:
        """True if `tag` matches everything that was decrypted. Call it once, at the end."""
        if len(tag) != TAG_SIZE:
            return False
        try:
            self._cipher.finalize_with_tag(tag)
        except InvalidTag:
            return False
        return True


def open_gcm(key: bytes, nonce: bytes, sealed: bytes) -> bytes | None:
    """The plaintext of a short AES-256-GCM message with its tag at the end; None if the tag does
    not match. The nonce has 8 to 128 bytes.
    """
    try:
        return AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        return None


def seal_gcm(key: bytes, nonce: bytes, content: bytes) -> bytes:
    """`content` as an AES-256-GCM message with its tag at the end."""
    from Crypto.Cipher import AES  # noqa: PLC0415 - slow to import, and not for voice notes

    sealed, tag = AES.new(key, AES.MODE_GCM, nonce=nonce).encrypt_and_digest(content)
    return sealed + tag


def encrypt_cbc(key: bytes, iv: bytes, content: bytes) -> bytes:
    """`content` with PKCS#7 padding, encrypted with AES-256-CBC."""
    from Crypto.Cipher import AES  # noqa: PLC0415 - slow to import, and not for voice notes

    padding = BLOCK_SIZE - len(content) % BLOCK_SIZE
    cipher = AES.new(key, AES.MODE_CBC, iv=iv)
    return cipher.encrypt(content + bytes([padding]) * padding)


class CbcDecryptor:
    """AES-256-CBC of thousands of short messages with one key. Not thread-safe.

    A block is decrypted with the one before it, and the IV is the one before the first: so a
    message after its IV may follow any other message in one stream, which is set up only once.
    """

    __slots__ = ("_stream",)

    def __init__(self, key: bytes) -> None:
        self._stream = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK_SIZE))).decryptor()

    def decrypt(self, iv: bytes, sealed: bytes) -> bytes | None:
        """The content of the whole blocks `sealed`; None when the padding is invalid.

        Use it only for content with a verified MAC, so that it is not a padding oracle.
        """
        return strip_padding(self._stream.update(iv + sealed)[BLOCK_SIZE:])


def strip_padding(padded: bytes) -> bytes | None:
    """`padded` without its PKCS#7 padding; None if the padding is invalid."""
    count = padded[-1] if padded else 0
    if not 1 <= count <= BLOCK_SIZE or padded[-count:] != bytes([count]) * count:
        return None
    return padded[:-count]
