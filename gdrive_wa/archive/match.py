"""Which database row a file belongs to: by path, by content, by a unique name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from gdrive_wa.core.model import VoiceNote

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


@lru_cache(maxsize=1024)
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
        new = key not in self._promised
        self._promised[key] = note.sha256
        if note.sha256 is not None:
            _add(self._by_hash[note.sha256], key, new=new)
        if note.whatsapp_path is not None and not content_only:
            path = path_key(note.whatsapp_path)
            _add(self._by_path[path], key, new=new)
            _add(self._by_name[path.rsplit("/", 1)[-1]], key, new=new)

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

    def forget(self, sha256: str) -> None:
        """All notes that promise this content have it: it finds none of them any more."""
        self._by_hash.pop(sha256, None)

    def match(self, path: str, sha256: str, *, served: bool = False) -> Match:
        """All notes this file belongs to.

        The row's path decides where the row promises no hash, or the one that the file has;
        then the content wherever it lies; then a file name that only one row has. A path that
        fits with another content is a match that is not exact.

        Args:
            path: of the file.
            sha256: of its content.
            served: the notes that promise this content have it; of those that the path does not
                name, one will do. One recording may be that of thousands of messages.
        """
        named = self._by_path.get(path_key(path), [])
        exact = dict.fromkeys(key for key in named if self._promised[key] in (None, sha256))
        promised = self._by_hash.get(sha256, [])
        exact.update(dict.fromkeys(promised[:1] if served else promised))
        if exact:
            return Match(tuple(exact))
        alone = self._by_name.get(path.replace("\\", "/").rsplit("/", 1)[-1], [])
        if len(alone) == 1 and self._promised[alone[0]] is None:
            return Match(tuple(alone))
        return Match(tuple(named), exact=False)


def _add(keys: list[str], key: str, *, new: bool) -> None:
    if new or key not in keys:
        keys.append(key)
