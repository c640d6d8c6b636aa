"""WhatsApp's ids (jids), and the names that belong to them.

The part after the ``@`` is the kind of id: ``s.whatsapp.net`` (formerly ``c.us``) is a phone
number, ``lid`` a person with a hidden number, ``hosted`` and ``hosted.lid`` the same for a business
with chats stored by another company, ``bot`` a program, ``g.us`` a group, ``broadcast`` a list of
receivers or the status updates, ``newsletter`` a channel.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, name_text, text

STATUS = "status@broadcast"
UNKNOWN_CHAT = "unknown@unknown"
"""The jid used when a message's chat is no longer in the database."""

_DEVICE = re.compile(r"^([^@:]+?)(?:\.\d+)?(?::\d+)?@")
_HIDDEN = "@lid"
_HOSTED = {"hosted": "s.whatsapp.net", "hosted.lid": "lid"}
_NUMBER = frozenset({"s.whatsapp.net", "c.us"})
_PERSON = _NUMBER | {"lid", "bot", "interop"}
_CHANNEL = "newsletter"
_CONTACT = (
    "jid",
    "number",
    "display_name",
    "given_name",
    "family_name",
    "nickname",
    "wa_name",
)


def bare(jid: str) -> str:
    """A jid without its device, if any: ``15550100.0:3@…`` is ``15550100@…``."""
    jid = _DEVICE.sub(r"\1@", jid, count=1)
    user, at, server = jid.rpartition("@")
    return f"{user}{at}{_HOSTED.get(server, server)}"


def is_person(jid: str) -> bool:
    """True for a person, False for a group, a broadcast list, a channel."""
    return jid.rpartition("@")[2] in _PERSON


def phone_number(jid: str) -> str | None:
    """The digits of a phone number's jid, with the country's code; None for any other jid."""
    user, _, server = jid.partition("@")
    return user if server in _NUMBER and user.isascii() and user.isdigit() else None


def sender_in(chat_jid: str, sender_jid: str | None, *, mine: bool) -> str | None:
    """The jid of a message's sender; None for the owner, or if it is unknown.

    A chat with one other person, or a channel, has one other sender. The database's column is not
    reliable there: it can have a broadcast list, a group or an id without a mapping.

    Args:
        chat_jid: the jid of the chat.
        sender_jid: the sender according to the database.
        mine: the owner sent it.
    """
    server = chat_jid.rpartition("@")[2]
    if server in _PERSON or server == _CHANNEL:
        return None if mine else chat_jid
    return sender_jid if sender_jid is not None and is_person(sender_jid) else None


class Jids:
    """The ids of one database: row numbers to jids, hidden ids to phone numbers.

    Args:
        tables: the database.
        phones: hidden ids and their numbers from newer databases; those of this one are added.
            None if there are no others.
    """

    def __init__(self, tables: Tables, phones: dict[str, str] | None = None) -> None:
        self._phones = {} if phones is None else phones
        self._jids: dict[int, str] = {}
        for row_id, raw, user, server in tables.rows(
            "jid", ("_id", "raw_string", "user", "server")
        ):
            number, jid = as_int(row_id), text(raw) or f"{text(user) or ''}@{text(server) or ''}"
            if number is not None and len(jid) > 1:
                self._jids[number] = bare(jid)
        self.add_lids(tables.rows("jid_map", ("lid_row_id", "jid_row_id")))
        accounts = list(tables.rows("chat", ("jid_row_id", "account_jid_row_id")))
        often = Counter(account for _, account in accounts)
        self.add_lids(
            row for row in accounts if often[row[1]] == 1
        )  # otherwise it is not the id of one person

    def add_lids(self, rows: Iterable[tuple[object, object]]) -> None:
        """Record pairs of row numbers: a hidden id, and the phone number of the same person."""
        for lid, phone in rows:
            hidden, known = self.jid_as_stored(lid), self.jid_as_stored(phone)
            if hidden is not None and known is not None and hidden.endswith(_HIDDEN):
                self.add_lid(hidden, known)

    def add_lid(self, hidden: str, number: str) -> None:
        """Record the phone number of a hidden id, unless it is known already."""
        if hidden != number and is_person(number):
            self._phones.setdefault(bare(hidden), bare(number))

    def jid_as_stored(self, row_id: object) -> str | None:
        """The stored jid of a row number; None for 0 and NULL."""
        return self._jids.get(as_int(row_id) or 0)

    def jid_at(self, row_id: object) -> str | None:
        """The jid of a row number, by phone number if it is known; None for 0 and NULL."""
        jid = self.jid_as_stored(row_id)
        return None if jid is None else self.resolve(jid)

    def resolve(self, jid: str) -> str:
        """`jid` by phone number, if it is a hidden id with a known number.

        A hidden id may lead to another hidden id, which leads to the number.
        """
        known = jid = bare(jid)
        passed = {jid}
        while (beyond := self._phones.get(known, known)) not in passed:
            passed.add(beyond)
            known = beyond
        return jid if known.endswith(_HIDDEN) else known

    def all_jids(self) -> Iterator[str]:
        """Every jid of the database, by phone number if it is known."""
        return map(self.resolve, set(self._jids.values()))


class People:
    """Names by jid, from the first source that has one.

    Args:
        owner: the name of the database's owner.
        sources: each returns the name of a jid, or None.
    """

    def __init__(self, owner: str, *sources: Callable[[str], str | None]) -> None:
        self.owner = owner
        self._sources = sources
        self._found: dict[str, str] = {}

    def find_name(self, jid: str) -> str | None:
        """The name from the first source that has one; None if none has."""
        names = (source(jid) for source in self._sources)
        return next((name for name in names if name), None)

    def name(self, jid: str) -> str:
        """The name of a person; without one, the number in the usual format."""
        if jid not in self._found:
            self._found[jid] = self.find_name(jid) or _plain(jid)
        return self._found[jid]

    def sender(self, jid: str | None, *, from_me: bool, own: str | None = None) -> str:
        """The name of a message's sender.

        Args:
            jid: the sender's jid; None if the database does not have it.
            from_me: the owner sent the message.
            own: the sender's own name in the message, preferred to a number.
        """
        if from_me:
            return self.owner
        if jid is not None and own is not None:
            return self.find_name(jid) or own
        return "Unknown" if jid is None else self.name(jid)

    def chat(self, jid: str, subject: str | None = None) -> str:
        """The name of a chat; `subject` is a group's own name, if the database has it."""
        if jid == STATUS or is_person(jid):
            return self.name(jid)
        return subject or self.name(jid)


@dataclass(frozen=True, slots=True)
class WaNames:
    """The names in ``wa.db``.

    Attributes:
        saved_names: the names that the owner gave, by jid.
        push_names: names that people gave themselves; for a business the verified name comes first.
        dialled: names and numbers in the address book without a jid.
    """

    saved_names: dict[str, str] = field(default_factory=dict)
    push_names: dict[str, str] = field(default_factory=dict)
    dialled: list[tuple[str, str]] = field(default_factory=list)


def contact_names(wa: Tables, jids: Jids) -> WaNames:
    """The names in a ``wa.db``."""
    found = WaNames()
    own_names = []
    for table in ("wa_contacts", "wa_address_book"):
        for row in wa.rows(table, _CONTACT):
            display, first, last, nick, own = map(name_text, row[2:])
            name = display or " ".join(part for part in (first, last) if part) or nick
            _set_name(found.saved_names, jids, row[0], name)
            own_names.append((row[0], own))
            if text(row[0]) is None and name is not None and text(row[1]) is not None:
                found.dialled.append((name, text(row[1]) or ""))
    for jid, verified in wa.rows("wa_vnames", ("jid", "verified_name")):
        _set_name(found.push_names, jids, jid, name_text(verified))
    for jid, own in own_names:
        _set_name(found.push_names, jids, jid, own)
    return found


def lid_names(tables: Tables, jids: Jids) -> Mapping[str, str]:
    """The names of hidden ids."""
    names: dict[str, str] = {}
    for row_id, display, user in tables.rows(
        "lid_display_name", ("lid_row_id", "display_name", "username")
    ):
        jid, name = jids.jid_at(row_id), name_text(display) or name_text(user)
        if jid is not None and name is not None:
            names.setdefault(jid, name)
    return names


def chat_subjects(tables: Tables, jids: Jids) -> Mapping[str, str]:
    """The names of groups, lists and channels; ``chat_list`` is of the old schema."""
    names: dict[str, str] = {}
    rows: dict[int, str] = {}
    for row_id, jid_row, subject in tables.rows("chat", ("_id", "jid_row_id", "subject")):
        jid, name = jids.jid_at(jid_row), name_text(subject)
        if jid is not None:
            rows[as_int(row_id) or 0] = jid
            if name is not None:
                names.setdefault(jid, name)
    for row_id, shown in tables.rows("newsletter", ("chat_row_id", "name")):
        jid, name = rows.get(as_int(row_id) or -1), name_text(shown)
        if jid is not None and name is not None:
            names.setdefault(jid, name)
    for key, subject in tables.rows("chat_list", ("key_remote_jid", "subject")):
        _set_name(names, jids, key, name_text(subject))
    return {jid: name for jid, name in names.items() if not is_person(jid)}


def _set_name(names: dict[str, str], jids: Jids, raw: object, name: str | None) -> None:
    jid = text(raw)
    if jid is not None and name is not None:
        names.setdefault(jids.resolve(jid), name)


def _plain(jid: str) -> str:
    """The text to show for a jid without a name."""
    user, _, server = jid.rpartition("@")
    if jid in ("0@s.whatsapp.net", "0@c.us"):
        return "WhatsApp"
    fixed = {STATUS: "Status", UNKNOWN_CHAT: "Unknown chat"}.get(jid)
    shown = {
        "lid": f"Unknown ({user[-4:]})",
        "bot": f"Bot {user[-4:]}",
        "g.us": f"Group {user}",
        "broadcast": "Broadcast list",
        _CHANNEL: "Channel",
    }.get(server)
    number = international(user) if server in _NUMBER else None
    other = f"Unknown ({user[-4:]})" if user.isdigit() else user
    return fixed or shown or number or other or "Unknown"


@lru_cache(maxsize=4096)
def international(digits: str) -> str | None:
    """A number with its country's code in the usual format; None if it is not a number."""
    import phonenumbers  # noqa: PLC0415 - not needed for --help, and not small

    if not (digits.isascii() and digits.isdigit()):
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
