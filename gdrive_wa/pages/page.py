"""The page for listening to voice notes: one HTML file that opens from disk.

It needs no server, no network, and no files other than the voice notes next to it. It is safe to
open, whatever names a backup contains: names get into it as data, never as markup. Its content
security policy allows only the script that it was written with, and only audio and pictures from
the same place.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import tzinfo
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from gdrive_wa.core.local_clock import local_time
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.json_rows import JsonRows, json_text
from gdrive_wa.pages.languages import catalogue
from gdrive_wa.pages.page_data import PageData, PageNote, sorted_notes
from gdrive_wa.pages.page_text import without_surrogates
from gdrive_wa.storage.archive_id import archive_id, id_of_notes
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft
from gdrive_wa.storage.faces import read_faces
from gdrive_wa.storage.tree import Tree, as_tree

if TYPE_CHECKING:
    from jinja2 import Template

PAGE_NAME = "index.html"
DEFAULT_TITLE = "Voice notes"

PLAIN_LIMIT = 3000
"""Maximum number of notes that are listed one by one for a browser without scripts; more notes are
listed by folder."""

_SCRIPTS = (
    "places.js",
    "language.js",
    "notes.js",
    "search.js",
    "elements.js",
    "transcript.js",
    "context.js",
    "draw.js",
    "timeline.js",
    "years.js",
    "dialogs.js",
    "player.js",
    "queue.js",
    "share.js",
    "print.js",
    "page.js",
    "keys.js",
)
_DATA = "<!-- data -->"
"""Stands for the data in the rendered template: no text of a backup has a ``<`` there."""


class PlainNote(NamedTuple):
    """A note in the plain list for browsers without scripts."""

    href: str | None
    when: str
    sender: str
    chat: str
    transcript: str


class PlainFolder(NamedTuple):
    """A folder in the plain list for browsers without scripts."""

    href: str
    name: str
    notes: int


def write_page(
    archive_folder: Tree | Path,
    notes: Sequence[VoiceNote],
    *,
    timezone: tzinfo | None = None,
    title: str | None = None,
    photos: Mapping[str, bytes] | None = None,
) -> Path:
    """Write ``index.html`` into `archive_folder`, and return its path.

    The same notes give the same bytes. A note with a path that leads out of the folder is shown
    without its file.

    Args:
        archive_folder: the folder that contains the notes' files.
        notes: the notes to show.
        timezone: the time zone of the page; None for this machine's time zone.
        title: the title of the page; None for the default one.
        photos: JPEG or PNG images of people and chats by their jids; None for the photos in the
            archive.

    Raises:
        StorageError: the file cannot be written, for example because the disk is full.
    """
    tree = as_tree(archive_folder)
    identity = identity_of(tree, notes)
    if photos is None:
        photos = read_faces(tree, {note.chat_jid for note in notes} | _speakers(notes))
    with ExitStack() as opened:
        page, note_rows, message_rows = (opened.enter_context(Draft(tree)) for _ in range(3))
        with storage_errors(tree.shown(PAGE_NAME)):
            page.file.writelines(
                _pieces(
                    notes,
                    JsonRows(note_rows.file),
                    JsonRows(message_rows.file),
                    timezone=timezone,
                    title=title,
                    photos=photos,
                    identity=identity,
                )
            )
        page.commit(PAGE_NAME)
    return Path(tree.shown(PAGE_NAME))


def render(
    notes: Iterable[VoiceNote],
    *,
    timezone: tzinfo | None = None,
    title: str | None = None,
    photos: Mapping[str, bytes] | None = None,
    identity: str | None = None,
) -> str:
    """The whole page as text.

    Args:
        notes: see :func:`write_page`.
        timezone: see :func:`write_page`.
        title: see :func:`write_page`.
        photos: JPEG or PNG images of people and chats by their jids.
        identity: the archive's id, to which stars and places belong; None for one that is computed
            from the notes.
    """
    pieces = _pieces(
        notes,
        JsonRows(BytesIO()),
        JsonRows(BytesIO()),
        timezone=timezone,
        title=title,
        photos=photos or {},
        identity=identity,
    )
    return b"".join(pieces).decode()


def _pieces(
    notes: Iterable[VoiceNote],
    note_rows: JsonRows,
    message_rows: JsonRows,
    *,
    timezone: tzinfo | None,
    title: str | None,
    photos: Mapping[str, bytes],
    identity: str | None,
) -> Iterator[bytes]:
    """The page in UTF-8, in pieces. Its data, which may be long, is kept in files of rows."""
    listed = sorted_notes(notes)
    few = len(listed) <= PLAIN_LIMIT
    plain, folders = [], Counter[str]()
    data = PageData(note_rows, message_rows, timezone)
    for note in listed:
        entry = data.add(note)
        if few:
            plain.append(_plain(entry, timezone))
        elif entry.file is not None:
            folders[entry.file.rpartition("/")[0] or "."] += 1
    page = _html(title, len(listed), plain, _folders(folders))
    head, _, tail = page.partition(_DATA)
    yield head.encode()
    yield from data.pieces(identity or id_of_notes(_ids(listed)), photos)
    yield tail.encode()


def _html(title: str | None, count: int, plain: list[PlainNote], folders: list[PlainFolder]) -> str:
    """The page with :data:`_DATA` in place of its data."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2: not needed for --help

    style, script = _asset("page.css"), _script()
    return _template().render(
        title=without_surrogates(title or DEFAULT_TITLE),
        untitled=not title,
        count=count,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        data=Markup(_DATA),  # noqa: S704 - our own text
        plain_notes=plain,
        plain_folders=folders,
    )


def identity_of(archive_folder: Tree | Path, notes: Sequence[VoiceNote]) -> str:
    """The id of an archive, to which stars and places belong.

    Args:
        archive_folder: the archive's folder.
        notes: all its notes.
    """
    # Any run may add recordings without a message, so these do not identify the archive.
    if any(note.message_id for note in notes):
        return archive_id(as_tree(archive_folder), _ids(notes))
    return id_of_notes(_ids(notes))


def link(file: str) -> str:
    """A path in the archive as a relative URL, with every special character escaped."""
    return "./" + "/".join(quote(without_surrogates(part), safe="") for part in file.split("/"))


def _speakers(notes: Iterable[VoiceNote]) -> set[str]:
    return {note.sender_jid for note in notes if note.sender_jid is not None}


def _ids(notes: Sequence[VoiceNote]) -> list[str]:
    """The ids of the notes with a message; if none has one, the files of the notes."""
    messages = [f"{note.chat_jid}/{note.message_id}" for note in notes if note.message_id]
    return messages or [f"{note.chat_jid}/{note.file or ''}" for note in notes]


@cache
def _script() -> str:
    texts = f'"use strict";\n(() => {{\nconst CATALOGUE = {json_text(catalogue())};\n'
    return "".join([texts, *map(_asset, _SCRIPTS), "})();\n"])


@cache  # to compile it takes longer than to write the page of a small archive
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - not needed for --help

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("page.html"))


def _asset(name: str) -> str:
    text = resources.files("gdrive_wa.pages").joinpath("assets", name).read_text("utf-8")
    return text.replace("\r\n", "\n")  # browsers hash a script with \n as its line ends


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "media-src 'self' file:",
            "img-src 'self' file: data: blob:",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _plain(entry: PageNote, timezone: tzinfo | None) -> PlainNote:
    local = local_time(entry.note.sent_at, timezone)
    return PlainNote(
        href=None if entry.file is None else link(entry.file),
        when="" if local is None else local.strftime("%Y-%m-%d %H:%M"),
        sender=without_surrogates(entry.note.sender),
        chat=without_surrogates(entry.note.chat),
        transcript=without_surrogates(entry.note.transcript or ""),
    )


def _folders(counts: Mapping[str, int]) -> list[PlainFolder]:
    return [
        PlainFolder(href=link(folder) + "/", name=without_surrogates(folder), notes=number)
        for folder, number in sorted(counts.items())
    ]
