"""Check that a database is one of chats, and explain what is wrong if it is not."""

from __future__ import annotations

from gdrive_wa.chats.tables import Tables
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.storage.untrusted_database import NO_TABLE

_ANDROID = (("message", "_id"), ("messages", "key_remote_jid"))
_IPHONE = ("ZWAMESSAGE", "ZCHATSESSION")
_ANDROID_NAME = "msgstore.db"
_IPHONE_NAME = "ChatStorage.sqlite"
_OTHER_ANDROID = "decrypt it again from the backup, or give an older msgstore.db of this phone"
_OTHER_IPHONE = (
    "check on the iPhone that WhatsApp shows the chats",
    "then back up the iPhone again with Finder or iTunes, or give the backup of another day",
)

_NO_FILES = "it is unknown which file belongs to which message"
_NO_NAMES = "the chats are unknown"
_COSTS_IPHONE = {"ZWAMEDIAITEM": _NO_FILES, "ZWACHATSESSION": _NO_NAMES}
_COSTS_ANDROID = {"message_media": _NO_FILES, "chat": _NO_NAMES, "jid": _NO_NAMES}


def require_android_chats(tables: Tables) -> None:
    """Refuse a database that is not a ``msgstore.db``.

    Raises:
        DatabaseError: it has no messages from an Android phone.
    """
    lacks = [tables.lack(*each) for each in _ANDROID]
    if None in lacks:
        return
    if tables.has(*_IPHONE):
        raise _holds_none(
            tables,
            "it is the database of an iPhone",
            "give the folder of the iPhone's backup, with Manifest.db in it",
        )
    odd = [lack for lack in lacks if lack is not None and not lack.startswith(NO_TABLE)]
    named = tables.path.name == _ANDROID_NAME
    raise _holds_none(
        tables,
        odd[0] if odd else f"{NO_TABLE} 'message'",
        _OTHER_ANDROID if named else f"give {_ANDROID_NAME}, the database with the messages",
    )


def require_iphone_chats(tables: Tables) -> None:
    """Refuse a database that is not a ``ChatStorage.sqlite``.

    Raises:
        DatabaseError: it has no messages from an iPhone.
    """
    lack = tables.lack(*_IPHONE)
    if lack is None:
        return
    if any(tables.has(*each) for each in _ANDROID):
        raise _holds_none(
            tables, "it is the database of an Android phone", "give that phone's WhatsApp folder"
        )
    named = tables.path.name == _IPHONE_NAME
    raise _holds_none(
        tables,
        lack,
        _OTHER_IPHONE if named else f"give {_IPHONE_NAME}, the database with the messages",
    )


def unreadable_tables(tables: Tables) -> tuple[str, ...]:
    """A warning for each table other than the messages that cannot be read, with the effect.

    Android databases of some versions lack a table, which does not need a warning. iPhones have
    always had all of them.
    """
    always = tables.has(*_IPHONE)
    found = []
    for table, cost in (_COSTS_IPHONE if always else _COSTS_ANDROID).items():
        lack = tables.lack(table)
        if lack is not None and (always or not lack.startswith(NO_TABLE)):
            found.append(f"{tables.path.name}: {lack}: {cost}")
    return tuple(found)


def describe_loss(tables: Tables) -> str:
    """How much of a damaged database could not be read."""
    parts = [
        f"up to {count} {'row' if count == 1 else 'rows'} of {table}"
        for table, count in sorted(tables.lost.items())
        if count
    ]
    parts += [f"the end of {table}" for table in sorted(tables.cut)]
    return f"{', '.join(parts) or 'some of it'} could not be read"


def _holds_none(tables: Tables, reason: str, hint: str | tuple[str, ...]) -> DatabaseError:
    return DatabaseError(f"'{tables.path.name}' holds no messages: {reason}", hint=hint)
