"""Who there is, and where their names stand."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tests.phones.cast import FIRST, add_note, new_group
from tests.phones.model import Chat, Person, Phone
from tests.phones.traits.registry import trait

_NAMES = (
    "Ana Example", "Björn Beispiel", "Zoë O'Sample", "李 雷", "Слава Примерова", "עומר דוגמה",
    "Mum ❤️ Home", "Dr. Sample, Jr.", "CON Example", "Ana  Two  Spaces", "50% Off: Shop / Bar",
    "../Up And Away", "A" * 90 + " B" * 40, "Trailing Dot.", "<b>Bold Example</b>",
)  # fmt: skip


def _nameless(phone: Phone, dice: Random) -> list[Person]:
    """Some of the people without a name, in any order."""
    left = [person for person in phone.people if not person.names]
    return dice.sample(left, dice.randint(0, len(left)))


def _name(dice: Random) -> str:
    return dice.choice(_NAMES)


@trait(0.5)
def names_in_wa(phone: Phone, dice: Random) -> None:
    """The phone's own list of contacts is in the backup."""
    for person in _nameless(phone, dice):
        person.names["wa"] = _name(dice)
        if dice.random() < 0.5:
            person.names["push"] = "Not This Name"


@trait(0.3)
def names_people_gave_themselves(phone: Phone, dice: Random) -> None:
    for person in _nameless(phone, dice):
        person.names["push"] = _name(dice)


@trait(0.15)
def verified_business(phone: Phone, dice: Random) -> None:
    for person in _nameless(phone, dice)[:1]:
        person.names |= {"verified": "Bakery Verified", "push": "Not This Name"}


@trait(0.2)
def two_chats_of_one_name(phone: Phone, _dice: Random) -> None:
    """Two people whom the owner calls the same."""
    for person in phone.people[:2]:
        person.names["wa"] = "Kim Twice"


@trait(0.15)
def names_with_marks(phone: Phone, _dice: Random) -> None:
    """The phone puts marks of direction round names."""
    phone.marked = True


@trait(0.3)
def hidden_ids(phone: Phone, dice: Random) -> None:
    """Some people are known by a hidden id, and the database says whose it is."""
    for person in dice.sample(phone.people, dice.randint(1, len(phone.people))):
        person.hidden = f"9{dice.randrange(10**13):013}"
        if dice.random() < 0.4:
            person.names.setdefault("lid", "Hidden Display")


@trait(0.15)
def hidden_id_of_nobody(phone: Phone, dice: Random) -> None:
    """Nothing says which number a hidden id hides."""
    person = dice.choice(phone.people)
    person.hidden, person.mapped = f"9{dice.randrange(10**13):013}", False
    person.names.pop("book", None)
    if dice.random() < 0.5:
        person.names.setdefault("lid", "Hidden Display")


@trait(0.4)
def address_book(phone: Phone, dice: Random) -> None:
    """The user gives an address book."""
    for person in _nameless(phone, dice):
        if person.mapped:
            name = _name(dice)
            person.names["book"] = "Bo Booked" if len(name) > 100 or "  " in name else name


@trait(0.1)
def stranger_with_the_same_end(phone: Phone, _dice: Random) -> None:
    """The address book has somebody abroad whose number ends like that of one without a name."""
    for person in _numbers_only(phone)[:1]:
        phone.book_of_others[f"+598 94 {person.number[-6:]}"] = "Wrong Person"


@trait(0.1)
def number_of_two_people(phone: Phone, _dice: Random) -> None:
    """Two people of the address book share a number: it names nobody."""
    for person in _numbers_only(phone)[-1:]:
        phone.book_of_others[f"+{person.number}"] = "Wrong Person"
        phone.book_of_others[f"00{person.number}"] = "Other Human"


def _numbers_only(phone: Phone) -> list[Person]:
    return [person for person in phone.people if not person.names and person.mapped]


@trait(0.15)
def owner_without_a_name(phone: Phone, _dice: Random) -> None:
    phone.owner_name = None


@trait(0.15)
def group_without_a_name(phone: Phone, dice: Random) -> None:
    chat = new_group(dice, None)
    if dice.random() < 0.5:
        chat.subject = phone.groups_in_wa[chat.room] = "Named In Contacts"
    _speak(phone, dice, chat)


@trait(0.2)
def status_updates(phone: Phone, dice: Random) -> None:
    _speak(phone, dice, Chat(room="status@broadcast", shown_without="Status"))


@trait(0.15)
def broadcast_list(phone: Phone, dice: Random) -> None:
    """The owner speaks to a list."""
    chat = Chat(room="15550150@broadcast", subject="To All", shown_without="Broadcast list")
    for _ in range(2):
        _speak(phone, dice, chat, mine=True)


@trait(0.15)
def channel(phone: Phone, dice: Random) -> None:
    """A channel is its own sender."""
    _speak(phone, dice, Chat(room="120363000000000012@newsletter", subject="Space News"))


@trait(0.12)
def bot(phone: Phone, dice: Random) -> None:
    """A program that answers in a chat of its own."""
    _speak(phone, dice, Chat(room="718584497008509@bot", shown_without="Bot 8509"))


@trait(0.12)
def hosted_business(phone: Phone, dice: Random) -> None:
    """Another company keeps the chats of a business; it is the same number."""
    person = dice.choice(phone.people)
    if person.hidden is None:
        person.hosted = True


def _speak(phone: Phone, dice: Random, chat: Chat, *, mine: bool = False) -> None:
    phone.chats.append(chat)
    note = add_note(phone, dice, chat, FIRST + timedelta(days=40, seconds=len(phone.notes)))
    note.sender = None if mine else note.sender
    phone.newest.notes.append(note)
