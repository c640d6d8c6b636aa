"""Phone numbers as people write them, matched with the numbers in WhatsApp's ids.

A jid is the international form, with exceptions in some countries:

- Brazil (55): mobile numbers got a ninth digit, a 9 before the old eight, from 2012 to 2016. Older
  ids keep the eight digits, and so do address books.
- Mexico (52): ids have a 1 that was dialled before mobile numbers from abroad until 2019.
- Argentina (54): ids have the 9 that is dialled before mobile numbers from abroad. Within the
  country, a 15 after the area code takes its place, and many people write neither.
- Benin (229): since November 2024 every number begins with 01; older ids lack it.
- Ivory Coast (225): since January 2021 mobile numbers begin with 01, 05 or 07, by the second digit
  of the old eight; older ids have these alone.

Sources: articles of WhatsApp's business partners (Brazil, Mexico), of telephone regulators (Benin,
Ivory Coast), and the metadata of libphonenumber.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MAX_LENGTH = 64
"""Maximum characters of a text that may be a number."""

_EXTENSION = re.compile(r"(?:[,;pPwWxX#]|ext|доб).*", re.DOTALL)
_TRUNK_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")
_ABROAD = (
    *("011", "0011", "810", "010", "009", "119", "00700"),
    *("0014", "0015", "0021", "0031", "0041", "001", "002", "005", "007", "008", "018"),
)
"""Prefixes for calls abroad, before the country code: of North America, Australia, Russia, Japan,
Nigeria, Cuba and Korea; then those of carriers in Brazil, Colombia and eastern Asia."""
_WITH_CODE = 10
"""Minimum number of digits of a number with its country's code."""

_AFTER_55 = re.compile(r"(\d\d)9([6-9]\d{7})")
_AFTER_229 = re.compile(r"01(\d{8})")
_AFTER_225 = re.compile(r"(?:01\d[0-3]|05\d[4-6]|07\d[7-9])\d{6}")


def digits_of(number: str) -> str:
    """The digits of a number in any script, with its ``+`` if it has one.

    An extension after the number, or a pause and further digits, are left out.
    """
    plain = unicodedata.normalize("NFKC", number[:MAX_LENGTH]).strip()
    plain = _TRUNK_IN_BRACKETS.sub("", _EXTENSION.sub("", plain.removeprefix("tel:")))
    digits = "".join(str(unicodedata.digit(each)) for each in plain if each.isdecimal())
    return f"+{digits}" if plain.lstrip("\u200e\u202a( ").startswith("+") else digits


def canonical(digits: str) -> str:
    """One form for all the ways in which a country writes the same number.

    Args:
        digits: international, without ``+``.
    """
    if digits.startswith("55") and (found := _AFTER_55.fullmatch(digits[2:])):
        return f"55{found[1]}{found[2]}"
    if digits.startswith("521") and len(digits) == 13:
        return f"52{digits[3:]}"
    if digits.startswith("549") and len(digits) == 13:
        return f"54{digits[3:]}"
    if digits.startswith("229") and (found := _AFTER_229.fullmatch(digits[3:])):
        return f"229{found[1]}"
    if digits.startswith("225") and _AFTER_225.fullmatch(digits[3:]):
        return f"225{digits[5:]}"
    return digits


@lru_cache(maxsize=4096)
def region_of(digits: str) -> str | None:
    """The country of an international number, as two letters; None if no country has it."""
    import phonenumbers  # noqa: PLC0415 - not needed for --help, and not small

    for length in (1, 2, 3):
        code = int(digits[:length] or 0)
        region = str(phonenumbers.region_code_for_country_code(code))
        if region not in ("ZZ", "001"):
            try:
                exact = phonenumbers.region_code_for_number(phonenumbers.parse(f"+{digits}"))
            except phonenumbers.NumberParseException:
                exact = None
            return exact or region
    return None


def possible_numbers(written: str, region: str | None) -> Iterator[str]:
    """The possible international forms of a number, without ``+``, the likeliest first.

    Args:
        written: from :func:`digits_of`.
        region: the country of its national format.
    """
    if written.startswith("+"):
        yield from _parsed(written, None)
        return
    if written.startswith("00"):
        yield from _parsed(f"+{written[2:]}", None)
    if region is not None:
        yield from _parsed(written, region)
        yield from _mexican(written, region)
    for prefix in _ABROAD:
        if written.startswith(prefix):
            yield from _parsed(f"+{written[len(prefix) :]}", None)
    if len(written) >= _WITH_CODE and not written.startswith("0"):
        yield from _parsed(f"+{written}", None)


def _mexican(written: str, region: str) -> Iterator[str]:
    """Mexican numbers with the prefixes that were used until 2019."""
    if region == "MX" and len(written) >= 12:
        for prefix in ("044", "045", "01"):
            if written.startswith(prefix) and len(written) == len(prefix) + 10:
                yield f"52{written[len(prefix) :]}"


def _parsed(written: str, region: str | None) -> Iterator[str]:
    import phonenumbers  # noqa: PLC0415 - not needed for --help, and not small

    if written.startswith("+"):
        yield written[1:]
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return
    yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
