"""Who a jid is: WhatsApp's ids, and the names that people gave them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import text, whole

STATUS = "status@broadcast"
UNKNOWN_CHAT = "unknown@unknown"
"""Stands for the chat of a message whose chat the database no longer knows."""

_DEVICE = re.compile(r"^([^@:]+?)(?:\.\d+)?(?::\d+)?@")
_HIDDEN = "@lid"
_PERSON = frozenset({"s.whatsapp.net", "c.us", "lid"})


def bare(jid: str) -> str:
    """A jid without the device it may name: ``15550100.0:3@…`` is ``15550100@…``."""
    return _DEVICE.sub(r"\1@", jid, count=1)


def is_person(jid: str) -> bool:
    """True for somebody, False for a group, a broadcast list, a channel."""
    return jid.rpartition("@")[2] in _PERSON


class Jids:
    """The ids of one database: row numbers to jids, hidden ids to phone numbers."""

    def __init__(self, tables: Tables) -> None:
        self._jids: dict[int, str] = {}
        for row_id, raw, user, server in tables.rows(
            "jid", ("_id", "raw_string", "user", "server")
        ):
            number, jid = whole(row_id), text(raw) or f"{text(user) or ''}@{text(server) or ''}"
            if number is not None and len(jid) > 1:
                self._jids[number] = bare(jid)
        self._phones: dict[str, str] = {}
        for lid, phone in tables.rows("jid_map", ("lid_row_id", "jid_row_id")):
            hidden, known = self._jids.get(whole(lid) or 0), self._jids.get(whole(phone) or 0)
            if hidden is not None and known is not None:
                self._phones[hidden] = known

    def at(self, row_id: object) -> str | None:
        """The jid of a row number, by phone number where that is known; None for 0 and NULL."""
        jid = self._jids.get(whole(row_id) or 0)
        return None if jid is None else self.known(jid)

    def known(self, jid: str) -> str:
        """`jid` by phone number, where it is a hidden id whose number is known.

        A hidden id may stand for another one that took its place before the number does.
        """
        known = jid = bare(jid)
        passed = {jid}
        while (beyond := self._phones.get(known, known)) not in passed:
            passed.add(beyond)
            known = beyond
        return jid if known.endswith(_HIDDEN) else known


class People:
    """Names, by jid. The first source that knows a name gives it.

    Args:
        owner: the name of whose database it is.
        sources: each gives a name for a jid, or None.
    """

    def __init__(self, owner: str, *sources: Callable[[str], str | None]) -> None:
        self.owner = owner
        self._sources = sources
        self._found: dict[str, str] = {}

    def name(self, jid: str) -> str:
        """What to call somebody: a name, or else the number as people write it."""
        if jid not in self._found:
            names = (source(jid) for source in self._sources)
            self._found[jid] = next((name for name in names if name), None) or _plain(jid)
        return self._found[jid]

    def sender(self, jid: str | None, *, from_me: bool) -> str:
        """What to call who sent a message."""
        if from_me:
            return self.owner
        return "Unknown" if jid is None else self.name(jid)

    def chat(self, jid: str, subject: str | None) -> str:
        """What to call a chat; `subject` is a group's own name."""
        user, _, server = jid.rpartition("@")
        if jid == STATUS:
            return "Status"
        if jid == UNKNOWN_CHAT:
            return "Unknown chat"
        if server == "g.us":
            return subject or f"Group {user}"
        if server == "broadcast":
            return subject or "Broadcast list"
        if server == "newsletter":
            return subject or "Channel"
        return self.name(jid)


def contact_names(wa: Tables, jids: Jids) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What ``wa.db`` knows: the names the owner gave, and those people gave themselves."""
    given: dict[str, str] = {}
    pushed: dict[str, str] = {}
    columns = ("jid", "display_name", "given_name", "family_name", "nickname", "wa_name")
    for row in wa.rows("wa_contacts", columns):
        jid, display, first, last, nick, own = (_clean(value) for value in row)
        if jid is None:
            continue
        jid = jids.known(jid)
        name = display or " ".join(part for part in (first, last) if part) or nick
        if name:
            given.setdefault(jid, name)
        if own:
            pushed.setdefault(jid, own)
    return given, pushed


def lid_names(tables: Tables, jids: Jids) -> Mapping[str, str]:
    """The names that hidden ids go by."""
    names: dict[str, str] = {}
    for row_id, display, user in tables.rows(
        "lid_display_name", ("lid_row_id", "display_name", "username")
    ):
        jid, name = jids.at(row_id), _clean(display) or _clean(user)
        if jid is not None and name is not None:
            names.setdefault(jid, name)
    return names


def _clean(value: object) -> str | None:
    shown = text(value)
    return None if shown is None else shown.strip() or None


def _plain(jid: str) -> str:
    user, _, server = jid.rpartition("@")
    if jid in ("0@s.whatsapp.net", "0@c.us"):
        return "WhatsApp"
    if server == "lid":
        return f"Unknown ({user[-4:]})"
    return international(user) or user or "Unknown"


@lru_cache(maxsize=4096)
def international(digits: str) -> str | None:
    """A number with its country's code as people write it; None when it is no number."""
    import phonenumbers  # noqa: PLC0415 - not needed for --help, and not small

    if not (digits.isascii() and digits.isdigit()):
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
