"""Find the key in what people paste, and explain what else it looks like.

Format facts: proto/README.md, "Keys" (M3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from gdrive_wa.core.errors import KeyFileError
from gdrive_wa.crypt.key_text import strip_separators
from gdrive_wa.crypt.locks import PASSWORD_IS_NOT_A_KEY
from gdrive_wa.crypt.recognise import looks_like

DIGITS = 64
_WHOLE_FILES = (118, 262, 316)
"""Hex digits of whole key files, or of their body: 59, 131 and 158 bytes."""
_HEX = frozenset("0123456789abcdefABCDEF")
_PREFIX = re.compile(r"(?<![0-9A-Za-z])0x|\\x", re.IGNORECASE)
_AROUND = re.compile(r"[\"'`,;.|_(){}<>\[\]\u2018-\u201f\u00ab\u00bb]")
_GROUPS = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{4}(?:[^0-9A-Za-z]{0,4}[0-9A-Fa-f]{4})+(?![0-9A-Za-z])"
)
_NUMBERED = re.compile(r"^\s*\d{1,2}\s*[.):]\s+", re.MULTILINE)
_LOOKALIKES = str.maketrans("OoIl|", "00111")
_LONGEST_PIN = 8
_SHORTEST_KEY = 48
"""Fewer characters than this are not taken for a key with missing digits."""


def key_digits(text: str) -> str:
    """The hexadecimal digits of the key in `text`: 64, or those of a whole key file.

    They may be in a sentence, in quotes, in full-width characters, in a numbered list, or have
    ``0x`` before each byte or before all.

    Raises:
        KeyFileError: `text` does not contain a key; the error explains what it looks like, without
            quoting it.
    """
    plain = unicodedata.normalize("NFKC", text)
    for digits in _readings(plain):
        if _HEX.issuperset(digits) and len(digits) in (DIGITS, *_WHOLE_FILES):
            return digits
    raise _refusal(strip_separators(plain))


def refuse_other_file(raw: bytes) -> None:
    """Refuse a file that begins like a picture, a recording, a document or a database.

    Raises:
        KeyFileError: `raw` is the start of such a file.
    """
    found = {
        "media": "a picture, a recording or a PDF",
        "zip": "a document or a ZIP file",
        "sqlite": "a database",
    }.get(looks_like(raw))
    if found is not None:
        raise KeyFileError(
            f"this file is {found}, not a key",
            hint="type the 64 digits into a plain text file, and give that",
        )


def _readings(text: str) -> Iterator[str]:
    yield strip_separators(text)
    bare = _AROUND.sub(" ", _PREFIX.sub(" ", text))
    yield strip_separators(bare)
    found = [digits for run in _GROUPS.findall(text) if len(digits := _hex_of(run)) == DIGITS]
    if len(found) == 1:  # one run of sixteen groups among words
        yield found[0]
    lines = map(strip_separators, bare.splitlines())
    yield "".join(line for line in lines if len(line) % 4 == 0 and _HEX.issuperset(line))
    for mark in ":=":
        yield strip_separators(bare.rpartition(mark)[2])
    yield strip_separators(_NUMBERED.sub("", text))


def _hex_of(run: str) -> str:
    return "".join(char for char in run if char in _HEX)


def _refusal(digits: str) -> KeyFileError:
    count = len(digits)
    if not count:
        return KeyFileError("the key is empty", hint="a key is 64 hexadecimal digits")
    wrong = sum(char not in _HEX for char in digits)
    faulty = (
        f"1 of the {count} characters is not a hexadecimal digit"
        if wrong == 1
        else f"{wrong} of the {count} characters are not hexadecimal digits"
    )
    if not digits:
        return KeyFileError("the key is empty")
    if digits.isdecimal() and digits.isascii() and count <= _LONGEST_PIN:
        return KeyFileError(
            f"this looks like a PIN or a code of {count} digits, not like a key",
            hint=(
                "the key has 64 digits; WhatsApp showed it when end-to-end backup was turned on",
                *PASSWORD_IS_NOT_A_KEY,
            ),
        )
    is_key = count == DIGITS and _HEX.issuperset(digits.translate(_LOOKALIKES))
    if (wrong * 4 > count and not is_key) or (wrong and count < _SHORTEST_KEY):
        return KeyFileError(
            f"this looks like a password, not like a key: {faulty}",
            hint=PASSWORD_IS_NOT_A_KEY,
        )
    if wrong:
        return KeyFileError(
            faulty,
            hint="a key has only the digits 0-9 and the letters a-f; an O is a 0, an l a 1",
        )
    return _count_error(count)


def _count_error(count: int) -> KeyFileError:
    more = "too many" if count > DIGITS else "too few"
    hints = ("compare it with what you wrote down, group by group of four",)
    return KeyFileError(
        f"a key has 64 digits, this has {count}: {abs(count - DIGITS)} {more}",
        hint=hints if count >= _SHORTEST_KEY else (*hints, *PASSWORD_IS_NOT_A_KEY),
    )
