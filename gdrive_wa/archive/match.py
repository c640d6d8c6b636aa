"""Which database row a file belongs to: by path, by content, by a unique name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from gdrive_wa.model import VoiceNote

_ACCOUNT = re.compile(r"(?:^|/)accounts/([^/]+)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """The rows a file belongs to.

    Attributes:
        keys: of the notes, as the matcher was told them.
        exact: False when only the path fits and the content is not what the row promises.
    """

    keys: tuple[str, ...] = ()
    exact: bool = True


def path_key(path: str) -> str:
    """What is the same for one file under every root a phone ever used.

    ``/storage/emulated/0/WhatsApp/Media/x``, ``Android/media/com.whatsapp/WhatsApp/Media/x`` and
    ``Media/x`` agree; a second account's files stay apart.
    """
    path = "/" + path.replace("\\", "/").lstrip("/")
    at = path.lower().rfind("/media/whatsapp")
    if at < 0:
        return path[1:]
    account = _ACCOUNT.search(path[: at + 1])
    inner = path[at + len("/media/") :]
    return f"accounts/{account.group(1)}/{inner}" if account else inner


class Matcher:
    """Rows, findable by what is known of a file."""

    def __init__(self) -> None:
        self._promised: dict[str, str | None] = {}
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_hash: dict[str, list[str]] = defaultdict(list)

    def add(self, key: str, note: VoiceNote, *, content_only: bool = False) -> None:
        """`note` is wanted under `key`; with `content_only`, only its hash may find it."""
        self._promised[key] = note.sha256
        if note.sha256 is not None:
            _add(self._by_hash[note.sha256], key)
        if note.whatsapp_path is not None and not content_only:
            path = path_key(note.whatsapp_path)
            _add(self._by_path[path], key)
            _add(self._by_name[path.rsplit("/", 1)[-1]], key)

    def __contains__(self, key: str) -> bool:
        return key in self._promised

    def by_path(self, path: str) -> tuple[str, ...]:
        """The notes whose row names this path, or else its file name if only one does."""
        keys = self._by_path.get(path_key(path))
        if keys is None:
            keys = self._by_name.get(path.replace("\\", "/").rsplit("/", 1)[-1], [])
            return tuple(keys) if len(keys) == 1 else ()
        return tuple(keys)

    def by_content(self, sha256: str) -> tuple[str, ...]:
        """The notes that promise this content."""
        return tuple(self._by_hash.get(sha256, ()))

    def match(self, path: str, sha256: str) -> Match:
        """All notes this file belongs to.

        The row's path decides where the row promises no hash, or the one that the file has;
        then the content wherever it lies; then a file name that only one row has. A path that
        fits with another content is a match that is not exact.
        """
        named = self._by_path.get(path_key(path), [])
        exact = dict.fromkeys(key for key in named if self._promised[key] in (None, sha256))
        exact.update(dict.fromkeys(self.by_content(sha256)))
        if exact:
            return Match(tuple(exact))
        alone = self._by_name.get(path.replace("\\", "/").rsplit("/", 1)[-1], [])
        if len(alone) == 1 and self._promised[alone[0]] is None:
            return Match(tuple(alone))
        return Match(tuple(named), exact=False)


def _add(keys: list[str], key: str) -> None:
    if key not in keys:
        keys.append(key)
