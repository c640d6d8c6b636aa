"""Which name a person gets, and which source of names comes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.chats.contacts import Contacts, read_contacts
from gdrive_wa.chats.people import bare, international
from gdrive_wa.chats.person import Person
from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.core.errors import UsageError
from tests.chats.store import ANNA, FAMILY, MUM, jids, make_database, media, message, modern

LID = "200000000000001@lid"


def a_book(*people: tuple[str, str]) -> Contacts:
    return Contacts(Person(name=name, numbers=(number,)) for name, number in people)


def named(tmp_path: Path, *, wa: dict[str, object] | None, contacts: bool, lid: bool) -> str:
    """Mum's name when only these sources know her."""
    store = modern(
        tmp_path / "msgstore.db",
        [message(1)],
        [media(1)],
        jid=jids(MUM, ANNA, FAMILY, LID),
        jid_map=[{"lid_row_id": 4, "jid_row_id": 1}],
        lid_display_name=[{"lid_row_id": 4, "display_name": "Mum by hidden id"}] if lid else [],
    )
    names = None
    if wa is not None:
        names = make_database(tmp_path / "wa.db", {"wa_contacts": [{"jid": MUM} | wa]})
    book = tmp_path / "contacts.vcf"
    book.write_text("BEGIN:VCARD\nFN:Mum of the address book\nTEL:+1 555-0101\nEND:VCARD\n")
    [note] = read_voice_notes(store, wa=names, contacts=book if contacts else None)
    assert note.chat == note.sender
    return note.chat


def test_names_come_in_their_order(tmp_path: Path) -> None:
    full = {"display_name": "Mum", "wa_name": "~ Mary"}
    expected = [
        ({"wa": full, "contacts": True, "lid": True}, "Mum"),
        ({"wa": {"wa_name": "~ Mary"}, "contacts": True, "lid": True}, "Mum of the address book"),
        ({"wa": {"wa_name": "~ Mary"}, "contacts": False, "lid": True}, "Mum by hidden id"),
        ({"wa": {"wa_name": "~ Mary"}, "contacts": False, "lid": False}, "~ Mary"),
        ({"wa": None, "contacts": False, "lid": False}, "+1 5550101"),
    ]
    for number, (known, name) in enumerate(expected):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert named(folder, **known) == name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"display_name": "Mum", "given_name": "Mary"}, "Mum"),
        ({"display_name": None, "given_name": "Mary", "family_name": "Hill"}, "Mary Hill"),
        ({"display_name": " ", "given_name": None, "family_name": None, "nickname": "M"}, "M"),
    ],
)
def test_a_contact_of_wa_db(tmp_path: Path, row: dict[str, object], name: str) -> None:
    assert named(tmp_path, wa=row, contacts=False, lid=False) == name


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("447700900123", "+44 7700 900123"),
        ("442079460123", "+44 20 7946 0123"),
        ("15550101", "+1 5550101"),
        ("0", "+0"),
        ("abc", None),
        ("", None),
        ("٣٣٣", None),
    ],
)
def test_numbers_as_people_write_them(digits: str, shown: str | None) -> None:
    assert international(digits) == shown


@pytest.mark.parametrize(
    ("jid", "person"),
    [
        (MUM, MUM),
        ("15550101.0:12@s.whatsapp.net", MUM),
        ("15550101:3@s.whatsapp.net", MUM),
        ("1.2.3@lid", "1.2@lid"),
        (FAMILY, FAMILY),
        ("", ""),
    ],
)
def test_a_jid_without_its_device(jid: str, person: str) -> None:
    assert bare(jid) == person


VCARD = """BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;\r
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=20=\r
M=C3=BCller\r
TEL;CELL:07700-900 123\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:3.0\r
N:Hill;Mary;;;\r
item1.TEL;TYPE=CELL:+1 (555) 01-01\r
item1.X-ABLabel:mobile\r
NOTE:a long line that is \r
  folded\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:4.0\r
FN:Anna\\, the younger\r
TEL;VALUE=uri:tel:+1-555-0102;ext=7\r
TEL:0015550103\r
END:VCARD\r
BEGIN:VCARD\r
TEL:+15550104\r
END:VCARD\r
"""


def test_a_vcard_file_of_every_version(tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_bytes(VCARD.encode())
    book = read_contacts(path)
    assert book.name("447700900123@s.whatsapp.net") == "Jörg Müller"
    assert book.name(MUM) == "Mary Hill"
    assert book.name(ANNA) == "Anna, the younger"
    assert book.name("15550103@s.whatsapp.net") == "Anna, the younger"
    assert book.name("15550104@s.whatsapp.net") is None


@pytest.mark.parametrize(
    "card",
    [
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:J\xf6rg\r\nTEL:+15550101\r\nEND:VCARD\r\n",
        (
            b"BEGIN:VCARD\nFN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:J=F6rg\n"
            b"TEL;CELL:+15550101\nEND:VCARD\n"
        ),
        (
            'BEGIN:VCARD\nVERSION:4.0\nFN;ALTID="a:b;c":Jörg\n'
            'TEL;LABEL="work: desk";VALUE=uri:tel:+1-555-0101\nEND:VCARD\n'
        ).encode(),
        (
            b"BEGIN:VCARD\nFN:J\xc3\xb6rg\nPHOTO:"
            + b"A\n " * 400_000
            + b"\nTEL:+15550101\nEND:VCARD\n"
        ),
    ],
)
def test_what_old_phones_and_new_programs_write(tmp_path: Path, card: bytes) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_bytes(card)
    assert read_contacts(path).name(MUM) == "Jörg"


@pytest.mark.parametrize(
    "header",
    [
        "Name,Given Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Value",
        "First Name,Last Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Value",
    ],
)
def test_a_google_export_old_and_new(tmp_path: Path, header: str) -> None:
    path = tmp_path / "contacts.csv"
    row = "Mary,Hill,Mobile,+1 555-0101 ::: 555-0102,"
    path.write_text(f"{header}\n{row}\n,,,+1 555-0103,\n", encoding="utf-8-sig")
    book = read_contacts(path)
    assert (book.name(MUM) or "").startswith("Mary")
    assert book.name("15550102@s.whatsapp.net") == book.name(MUM)
    assert book.name("15550103@s.whatsapp.net") is None


def test_a_national_number_that_two_people_have_gives_no_name() -> None:
    book = a_book(("Mary", "5550101"), ("Jane", "5550101"), ("Anna", "5550102"))
    assert book.name(MUM) is None
    assert book.name(ANNA) == "Anna"


def test_a_hidden_id_is_not_a_number() -> None:
    assert a_book(("Mary", "200000000000001")).name(LID) is None


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"Name,Mail\nMary,m@example.org\n"])
def test_a_file_that_is_not_an_address_book_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "contacts"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_contacts(path)
    assert caught.value.hints


def test_a_missing_address_book(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the contacts file"):
        read_contacts(tmp_path / "nowhere.vcf")


@given(st.binary(max_size=300), st.sampled_from([b"BEGIN:VCARD\n", b"Name,Phone 1 - Value\n"]))
def test_any_bytes_are_an_address_book_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-contacts"
    path.write_bytes(start + rest)
    try:
        book = read_contacts(path)
    except UsageError:
        return
    book.name(MUM)
