"""Address books, with numbers as people write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from random import Random

from tests.phones.model import Person

Written = Callable[[str], list[str]]


def written(number: str, home: str | None, dice: Random) -> str:
    """The number as somebody may have saved it.

    Args:
        number: international, digits only.
        home: the owner's number where the backup says it: then a number that is written as it is
            dialled inside a country is one of the owner's.
        dice: chooses the spelling.
    """
    prefix = next(each for each in _WAYS if number.startswith(each))
    ways = _WAYS[prefix](number)
    if home is not None and not home.startswith(prefix):
        ways = [each for each in ways if each.startswith(("+", "00", "tel:", "\u202a", "\uff0b"))]
    return dice.choice(ways)


def _fictional(number: str) -> list[str]:
    last = number[4:]
    return [
        f"+1 555 {last}",
        f"+1-555-{last}",
        f"001 555 {last}",
        f"tel:+1555{last}",
        f"1555{last}",
    ]


def _british(number: str) -> list[str]:
    area, last = number[2:6], number[6:]
    return [
        f"0{area} {last}",
        f"(0{area}) {last}",
        f"+44 {area} {last}",
        f"+44 (0) {area} {last}",
        f"0044 {area} {last}",
        f"+44{area}{last} ext. 12",
    ]


def _german(number: str) -> list[str]:
    area, last = number[2:5], number[5:]
    wide = f"+49 {area} {last}".translate({code: code + 0xFEE0 for code in range(0x2B, 0x3A)})
    return [
        f"0{area}/{last}",
        f"0{area} {last[:3]} {last[3:]}",
        f"+49 {area} {last}",
        f"+49 (0){area} {last}",
        f"0049-{area}-{last}",
        f"011 49 {area} {last}",
        f"+49 {area} {last},,12",
        f"\u202a+49 {area} {last}\u202c",
        wide,
    ]


def _brazilian(number: str) -> list[str]:
    area, last = number[2:4], number[4:][-8:]
    short, full = f"{last[:4]}-{last[4:]}", f"9{last[:4]}-{last[4:]}"
    return [
        f"+55 {area} {full}",
        f"+55 ({area}) {short}",
        f"({area}) {full}",
        f"0{area} {full}",
        f"021 {area} {full}",
        f"0055 {area} {full}",
    ]


def _mexican(number: str) -> list[str]:
    area, last = number[3:5], number[5:]
    return [
        f"+52 {area} {last[:4]} {last[4:]}",
        f"+52 1 {area} {last[:4]} {last[4:]}",
        f"044 {area} {last}",
        f"0052 {area} {last}",
    ]


def _argentinian(number: str) -> list[str]:
    area, last = number[3:5], number[5:]
    return [
        f"0{area} 15 {last[:4]}-{last[4:]}",
        f"+54 {area} {last[:4]}-{last[4:]}",
        f"+54 9 {area} {last[:4]} {last[4:]}",
    ]


def _russian(number: str) -> list[str]:
    area, last = number[1:4], number[4:]
    return [
        f"8 {area} {last[:3]}-{last[3:5]}-{last[5:]}",
        f"+7 ({area}) {last}",
        f"8-10-7-{area}-{last}",
    ]


_WAYS: dict[str, Written] = {
    "1555": _fictional,
    "447700": _british,
    "49171": _german,
    "55": _brazilian,
    "521": _mexican,
    "549": _argentinian,
    "79": _russian,
}
FORMATS = ("vcard 2.1", "vcard 3.0", "vcard 4.0", "google", "google old", "outlook")


def book(
    people: list[Person], others: dict[str, str], home: str | None, dice: Random
) -> tuple[str, bytes]:
    """The name and the content of a file with those of `people` who are in it, and `others`.

    Args:
        people: whose name under ``book`` counts.
        others: other names, by the number as it is written.
        home: as for :func:`written`.
        dice: decides about the format and about every number.
    """
    entries = [
        (person.names["book"], written(person.number, home, dice))
        for person in people
        if "book" in person.names
    ]
    entries += [(name, number) for number, name in others.items()]
    dice.shuffle(entries)
    kind = dice.choice(FORMATS)
    if kind.startswith("vcard"):
        version = kind.partition(" ")[2]
        cards = [_card(version, name, number) for name, number in entries]
        return "contacts.vcf", "".join(cards).encode()
    headings, fill = _TABLES[kind]
    made = io.StringIO()
    table = csv.writer(made)
    table.writerow(headings)
    for name, number in entries:
        table.writerow(fill(name, number))
    return "contacts.csv", made.getvalue().encode("utf-8-sig" if kind == "outlook" else "utf-8")


def _card(version: str, name: str, number: str) -> str:
    first, _, last = name.rpartition(" ")
    lines = ["BEGIN:VCARD", f"VERSION:{version}"]
    if version == "2.1":
        quoted = "".join(f"={byte:02X}" for byte in name.encode())
        half = len(quoted) // 6 * 3
        lines += [f"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{quoted[:half]}=", quoted[half:]]
        lines += [f"TEL;CELL;PREF:{number}"]
    elif version == "3.0":
        folded = f"FN:{name}"
        lines += [f"N:{last};{first};;;", folded[:9], f" {folded[9:]}"]
        lines += [f"item1.TEL;type=CELL;type=VOICE:{number}", "item1.X-ABLabel:mobile"]
    else:
        lines += [
            f"FN:{name}",
            f'TEL;VALUE=uri;TYPE="voice,cell":tel:{number.removeprefix("tel:")}',
        ]
    return "\r\n".join([*lines, "END:VCARD", ""])


_TABLES: dict[str, tuple[list[str], Callable[[str, str], list[str]]]] = {
    "google": (
        ["First Name", "Middle Name", "Last Name", "Labels", "Phone 1 - Label", "Phone 1 - Value"],
        lambda name, number: [
            *(name.split(" ", 1)[0], "", name.split(" ", 1)[1], "* myContacts", "Mobile", number),
        ],
    ),
    "google old": (
        ["Name", "Given Name", "Family Name", "Phone 1 - Type", "Phone 1 - Value"],
        lambda name, number: [name, *name.split(" ", 1), "Mobile", number],
    ),
    "outlook": (
        ["First Name", "Middle Name", "Last Name", "E-mail Address", "Mobile Phone", "Home Phone"],
        lambda name, number: [name.split(" ", 1)[0], "", name.split(" ", 1)[1], "", number, ""],
    ),
}
