"""What single notes look like in rows and as files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from random import Random

from tests.phones.cast import add_note
from tests.phones.model import Chat, Note, Phone
from tests.phones.sounds import sound
from tests.phones.traits.registry import some_note, trait


@trait(0.35)
def forwarded(phone: Phone, dice: Random) -> None:
    """A forwarded note loses the push-to-talk mark, and may lie among the songs."""
    if note := some_note(phone, dice):
        note.forwarded = True
        note.changes["origin"] = dice.choice([0, 2, 3])
        if dice.random() < 0.5:
            _move(note, f"Media/{phone.app} Audio/AUD-{note.sent_at:%Y%m%d}-WA0001.opus")


@trait(0.2)
def forwarded_by_the_owner(phone: Phone, dice: Random) -> None:
    """Two messages, one file."""
    if note := some_note(phone, dice):
        again = _again(phone, dice, note)
        again.forwarded, again.sender = True, None
        again.changes["origin"] = 0
        again.path, again.row_path = None, note.row_path


@trait(0.2)
def spoken_twice(phone: Phone, dice: Random) -> None:
    """Two messages, two files of one content."""
    if note := some_note(phone, dice):
        _again(phone, dice, note)


@trait(0.2)
def without_push_to_talk(phone: Phone, dice: Random) -> None:
    """Some Business programs send notes without the mark."""
    if note := some_note(phone, dice):
        note.changes["origin"] = 0


@trait(0.25)
def view_once(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.once = True


@trait(0.2)
def starred(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.starred = True


@trait(0.25)
def known_by_hash_alone(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.row_path = None


@trait(0.25)
def without_a_hash(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.hashed = False


@trait(0.25)
def absolute_path(phone: Phone, dice: Random) -> None:
    """Rows of old phones name the file from the root of the storage."""
    if note := some_note(phone, dice):
        root = dice.choice(
            ["/storage/emulated/0/WhatsApp", "/sdcard/WhatsApp", "/mnt/sdcard/WhatsApp"]
        )
        note.row_path = f"{root}/{note.row_path}"
        note.hashed = dice.random() < 0.7
        if dice.random() < 0.5 and note.path:
            twin = _again(phone, dice, note)
            twin.audio = twin.stored = sound(300 + len(phone.notes))
            twin.hashed = note.hashed = False
            _move(twin, f"{phone.voice_folder}/202001/{PurePosixPath(note.path).name}")


@trait(0.3)
def renamed(phone: Phone, dice: Random) -> None:
    """What copies and bins make of a name; the hash says whose file it is."""
    if (note := some_note(phone, dice)) and note.path:
        path = PurePosixPath(note.path)
        name = dice.choice(
            [
                f".trashed-1712345678-{path.name}",
                f"{path.stem} (1).opus",
                f"{path.stem}.OPUS",
                f"Copy of {path.name}",
            ]
        )
        note.path = str(path.with_name(name))


@trait(0.2)
def moved(phone: Phone, dice: Random) -> None:
    """The name alone is as the row says."""
    if (note := some_note(phone, dice)) and note.path:
        path = PurePosixPath(note.path)
        note.path = str(path.parent.parent / dice.choice(["Private", "209901"]) / path.name)
        note.hashed = dice.random() < 0.5


@trait(0.3)
def lost_file(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.stored, note.status = None, "missing"


@trait(0.2)
def other_content(phone: Phone, dice: Random) -> None:
    """A file of that name is there, and is another."""
    if note := some_note(phone, dice):
        note.stored, note.status = sound(500 + len(phone.notes)), "mismatch"


@trait(0.3)
def stray_file(phone: Phone, dice: Random) -> None:
    """A recording that no database knows."""
    number = dice.randint(600, 700)
    phone.strays[f"{phone.voice_folder}/202001/PTT-20200101-WA{number:04}.opus"] = sound(number)


@trait(0.15)
def kinds_of_later_years(phone: Phone, dice: Random) -> None:
    """Other types of message are voice notes where their file is a recording."""
    if note := some_note(phone, dice):
        note.changes["message_type"] = dice.choice([81, 103])


@trait(0.15)
def sent_as_document(phone: Phone, dice: Random) -> None:
    """A recording that somebody sent as a file: its message knows who and when all the same."""
    if note := some_note(phone, dice):
        note.changes["message_type"] = 9
        note.document = True


@trait(0.15)
def times_in_seconds(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.sent_at = note.sent_at.replace(microsecond=0)
        note.changes["timestamp"] = int(note.sent_at.timestamp())


@trait(0.2)
def attached_song(phone: Phone, dice: Random) -> None:
    """Audio that somebody attached is not a voice note."""
    note = _again(phone, dice, dice.choice(phone.notes))
    note.audio = note.stored = b"ID3\x03" + bytes(50 + len(phone.notes))
    note.status, note.odd = "none", True
    note.changes["origin"] = 0
    note.media_changes["mime_type"] = "audio/mpeg"
    _move(note, f"Media/{phone.app} Audio/AUD-{note.sent_at:%Y%m%d}-WA0009.mp3")


@trait(0.2)
def wrong_sender_column(phone: Phone, dice: Random) -> None:
    """In a chat of two, the column of the sender can hold anything."""
    left = [note for note in phone.plain_notes() if note.chat.person and not note.from_me]
    if left:
        note = dice.choice(left)
        note.odd = True
        note.changes["sender_jid_row_id"] = dice.choice(
            ["15550155@broadcast", "99999999999999@lid", "120363000000000099@g.us"]
        )


@trait(0.15)
def sender_is_null(phone: Phone, dice: Random) -> None:
    """In a chat of two, nobody has to be named."""
    left = [note for note in phone.plain_notes() if note.chat.person]
    if left:
        note = dice.choice(left)
        note.odd, note.changes["sender_jid_row_id"] = True, None


@trait(0.15)
def sender_with_a_device(phone: Phone, dice: Random) -> None:
    """The jid of somebody's second device names the same person."""
    left = [note for note in phone.plain_notes() if note.sender and not note.chat.person]
    if left:
        note = dice.choice(left)
        user, _, server = note.sender.stored_jid.partition("@") if note.sender else ("", "", "")
        user, server = user.removesuffix(":99"), server.replace("hosted", "s.whatsapp.net")
        device = dice.choice([".0:3", ":14"])
        note.odd, note.changes["sender_jid_row_id"] = True, f"{user}{device}@{server}"


@trait(0.15)
def message_without_media(phone: Phone, dice: Random) -> None:
    """The row of its file is gone: nobody knows the file any more."""
    left = [note for note in phone.plain_notes() if note.path is not None]
    if left:
        note = dice.choice(left)
        note.odd, note.rowless, note.status = True, True, "missing"


@trait(0.12)
def message_of_a_lost_chat(phone: Phone, dice: Random) -> None:
    """The row of a chat is gone: who and when are known."""
    rooms = [note for note in phone.plain_notes() if note.chat.room.endswith("@g.us")]
    if rooms:
        note = dice.choice(rooms)
        note.odd, note.chatless = True, True
        note.chat = Chat(room="unknown@unknown", shown_without="Unknown chat")


@trait(0.12)
def file_of_a_lost_message(phone: Phone, dice: Random) -> None:
    """The row of a message is gone: the chat of its file is known."""
    if note := some_note(phone, dice):
        note.messageless = True


@trait(0.15)
def sent_to_a_list(phone: Phone, dice: Random) -> None:
    """Who speaks to a list has the message in every receiver's chat, under one id."""
    if len(phone.people) > 1 and (note := some_note(phone, dice)):
        chats = [chat for chat in phone.chats if chat.person is not None and chat is not note.chat]
        note.sender = None
        for later, chat in enumerate(chats[:2], 1):
            again = _again(phone, dice, note)
            again.chat, again.sender = chat, None
            again.message_id = note.message_id
            again.sent_at = note.sent_at + timedelta(milliseconds=later)
            again.path, again.row_path = None, note.row_path


@trait(0.12)
def named_without_a_path(phone: Phone, dice: Random) -> None:
    """The row has the name of the file, and neither path nor hash."""
    if (note := some_note(phone, dice)) and note.path:
        note.row_path, note.hashed = None, False
        note.media_changes["media_name"] = PurePosixPath(note.path).name


@trait(0.2)
def same_second(phone: Phone, dice: Random) -> None:
    """Two notes of one second, of the same person."""
    note = dice.choice(phone.notes)
    again = _again(phone, dice, note)
    again.audio = again.stored = sound(400 + len(phone.notes))
    again.sent_at, again.odd = note.sent_at.replace(microsecond=999_000), True


@trait(0.15)
def first_years(phone: Phone, dice: Random) -> None:
    if note := some_note(phone, dice):
        note.sent_at = datetime(2009, dice.randint(1, 12), 24, 5, 0, 1, tzinfo=UTC)


@trait(0.15)
def last_years(phone: Phone, dice: Random) -> None:
    """The clock of a phone was wrong."""
    if note := some_note(phone, dice):
        note.sent_at = datetime(dice.choice([2038, 2051, 2099]), 12, 31, 23, 59, 59, tzinfo=UTC)


@trait(0.15)
def impossible_time(phone: Phone, dice: Random) -> None:
    """The time of receipt is sound."""
    if note := some_note(phone, dice):
        note.changes["timestamp"] = dice.choice([0, -1, 253_402_300_800_000, 10**17])
        note.sent_at += timedelta(milliseconds=700)
        note.changes["received_timestamp"] = round(note.sent_at.timestamp() * 1000)


def _again(phone: Phone, dice: Random, note: Note) -> Note:
    """The same recording in another message."""
    chat = dice.choice([chat for chat in phone.chats if not chat.room.endswith("@broadcast")])
    again = add_note(phone, dice, chat, note.sent_at + timedelta(seconds=dice.randint(1, 90_000)))
    again.audio = again.stored = note.audio
    again.odd = True
    phone.newest.notes.append(again)
    return again


def _move(note: Note, path: str) -> None:
    note.path = note.row_path = path
