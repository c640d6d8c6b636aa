"""Bad metadata envelopes."""

from __future__ import annotations

import base64
import hmac
import json

import pytest

from gdrive_wa.core.errors import (
    GdriveWaError,
    MetadataError,
    WrongKeyError,
)
from gdrive_wa.crypt.envelope import (
    open_envelope,
    read_file_metadata,
    seal_envelope,
)
from gdrive_wa.crypt.primitives import encrypt_cbc
from tests.crypt.fixtures import OTHER_ROOT_KEY, ROOT_KEY
from tests.crypt.hostile.refusal import (
    IV,
    PATH,
    flip,
    refused,
)
from tests.variants import check_each

ENVELOPE = seal_envelope(json.dumps({"name": PATH}).encode(), ROOT_KEY)
RAW_ENVELOPE = base64.b64decode(ENVELOPE)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def signed(ciphertext: bytes) -> str:
    """An envelope with a valid MAC over any ciphertext."""
    mac = hmac.digest(ROOT_KEY.derive("metadata authentication", 32), IV + ciphertext, "sha256")
    return encoded(b"\x10" + IV + b"\x20" + mac + ciphertext)


def unpadded() -> str:
    """A valid MAC, and a last byte that is not padding."""
    key = ROOT_KEY.derive("metadata encryption", 32)
    return signed(encrypt_cbc(key, IV, b"fifteen bytes..\0")[:16])


def sealed_json(text: str) -> str:
    return seal_envelope(text.encode(), ROOT_KEY)


ENVELOPES: dict[str, tuple[str, type[GdriveWaError]]] = {
    "empty": ("", MetadataError),
    "bad base64": ("!" + ENVELOPE[1:], MetadataError),
    "base64 cut": (ENVELOPE[:-1], MetadataError),
    "no ASCII": ("é" + ENVELOPE, MetadataError),
    "a byte short": (encoded(RAW_ENVELOPE[:-1]), MetadataError),
    "a block short of a block": (encoded(RAW_ENVELOPE[:50]), MetadataError),
    "a byte long": (encoded(RAW_ENVELOPE + b"\0"), MetadataError),
    "an IV of another length": (encoded(b"\x0c" + RAW_ENVELOPE[1:]), MetadataError),
    "a MAC of another length": (
        encoded(RAW_ENVELOPE[:17] + b"\x10" + RAW_ENVELOPE[18:]),
        MetadataError,
    ),
    "bad MAC": (encoded(flip(20)(RAW_ENVELOPE)), WrongKeyError),
    "bad IV": (encoded(flip(1)(RAW_ENVELOPE)), WrongKeyError),
    "bad ciphertext": (encoded(flip(-1)(RAW_ENVELOPE)), WrongKeyError),
    "another key's": (seal_envelope(b'{"name": "x"}', OTHER_ROOT_KEY), WrongKeyError),
    "bad padding": (unpadded(), MetadataError),
    "no JSON": (sealed_json("name"), MetadataError),
    "JSON cut": (sealed_json('{"name": "x"'), MetadataError),
    "JSON that is no object": (sealed_json('["name"]'), MetadataError),
    "JSON without end": (sealed_json("[" * 100_000), MetadataError),
    "JSON of a huge number": (sealed_json('{"sizeBytes": ' + "9" * 9000 + "}"), MetadataError),
    "not UTF-8": (seal_envelope(b'{"name": "\xff"}', ROOT_KEY), MetadataError),
    "no name": (sealed_json('{"md5Hash": null}'), MetadataError),
    "a name that is no text": (sealed_json('{"name": "Media/\\ud800.opus"}'), MetadataError),
    "an empty name": (sealed_json('{"name": ""}'), MetadataError),
    "a name that is a number": (sealed_json('{"name": 7}'), MetadataError),
    "a name that is null": (sealed_json('{"name": null}'), MetadataError),
    "a name that is a list": (sealed_json('{"name": ["x"]}'), MetadataError),
    "an MD5 that is none": (sealed_json('{"name": "x", "md5Hash": "xyz"}'), MetadataError),
    "a size that is none": (sealed_json('{"name": "x", "sizeBytes": 1.5}'), MetadataError),
    "a size that is true": (sealed_json('{"name": "x", "sizeBytes": true}'), MetadataError),
    "a negative size": (sealed_json('{"name": "x", "sizeBytes": -1}'), MetadataError),
}


@pytest.mark.parametrize(("sealed", "kind"), ENVELOPES.values(), ids=list(ENVELOPES))
def test_a_bad_envelope_is_refused(sealed: str, kind: type[GdriveWaError]) -> None:
    refused(kind, lambda: read_file_metadata(sealed, ROOT_KEY))


def test_every_truncation_of_an_envelope_is_refused() -> None:
    def check(size: int) -> None:
        sealed = encoded(RAW_ENVELOPE[:size])
        kind = WrongKeyError if size >= 66 and (size - 50) % 16 == 0 else MetadataError
        refused(kind, lambda: open_envelope(sealed, ROOT_KEY))

    check_each(range(len(RAW_ENVELOPE)), check)
