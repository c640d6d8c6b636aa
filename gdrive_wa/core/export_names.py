"""Names of media files in an exported chat, from WhatsApp's own "Export chat".

Android keeps the names that the files have on the phone: ``PTT-20240301-WA0001.opus`` is a voice
note, ``AUD-…`` an attached audio file, and the digits are the day. An iPhone makes new names:
``00000012-AUDIO-2024-03-01-12-34-56.opus``, with the place in the export, the kind and the time;
older versions wrote ``2017-03-01-AUDIO-00000012.opus``.
"""

from __future__ import annotations

import re
from datetime import date

from gdrive_wa.core.kinds import Kind, kind_of

_ANDROID = re.compile(
    r"(?P<kind>PTT|AUD|IMG|VID|PTV|DOC|STK|GIF)-(?P<day>\d{8})-WA\d{2,9}", re.IGNORECASE | re.ASCII
)
_IPHONE = re.compile(
    r"(?<![A-Z])(?P<kind>AUDIO|PHOTO|VIDEO|GIF|STICKER)-(?P<day>\d{4}-\d\d-\d\d)(?!\d)",
    re.IGNORECASE | re.ASCII,
)
_OLD_IPHONE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)-(?P<kind>AUDIO|PHOTO|VIDEO|GIF|STICKER)-\d{2,12}",
    re.IGNORECASE | re.ASCII,
)
_FORMS = (_ANDROID, _IPHONE, _OLD_IPHONE)
_ANY_FORM = "|".join(re.sub(r"\?P<\w+>", "?:", form.pattern) for form in _FORMS)
_KINDS = {
    "PTT": Kind.VOICE,
    "AUD": Kind.AUDIO,
    "AUDIO": Kind.VOICE,
    "IMG": Kind.IMAGE,
    "PHOTO": Kind.IMAGE,
    "VID": Kind.VIDEO,
    "PTV": Kind.VIDEO,
    "VIDEO": Kind.VIDEO,
    "GIF": Kind.VIDEO,
    "STK": Kind.STICKER,
    "STICKER": Kind.STICKER,
    "DOC": Kind.DOCUMENT,
}
_NEVER_SPOKEN = (".mp3", ".wav", ".flac", ".wma", ".aif", ".aiff")
"""Suffixes of audio that WhatsApp does not record. An iPhone names such files ``AUDIO``, like voice
notes."""
_MEDIA = {Kind.AUDIO, Kind.IMAGE, Kind.VIDEO, Kind.STICKER}
_FOLDERS = {
    Kind.VOICE: "WhatsApp Voice Notes",
    Kind.AUDIO: "WhatsApp Audio",
    Kind.IMAGE: "WhatsApp Images",
    Kind.VIDEO: "WhatsApp Video",
    Kind.STICKER: "WhatsApp Stickers",
}

MEDIA_NAME = re.compile(
    rf"(?:\d{{1,12}}-)?(?:{_ANY_FORM})[^\s<>()]{{0,20}}?(?: ?\(\d{{1,3}}\))?\.[A-Za-z0-9]{{2,5}}",
    re.IGNORECASE | re.ASCII,
)
"""A name that WhatsApp gave to a media file, anywhere in a text."""


def exported_kind(name: str) -> Kind:
    """The kind of a file in an exported chat; a document if its name shows nothing else."""
    lower = name.lower()
    found = _form_of(name)
    if found is not None:
        kind = _KINDS[found["kind"].upper()]
        spoken = kind is not Kind.VOICE or not lower.endswith(_NEVER_SPOKEN)
        return kind if spoken else Kind.AUDIO
    if lower.endswith(".opus"):
        return Kind.VOICE
    kind = kind_of(f"x/{name}")
    return kind if kind in _MEDIA else Kind.DOCUMENT


def exported_on(name: str) -> date | None:
    """The day in the name of a media file; None without one."""
    found = _form_of(name)
    if found is None:
        return None
    try:
        return date.fromisoformat(found["day"])
    except ValueError:
        return None


def media_folder(kind: Kind) -> str:
    """WhatsApp's own folder for files of `kind`."""
    return _FOLDERS.get(kind, "WhatsApp Documents")


def _form_of(name: str) -> re.Match[str] | None:
    return next((found for form in _FORMS if (found := form.search(name)) is not None), None)
