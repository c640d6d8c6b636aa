"""The stars that were set on a page, from the small file that the page saves.

The file is a JSON object: ``format`` is ``gdrive-wa places``, ``archive`` is the archive's id, and
``stars`` has an item for each note whose star was changed on the page. The item's name is the chat
and the id of the note, separated by ``/``. Its value is a list of 1 (star) or 0 (no star) and the
time of the change; older pages saved the number alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.plain_file import NotPlainError, open_plain

FORMAT = "gdrive-wa places"
LARGEST_FILE = 8 * 1024 * 1024
"""Maximum bytes of such a file; the page has the same limit."""

_SAVE = "on the page, choose 'Save to a file' in the menu 'More', and give that file"


@dataclass(frozen=True, slots=True)
class Stars:
    """The stars that were changed on a page.

    Attributes:
        archive: id of the archive that the page belongs to.
        chosen: for the key of each note, whether it has a star now.
    """

    archive: str
    chosen: Mapping[str, bool]

    def has(self, note: VoiceNote, *, otherwise: bool = False) -> bool:
        """True if `note` has a star.

        Args:
            note: a note of the archive.
            otherwise: the result for a note whose star was not changed on the page.
        """
        return self.chosen.get(_key(note), otherwise)


def read_stars(path: Path) -> Stars:
    """Read a file that a page saved.

    Raises:
        UsageError: the file does not exist, or was not saved by a page.
    """
    try:
        with open_plain(path) as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise UsageError(f"no file named '{path}'", hint=_SAVE) from error
    except NotPlainError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}", hint=_SAVE) from error
    except OSError as error:
        raise UsageError(f"cannot read '{path}'", hint=_SAVE) from error
    try:
        return _parsed(json.loads(raw) if len(raw) <= LARGEST_FILE else None)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(
            f"'{path}' is not a file with stars from a page, or is damaged", hint=_SAVE
        ) from error


def require_archive(stars: Stars, identity: str, path: Path) -> None:
    """Check that the stars in the file `path` belong to the archive with the id `identity`.

    Raises:
        UsageError: they were set on the page of another archive.
    """
    if stars.archive != identity:
        raise UsageError(
            f"the stars in '{path}' are from another archive",
            hint="give a file that was saved on the page of this archive",
        )


def _parsed(item: Any) -> Stars:
    if not isinstance(item, dict) or item["format"] != FORMAT:
        raise ValueError("another file")
    archive, stars = item["archive"], item["stars"]
    if not isinstance(archive, str) or not isinstance(stars, dict):
        raise TypeError("not what a page saves")
    return Stars(archive, {key: _is_on(value) for key, value in stars.items()})


def _is_on(value: Any) -> bool:
    """True if the value of an item means a star."""
    return bool(value[:1] == [1] if isinstance(value, list) else value)


def _key(note: VoiceNote) -> str:
    """The key of a note on the page: see ``starKey`` in ``pages/assets/notes.js``."""
    name = (note.file or "").rpartition("/")[2]
    return _whole(f"{note.chat_jid or note.chat}/{note.message_id or name}")


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
