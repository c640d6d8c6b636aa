"""Address books as people write them, matched with WhatsApp's ids."""

from __future__ import annotations

import base64
import contextlib
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.chats.contacts import Contacts, read_contacts, read_people
from gdrive_wa.chats.person import Person
from gdrive_wa.chats.phone_numbers import canonical, digits_of, possible_numbers, region_of
from gdrive_wa.core.errors import UsageError
from tests.chats.store import make_database

JPEG = b"\xff\xd8\xff\xe0 a picture"


def jid(digits: str) -> str:
    return f"{digits}@s.whatsapp.net"


def book(*numbers: str, owner: str | None = None, candidates: tuple[str, ...] = ()) -> Contacts:
    people = [Person(name=f"Number {place}", numbers=(each,)) for place, each in enumerate(numbers)]
    return Contacts(people, owner=owner, candidates=[jid(each) for each in candidates])


SPELLINGS = [
    # Brazil: with and without the ninth digit, in the book or in the id; carrier, trunk, exit codes
    ("5511990000001", "+55 11 99000-0001"),
    ("5511990000001", "+55 11 9000-0001"),
    ("5511990000001", "55 11 9000-0001"),
    ("5511990000001", "+55 (011) 99000-0001"),
    ("556190000001", "+55 61 99000-0001"),
    ("5561990000001", "021 61 99000-0001"),
    ("5561990000001", "0 61 9000-0001"),
    ("5561990000001", "(61) 99000-0001"),
    ("5561990000001", "0055 61 99000 0001"),
    # Mexico
    ("5215510000001", "+52 55 1000 0001"),
    ("5215510000001", "55 1000 0001"),
    ("5215510000001", "044 55 1000 0001"),
    ("5215510000001", "01 55 1000 0001"),
    ("525510000001", "+52 1 55 1000 0001"),
    # Argentina
    ("5491120000001", "+54 11 2000-0001"),
    ("5491120000001", "011 15 2000-0001"),
    ("5491120000001", "+54 9 11 2000 0001"),
    ("5491120000001", "+54 11 15 2000-0001"),
    ("5491120000001", "54 11 2000-0001"),
    ("5493512000001", "0351 15 200-0001"),
    # Benin and Ivory Coast, where numbers have become longer
    ("22990000001", "+229 01 90 00 00 01"),
    ("2290190000001", "+229 90 00 00 01"),
    ("22507000001", "+225 07 07 00 00 01"),
    ("2250507000001", "+225 05 07 00 00 01"),
    # Europe and elsewhere: trunk prefixes, exit codes, brackets, pauses, extensions
    ("447700900101", "07700 900101"),
    ("447700900101", "+44 (0)7700 900101"),
    ("447700900101", "+44 07700 900101"),
    ("491713920001", "0171 3920001"),
    ("491713920001", "0171/3920001"),
    ("491713920001", "+49 30 1234567 / +49 171 3920001"),
    ("491713920001", "0049 171 3920001"),
    ("491713920001", "011 49 171 3920001"),
    ("491713920001", "+49 ( 0 ) 171 3920001"),
    ("491713920001", "+49 171 3920001,,123#"),
    ("491713920001", "+49 171 3920001 ext. 7"),
    ("491713920001", "\uff0b\uff14\uff19 \uff11\uff17\uff11 \uff13\uff19\uff12 0001"),
    ("491713920001", "\u202a+49\u00a0171\u00a03920001\u202c"),
    ("79000000001", "8 900 000-00-01"),
    ("79000000001", "+7 (900) 000-00-01"),
    ("79000000001", "810 7 900 000 00 01"),
    ("390212345678", "02 1234 5678"),
    ("33600000001", "06 00 00 00 01"),
    ("919000000001", "090000 00001"),
    ("966500000001", "\u0660\u0665\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661"),
    ("15550101", "+1 (555) 01-01"),
    ("15550101", "555-0101"),
    ("15550101", "1-555-0101"),
]  # fmt: skip


@pytest.mark.parametrize(("digits", "written"), SPELLINGS)
def test_a_number_is_found_however_it_is_written(digits: str, written: str) -> None:
    assert book(written).name(jid(digits)) == "Number 0"


@pytest.mark.parametrize(("digits", "written"), SPELLINGS)
def test_no_other_number_gets_its_name(digits: str, written: str) -> None:
    people = book(written)
    for place in range(3, len(digits)):
        other = digits[:place] + str((int(digits[place]) + 5) % 10) + digits[place + 1 :]
        assert canonical(other) == canonical(digits) or people.name(jid(other)) is None


def test_a_tail_of_digits_is_not_a_number() -> None:
    people = book("99000-0013", "000013", "+44 99000 0013")
    assert people.name(jid("5561990000013")) is None
    assert people.name(jid("4917990000013")) is None


def test_home_numbers_are_read_as_the_owners_country_writes_them() -> None:
    people = book("0171 3920001", owner="+49 171 3920099")
    assert people.name(jid("491713920001")) == "Number 0"
    assert people.name(jid("441713920001")) is None
    assert book("0171 3920001", owner="15550100").name(jid("491713920001")) is None


def test_a_full_number_of_two_people_names_neither_however_it_is_written() -> None:
    assert book("+44 7700 900001", "0044 7700 900001").name(jid("447700900001")) is None
    assert book("0044 7700 900001", "07700 900001").name(jid("447700900001")) == "Number 0"


def test_an_account_that_is_called_by_a_short_number_says_nothing_about_the_country() -> None:
    assert book("0171 3920001", owner="1001").name(jid("491713920001")) == "Number 0"


def test_a_home_number_that_fits_people_of_two_countries_names_neither() -> None:
    both = ("491713920001", "431713920001")
    assert book("0171 3920001", candidates=both[:1]).name(jid(both[0])) == "Number 0"
    people = book("0171 3920001", candidates=both)
    assert [people.name(jid(each)) for each in both] == [None, None]


def test_the_number_in_full_counts_before_one_that_only_fits() -> None:
    people = book("+55 11 9000-0002", "+55 11 99000-0002")
    assert people.name(jid("5511990000002")) == "Number 1"
    assert people.name(jid("551190000002")) == "Number 0"


def test_one_number_of_two_people_has_no_name_but_one_person_twice_has() -> None:
    def named(*names: str) -> str | None:
        people = [Person(name=name, numbers=("+1 555 0101",)) for name in names]
        return Contacts(people).name(jid("15550101"))

    assert named("Mary", "Jane") is None
    assert named("Mary", "Mary Hill", "mary") == "Mary Hill"
    assert named("Mary Hill", "Mary", "Jane Hill") is None


def test_a_landline_is_not_a_mobile_number_that_looks_like_it() -> None:
    assert canonical("5511923456789") == "5511923456789"
    assert book("+55 11 2345-6789").name(jid("5511923456789")) is None


@given(st.text(max_size=80))
def test_any_text_may_be_in_place_of_a_number(written: str) -> None:
    digits = digits_of(written)
    assert digits.lstrip("+").isascii()
    for region in (None, "BR", "MX"):
        for meant in possible_numbers(digits, region):
            assert canonical(meant).isdigit() or not meant
    region_of(digits.lstrip("+"))
    book(written).name(jid("15550101"))


CARDS = {
    "2.1": (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;"
        b"J=F6rg\r\nTEL;CELL;VOICE:+15550101\r\nPHOTO;ENCODING=BASE64;JPEG:%s\r\n %s\r\n\r\n"
        b"END:VCARD\r\n"
    ),
    "3.0": (
        b"BEGIN:VCARD\nVERSION:3.0\nFN:J\xc3\xb6rg M\xc3\xbc\n ller\n"
        b"item1.TEL;type=CELL;type=pref:+1 555-0101\nPHOTO;ENCODING=b;TYPE=JPEG:%s\n  %s\n"
        b"END:VCARD\n"
    ),
    "4.0": (
        b'BEGIN:VCARD\nVERSION:4.0\nFN;ALTID="1:2":J\xc3\xb6rg M\xc3\xbcller\n'
        b"TEL;VALUE=uri;TYPE=cell:tel:+1-555-0101;ext=9\n"
        b"PHOTO:data:image/jpeg;base64,%s\n %s\nEND:VCARD\n"
    ),
}


@pytest.mark.parametrize("version", CARDS)
def test_a_card_of_each_version_with_its_picture(tmp_path: Path, version: str) -> None:
    path = tmp_path / "people.vcf"
    picture = base64.b64encode(JPEG)
    path.write_bytes(CARDS[version] % (picture[:10], picture[10:]))
    person = read_contacts(path).person(jid("15550101"))
    assert person is not None
    assert person.name == "Jörg Müller"
    assert person.photo is not None
    assert (person.photo.content, person.photo.mime_type) == (JPEG, "image/jpeg")
    assert "picture" not in repr(person)


def test_a_card_of_whatsapp_has_the_id_in_a_parameter(tmp_path: Path) -> None:
    path = tmp_path / "people.vcf"
    path.write_text("BEGIN:VCARD\nFN:Ann\nTEL;waid=15550101;type=CELL:555\nEND:VCARD\n")
    assert read_contacts(path).name(jid("15550101")) == "Ann"


@pytest.mark.parametrize("photo", ["https://example.org/me.jpg", "data:nothing", "!!!!", ""])
def test_an_invalid_picture_is_left_out(tmp_path: Path, photo: str) -> None:
    path = tmp_path / "people.vcf"
    raw = base64.b64encode(b"<script>not a picture</script>").decode()
    for value in (f":{photo}", f";ENCODING=b:{photo}", f";ENCODING=b:{raw}"):
        path.write_text(f"BEGIN:VCARD\nFN:Ann\nTEL:+15550101\nPHOTO{value}\nEND:VCARD\n")
        [person] = read_people(path)
        assert person.photo is None


def test_outlook_and_google_of_every_age(tmp_path: Path) -> None:
    tables = {
        "outlook": "First Name,Last Name,Company,Mobile Phone,Home Fax\nAnn,Lee,,+1 555 0101,5\n",
        "german": "Vorname;Nachname;Mobiltelefon\nAnn;Lee;+1 555 0101\n",
        "new": "First Name,Middle Name,Last Name,Phone 1 - Label,Phone 1 - Value\n"
        "Ann,,Lee,Mobile,+1 555 0101 ::: +1 555 0102\n",
        "old": "Name,Given Name,Family Name,Phone 1 - Type,Phone 1 - Value\n"
        "Ann Lee,Ann,Lee,Mobile,+1 555 0101\n",
        "company": "Organization Name,Phone 1 - Value\nAnn Lee,+1 555 0101\n",
    }
    for name, content in tables.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(content, encoding="utf-16" if name == "outlook" else "utf-8-sig")
        assert read_contacts(path).name(jid("15550101")) == "Ann Lee", name
    assert read_contacts(tmp_path / "new.csv").name(jid("15550102")) == "Ann Lee"


def test_an_iphones_own_contacts(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "AddressBook.sqlitedb",
        {
            "ABPerson": [
                {"ROWID": 1, "First": "Ann", "Last": "Lee", "Organization": None},
                {"ROWID": 2, "First": None, "Last": None, "Organization": "Bakery"},
            ],
            "ABMultiValue": [
                {"record_id": 1, "property": 3, "value": "+1 555 0101"},
                {"record_id": 1, "property": 4, "value": "ann@example.org"},
                {"record_id": 2, "property": 3, "value": "+1 555 0102"},
            ],
        },
    )
    people = read_contacts(path)
    assert [people.name(jid(f"1555010{each}")) for each in (1, 2)] == ["Ann Lee", "Bakery"]
    with pytest.raises(UsageError, match="not an address book"):
        read_contacts(make_database(tmp_path / "other.db", {"chat": [{"_id": 1}]}))


HEAD, END = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nTEL:+15550101\r\n", "\r\nEND:VCARD\r\n"


@pytest.mark.parametrize(
    "middle",
    [
        "NOTE;ENCODING=QUOTED-PRINTABLE:" + "x" * 500_000 + "=\r\n" + "=\r\n" * 100_000,
        "TEL:1\r\n" * 500_000,
        "N:" + ";" * 5_000_000,
        'X-A;A="' + '"' * 2_000_000,
        "PHOTO;ENCODING=b:" + "A\r\n " * 500_000,
        "X" * 5_000_000,
        "N:" + "\\" * 3_000_000,
    ],
    ids=["soft breaks", "numbers", "semicolons", "quotes", "folds", "no colon", "backslashes"],
)
def test_time_grows_with_the_file_only(tmp_path: Path, middle: str) -> None:
    path = tmp_path / "people.vcf"
    path.write_text(HEAD + middle + END, newline="")
    began = time.perf_counter()
    with contextlib.suppress(UsageError):
        assert read_contacts(path).name(jid("15550101")) == "Ann"
    assert time.perf_counter() - began < 5


@pytest.mark.no_cover  # to count lines would double its time
def test_an_address_book_of_absurd_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Name,Phone 1 - Value\n" + "Ann,+1 555 0101\n" * 200_001)
    with pytest.raises(UsageError, match="more numbers"):
        read_contacts(path)


@pytest.mark.no_cover  # to count lines would double its time
def test_numbers_that_end_alike_are_found_quickly() -> None:
    people = book(*(f"+{code}000000" for code in range(1, 20_000)))
    began = time.perf_counter()
    for code in range(1000, 1400):
        people.name(jid(f"99{code}000000"))
    assert time.perf_counter() - began < 10


def spelled(country: str, chance: random.Random) -> tuple[str, str]:
    """A jid's digits, and the number as a person of that country might write it."""
    tail = f"{chance.randrange(10_000):04}"
    match country:
        case "BR":
            area, block = chance.choice(["11", "21", "61", "85"]), chance.choice("6789") + "000"
            nine = chance.choice(["", "9"])
            forms = ["+55 {a} {n}{b}-{t}", "{a} {n}{b}-{t}", "0{a}{n}{b}{t}", "021 {a} {n}{b}-{t}"]
            written = chance.choice(forms).format(
                a=area, n=chance.choice(["", "9"]), b=block, t=tail
            )
            return f"55{area}{nine}{block}{tail}", written
        case "MX":
            form = chance.choice(
                ["+52 55 1000 {}", "55 1000 {}", "044 55 1000 {}", "+5215510 00{}"]
            )
            return chance.choice(["521551000", "52551000"]) + tail, form.format(tail)
        case "AR":
            form = chance.choice(["+54 11 2000-{}", "+54 9 11 2000 {}", "011 15 2000-{}"])
            return f"549112000{tail}", form.format(tail)
        case "DE":
            form = chance.choice(["0171 392{}", "+49 (0)171 392{}", "0049171392{}", "+49171392{}"])
            return f"49171392{tail}", form.format(tail)
        case "GB":
            form = chance.choice(
                ["07700 90{}", "+44 7700 90{}", "+44 (0) 7700-90{}", "447700 90{}"]
            )
            return f"44770090{tail}", form.format(tail)
        case "RU":
            form = chance.choice(["8 900 000-{}", "+7 900 000 {}", "8(900)000{}"])
            return f"7900000{tail}", form.format(tail)
        case "BJ":
            form = chance.choice(["+229 01 9000 {}", "9000{}", "01 90 00 {}", "00229 9000{}"])
            return chance.choice(["229019000", "2299000"]) + tail, form.format(tail)
    form = chance.choice(["+1 (555) 55{}", "1-555-55{}", "555-55{}", "55555{}"])
    return f"155555{tail}", form.format(tail)


@pytest.mark.parametrize("country", ["BR", "MX", "AR", "DE", "GB", "RU", "BJ", "US"])
@pytest.mark.parametrize("known", [True, False], ids=["owner known", "owner unknown"])
def test_hundreds_of_contacts_are_found_and_none_is_confused(country: str, known: bool) -> None:
    chance = random.Random(country)
    people = dict(spelled(country, chance) for _ in range(400))
    owner, _ = spelled(country, chance)
    contacts = Contacts(
        (Person(name=canonical(digits), numbers=(written,)) for digits, written in people.items()),
        owner=owner if known else None,
        candidates=[jid(digits) for digits in people],
    )
    found = {digits: contacts.name(jid(digits)) for digits in people}
    named = [digits for digits, name in found.items() if name is not None]
    assert all(found[digits] == canonical(digits) for digits in named)
    assert len(named) >= 0.98 * len(people)
