"""How the folder lies, which part of it is given to the program, and what else is in it."""

from __future__ import annotations

from random import Random

from tests.phones.model import Phone, Store
from tests.phones.sounds import sound
from tests.phones.traits.registry import trait


@trait(4, group="place")
def whatsapp_folder(_phone: Phone, _dice: Random) -> None:
    """The folder ``WhatsApp`` itself."""


@trait(2, group="place")
def old_phone(phone: Phone, _dice: Random) -> None:
    _inside(phone, "WhatsApp")


@trait(3, group="place")
def new_phone(phone: Phone, _dice: Random) -> None:
    """What a phone shows over USB, from its storage on."""
    _inside(phone, "Android/media/com.whatsapp/WhatsApp")


@trait(1, group="place")
def phone_with_storages(phone: Phone, _dice: Random) -> None:
    _inside(phone, "Internal shared storage/Android/media/com.whatsapp/WhatsApp")


@trait(1, group="place")
def media_folder_of_android(phone: Phone, _dice: Random) -> None:
    _inside(phone, "com.whatsapp/WhatsApp")


@trait(1, group="place")
def business(phone: Phone, _dice: Random) -> None:
    """WhatsApp Business names its folders after itself."""
    for note in phone.notes:
        if note.path is not None:
            note.path = note.path.replace("/WhatsApp ", "/WhatsApp Business ")
        if note.row_path is not None:
            note.row_path = note.row_path.replace("/WhatsApp ", "/WhatsApp Business ")
    _inside(phone, "Android/media/com.whatsapp.w4b/WhatsApp Business")


@trait(1, group="place")
def second_account(phone: Phone, _dice: Random) -> None:
    _inside(phone, "WhatsApp/accounts/1001")
    phone.account = True


@trait(1, group="place")
def folder_of_a_folder(phone: Phone, dice: Random) -> None:
    """Whatever people keep it in."""
    above = dice.choice(["Old phone/WhatsApp", "2024/Backup/WhatsApp", "sdcard/WhatsApp", "x/y"])
    _inside(phone, above)


@trait(1, group="place")
def recordings_alone(phone: Phone, _dice: Random) -> None:
    """The folder of voice notes itself, without any database."""
    phone.bare, phone.inner, phone.clear_media = True, str(phone.voice_folder), True


@trait(1, group="place")
def dump_by_number(phone: Phone, dice: Random) -> None:
    """What a tool has downloaded lies in a folder that is named after the account."""
    phone.number_known = True
    _inside(phone, f"{phone.owner.number}{dice.choice(['', '_2024-03-01'])}")


@trait(1, group="place")
def databases_beside(phone: Phone, _dice: Random) -> None:
    """As other exporters ask for it: the databases beside the folder ``WhatsApp``."""
    phone.prefix, phone.databases = "WhatsApp/", ""


@trait(1, group="place")
def databases_at_the_root(phone: Phone, _dice: Random) -> None:
    """Somebody put everything into one folder."""
    phone.databases = ""


@trait(0.7, group="place")
def media_alone(phone: Phone, _dice: Random) -> None:
    """No database at all: nobody can say who spoke."""
    phone.bare = True


@trait(2, group="place")
def iphone(phone: Phone, dice: Random) -> None:
    """A backup of an iPhone: one database, and other places for files."""
    phone.apple, phone.seal, phone.key = True, None, None
    phone.number_known = phone.owner_name is not None
    phone.stores, phone.increments = [Store(name="ChatStorage.sqlite", notes=phone.notes)], []
    phone.prefix = dice.choice(["", "", "00008101-000A1B2C3D4E5F6A/"])
    for number, note in enumerate(phone.notes):
        if note.rowless:
            note.rowless, note.status = False, "restored"
        note.messageless = False
        if "media_name" in note.media_changes:
            note.row_path = note.path
        if note.path is not None:
            place = f"Media/{note.chat.stored_jid}/{phone.seed % 10}/b/{number:08x}"
            suffix = ".mp3" if note.status == "none" else ".opus"
            old, note.path = note.path, place + suffix
            for other in phone.notes:
                if other.path is None and other.row_path == old:
                    other.row_path = note.path
            note.row_path = None if note.row_path is None else note.path
    phone.strays = {f"Media/stray/{path[-11:]}": each for path, each in phone.strays.items()}
    for person in phone.people:
        if "verified" in person.names:
            person.names.pop("lid", None)
        if person.names.keys() & {"saved"}:
            person.names.pop("saved")


@trait(0.3)
def tags_written(phone: Phone, _dice: Random) -> None:
    phone.tags = True


@trait(0.2)
def media_given_first(phone: Phone, _dice: Random) -> None:
    """Who tried without the databases finds everything named by the next run."""
    mismatch = any(note.status == "mismatch" for note in phone.notes)  # it stays without a name
    phone.media_first = not (phone.apple or phone.bare or mismatch) and bool(phone.recordings())


@trait(0.3)
def contacts_among_backups(phone: Phone, _dice: Random) -> None:
    """Where the app itself puts its list of contacts."""
    phone.contacts = f"{phone.prefix}Backups/"


@trait(0.3)
def other_time_zone(phone: Phone, dice: Random) -> None:
    """Names are of the user's time; what is listed is UTC."""
    phone.timezone = dice.choice(["Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago"])


@trait(0.2)
def other_app_beside(phone: Phone, dice: Random) -> None:
    """A second app's folder is another backup."""
    if "com.whatsapp/" in phone.prefix:
        phone.account = True
        other = phone.prefix.replace("com.whatsapp/WhatsApp", "com.whatsapp.w4b/WhatsApp Business")
        name = f"PTT-20240301-WA{dice.randrange(9000, 9999)}.opus"
        phone.extra[f"{other}Media/WhatsApp Business Voice Notes/202409/{name}"] = sound(990)


@trait(0.2)
def metadata_lost(phone: Phone, dice: Random) -> None:
    """A sealed file is known by its content only."""
    notes = [note for note in phone.plain_notes() if note.hashed and note.path is not None]
    if notes and phone.sealed_media:
        note = dice.choice(notes)
        note.odd = True
        phone.unnamed.add(note.path or "")


@trait(0.5)
def junk(phone: Phone, dice: Random) -> None:
    """What Android, other systems and tools that copy files leave behind."""
    if phone.apple:
        return
    voice = "" if phone.bare else f"{phone.prefix}Media/"
    voice += "" if phone.inner else f"{phone.voice_folder.name}/"
    places = ["", voice, f"{voice}202409/", phone.databases]
    for name in dice.sample(_JUNK, dice.randint(1, 8)):
        place = dice.choice(places[1:3] if "PTT-" in name else places)
        empty = name in (".nomedia", "PTT-20240301-WA0555.opus")
        content = b"" if empty else b"junk " + name.encode()
        phone.extra[place + name] = content
    if dice.random() < 0.4:
        phone.extra[f"{phone.databases}._msgstore.db.crypt15"] = bytes(4096)


_JUNK = (
    ".nomedia", ".DS_Store", "._.DS_Store", "._PTT-20240301-WA0001.opus", "Thumbs.db",
    "desktop.ini", "Desktop.ini", ".directory", ".pending-1712345678-PTT-20240301-WA0003.opus",
    "PTT-20240301-WA0004.opus.tmp", "copying.tmp", "PTT-20240301-WA0555.opus",
    ".syncthing.PTT-20240301-WA0006.opus.tmp", "ehthumbs.db", ".~lock.msgstore.db#",
    "PTT-20240301-WA0007.opus.part", "PTT-20240301-WA0008.opus.crdownload",
)  # fmt: skip


@trait(0.15)
def encrypted_and_not(phone: Phone, dice: Random) -> None:
    """Somebody put both copies of a file into one folder."""
    paths = [note.path for note in phone.notes if note.path and note.path not in phone.unnamed]
    if paths:
        phone.both_forms.add(dice.choice(paths))


@trait(0.1)
def contacts_of_rubbish(phone: Phone, _dice: Random) -> None:
    """A list of contacts that cannot be read costs its names only."""
    if phone.seal is None and not phone.apple:
        for person in phone.people:
            for source in ("wa", "verified", "push"):
                person.names.pop(source, None)
        phone.groups_in_wa = dict.fromkeys(phone.groups_in_wa, "")
        for chat in phone.chats:
            chat.subject = None if chat.room in phone.groups_in_wa else chat.subject
        phone.groups_in_wa = {}
        for each in phone.increments:
            each.contacts.clear()
        phone.extra[f"{phone.databases}wa.db"] = b"SQLite format 3\0" + bytes(range(256)) * 20


def _inside(phone: Phone, folder: str) -> None:
    phone.prefix = f"{folder}/"
    phone.databases = f"{folder}/Databases/"
