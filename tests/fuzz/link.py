"""What people type and what databases hold as addresses, dates and zones."""

from __future__ import annotations

import json

from gdrive_wa.core.arguments import as_moment, as_span, as_zone
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import MediaLink
from gdrive_wa.core.moments import moment_in
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.whatsapp import address_of, expiry, stored_name
from tests.fuzz.campaign import fuzz

SAMPLES = (
    b"https://mmg.whatsapp.net/d/f/Abc.enc?ccb=11-4&oe=65AF0000&_nc_sid=x",
    b"https://[::1]:443/x",
    b"/v/t62.7117-24/1_n.enc?oe=FFFFFFFFFFFF",
    b"2025-03-01",
    b"2025-03-01T12:00:00.5+23:59",
    b"0001-01-01T00:00:00+14:00",
    b"Europe/Berlin",
    b"http://127.0.0.1:8080/x",
)


def try_one(data: bytes) -> object:
    """Each reader answers, or refuses in words that can be shown."""
    text = data.decode("utf-8", "surrogateescape")
    link = MediaLink(chat_jid="a", message_id="b", url=text, direct_path=None, media_key=bytes(32))
    path = MediaLink(chat_jid="a", message_id="b", url=None, direct_path=text, media_key=b"")
    ended = []
    for attempt in (
        lambda: address_of(text),
        lambda: (expiry(link), expiry(path), stored_name(link)),
        lambda: moment_in(text),
        lambda: as_moment(text, "since"),
        lambda: as_span(text, text, zone=as_zone("Pacific/Kiritimati")),
        lambda: as_zone(text),
        lambda: Endpoints.at(text),
    ):
        try:
            attempt()
            ended.append("fine")
        except GdriveWaError as error:
            json.dumps([error.message, *error.hints]).encode()
            ended.append(type(error).__name__)
    return ended


def main(arguments: list[str]) -> int:
    return fuzz("link", SAMPLES, try_one, arguments)
