"""Address books: vCards of all versions, and the CSV of Google and Outlook."""

from __future__ import annotations

from gdrive_wa.chats.contacts import Contacts, read_people
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of

CARD = b"""BEGIN:VCARD
VERSION:3.0
N:Example;Anna;;;
FN:Anna Example
TEL;TYPE=CELL:+1 555 0101
item1.TEL;waid=15550102:+1 555 0102
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ
 SkZJRg==
END:VCARD
"""
OLD = b"""BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84;=C3=96=
=C3=BC;;;
TEL;CELL;PREF:0555/0101
TEL:(555) 0102 or 5550103
NOTE:x\\, y\\; z
END:VCARD
"""
NEW = b"""BEGIN:VCARD\r
VERSION:4.0\r
FN:Ben\r
TEL;VALUE=uri;TYPE="voice,home":tel:+1-555-0104;ext=1\r
PHOTO:data:image/png;base64,iVBORw0KGgo=\r
END:VCARD\r
"""
GOOGLE = b"""First Name,Last Name,Phone 1 - Label,Phone 1 - Value,E-mail 1 - Value
Anna,Example,Mobile,+1 555 0101 ::: 555 0102,anna@example.org
"The ""B"" team",,Work,+1 555 0103,
"""
OUTLOOK = b'"Vorname";"Nachname";"Mobiltelefon"\r\n"Anna";"Bei\nspiel";"0555 0101"\r\n'
SAMPLES = (CARD, OLD, NEW, GOOGLE, OUTLOOK, CARD.decode().encode("utf-16"))
JIDS = ("15550101@s.whatsapp.net", "15550102@s.whatsapp.net", "4915550103@s.whatsapp.net")


def try_one(data: bytes) -> object:
    """Names that are found can be shown."""
    people = read_people(file_of(data, "contacts.vcf"))
    for person in people:
        assert person.name
        assert person.numbers
    for owner in (None, "+15550100"):
        contacts = Contacts(people, owner=owner, candidates=JIDS)
        for jid in JIDS:
            if (name := contacts.name(jid)) is not None:
                name.encode()
    return len(people)


def main(arguments: list[str]) -> int:
    return fuzz("address_book", SAMPLES, try_one, arguments)
