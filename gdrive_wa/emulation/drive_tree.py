"""An account as Drive shows it: files with ids and parents, folders, shortcuts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gdrive_wa.emulation.account import Account, Blob

FOLDER_TYPE = "application/vnd.google-apps.folder"
SHORTCUT_TYPE = "application/vnd.google-apps.shortcut"
_BEGINNING = "2025-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One file, folder or shortcut.

    Attributes:
        id: Drive's id.
        name: its title.
        parent: id of its folder; empty for a root.
        mime_type: its type.
        content: its bytes, or their path; None for folders and shortcuts.
        blob: the stored file that it shows, for its hash, size and time.
        target: id, type and resource key of a shortcut's target.
        alias: another name for the id: ``root``, ``appDataFolder``.
        space: ``drive`` or ``appDataFolder``.
        drive: id of its shared drive; empty for My Drive.
        shared: another account shares it with this one.
        resource_key: the key that a request for it, or for files in it, must have in a header.
    """

    id: str
    name: str
    parent: str
    mime_type: str
    content: bytes | Path | None = None
    blob: Blob | None = None
    target: tuple[str, str, str] | None = None
    alias: str = ""
    space: str = "drive"
    drive: str = ""
    shared: bool = False
    resource_key: str = ""

    def describe(self) -> dict[str, Any]:
        """The resource as in an answer of files.get."""
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.mime_type,
            "parents": [self.parent] if self.parent else [],
            "spaces": [self.space],
            "trashed": False,
            "modifiedTime": _BEGINNING,
            "sharedWithMe": self.shared,
            **({"driveId": self.drive} if self.drive else {}),
            **({"resourceKey": self.resource_key} if self.resource_key else {}),
        }
        if self.target is not None:
            names = ("targetId", "targetMimeType", "targetResourceKey")
            pairs = zip(names, self.target, strict=True)
            shown["shortcutDetails"] = {name: value for name, value in pairs if value}
        if self.blob is not None:
            self._describe_blob(shown, self.blob)
        elif isinstance(self.content, bytes):
            shown["size"] = str(len(self.content))
            shown["md5Checksum"] = hashlib.md5(self.content).hexdigest()
            shown["headRevisionId"] = _id("revision", shown["md5Checksum"])
        return shown

    def _describe_blob(self, shown: dict[str, Any], blob: Blob) -> None:
        shown["size"] = str(blob.size)
        shown["md5Checksum"] = blob.md5
        shown["modifiedTime"] = blob.updated[:23].rstrip("Z") + "Z"
        shown["headRevisionId"] = _id("revision", blob.md5)
        for said, key in (("sizeBytes", "size"), ("md5Hash", "md5Checksum")):
            if blob.omits(said):
                del shown[key]


def appdata_nodes(account: Account, *, empty: bool) -> list[Node]:
    """The content of appDataFolder; with `empty` only the folder itself.

    Its layout is the account's ``appdata``: ``names`` (each title is the full path), ``folders``
    (in folders), ``file_map`` (titles are ids, and a ``gdrive_file_map`` has their paths).
    """
    root = _id(account.email, "appdata:")
    nodes = [_folder(root, "appDataFolder", "", alias="appDataFolder", space="appDataFolder")]
    if empty:
        return nodes
    files = _with_envelopes(account.blobs_of("backup").values())
    match account.settings.get("appdata", "names"):
        case "folders":
            return nodes + _tree(account, "appDataFolder", root, "", files)
        case "file_map":
            return nodes + _file_map(account, root, files)
    nodes += [
        _file(_id(account.email, "appdata:" + name), name, root, content, "appDataFolder")
        for name, content in files
    ]
    return nodes


def my_drive_nodes(account: Account) -> list[Node]:
    """The content of My Drive: the account file's folders, shortcuts and documents; and of shared
    drives and folders shared by other accounts."""
    root = _id(account.email, "drive:")
    nodes = {root: _folder(root, "My Drive", "", alias="root")}
    for path, shown in account.settings.get("my_drive", {}).items():
        for twin, folder in enumerate([shown] if isinstance(shown, str) else shown):
            files = _with_envelopes(account.blobs_of(folder).values())
            for node in _tree(account, "drive", root, path, files, twin=twin):
                nodes.setdefault(node.id, node)
    nodes.update({node.id: node for node in shared_nodes(account)})
    for name, kind in account.settings.get("documents", {}).items():
        node_id = _id(account.email, "drive:" + name)
        mime_type = f"application/vnd.google-apps.{kind}"
        nodes[node_id] = Node(id=node_id, name=name, parent=root, mime_type=mime_type)
    for path, target in account.settings.get("shortcuts", {}).items():
        goal = nodes[id_of_path(account, target)]
        for node in _shortcut(account, root, path, goal):
            nodes.setdefault(node.id, node)
    return list(nodes.values())


def shared_nodes(account: Account) -> list[Node]:
    """The content of shared drives, and of folders shared by other accounts."""
    nodes: list[Node] = []
    for name, mounted in account.settings.get("shared_drives", {}).items():
        drive = drive_id(account, name)
        nodes.append(replace(_folder(drive, name, ""), drive=drive))
        for path, folder in mounted.items():
            files = _with_envelopes(account.blobs_of(folder).values())
            tree = _tree(account, "drive", drive, path, files, kind=f"//{name}/")
            nodes += [replace(node, drive=drive) for node in tree]
    for path, folder in account.settings.get("shared_with_me", {}).items():
        files = _with_envelopes(account.blobs_of(folder).values())
        tree = _tree(account, "drive", "", path, files, kind="/shared/")
        nodes += [replace(node, shared=not node.parent) for node in tree]
    keys = account.settings.get("resource_keys", {})
    by_id = {id_of_path(account, path): key for path, key in keys.items()}
    return [replace(node, resource_key=by_id.get(node.id, "")) for node in nodes]


def drive_id(account: Account, name: str) -> str:
    """The id of the shared drive `name`."""
    return _id(account.email, "//" + name)


def id_of_path(account: Account, path: str) -> str:
    """The id of the item at `path` in My Drive, or at ``//<shared drive>/<path>``."""
    return _id(account.email, path if path.startswith("/") else "drive:" + path)


def _with_envelopes(blobs: Iterable[Blob]) -> list[tuple[str, Blob | bytes]]:
    """The account's files in Drive: each encrypted one together with its envelope."""
    files: list[tuple[str, Blob | bytes]] = []
    for blob in blobs:
        files.append((blob.name, blob))
        if blob.envelope is not None:
            files.append((f"{blob.name}-metadata", blob.envelope.encode()))
    return files


def _tree(
    account: Account,
    space: str,
    root: str,
    below: str,
    files: Iterable[tuple[str, Blob | bytes]],
    *,
    twin: int = 0,
    kind: str = "",
) -> list[Node]:
    """Files below the path `below`, and every folder on the way to them.

    With another `twin`, `below` is a second folder of the same name.
    """
    kind = kind or ("appdata:" if space == "appDataFolder" else "drive:")
    nodes: dict[str, Node] = {}

    def id_of(path: str) -> str:
        own = path == below or path.startswith(f"{below}/")
        return _id(account.email, kind + path, *([str(twin)] if twin and own else []))

    def folder_of(path: str) -> str:
        if not path:
            return root
        node_id = id_of(path)
        if node_id not in nodes:
            parent, _, name = path.rpartition("/")
            nodes[node_id] = _folder(node_id, name, folder_of(parent), space=space)
        return node_id

    folder_of(below)
    for stored, content in files:
        path = f"{below}/{stored}" if below else stored
        parent, _, name = path.rpartition("/")
        node_id = id_of(path)
        nodes[node_id] = _file(node_id, name, folder_of(parent), content, space)
    return list(nodes.values())


def _file_map(account: Account, root: str, files: Iterable[tuple[str, Blob | bytes]]) -> list[Node]:
    """The layout of old backups: titles are ids, and one list has the paths."""
    nodes, rows = [], []
    for name, content in files:
        node_id = _id(account.email, "appdata:" + name)
        node = _file(node_id, node_id[:16], root, content, "appDataFolder")
        nodes.append(node)
        shown = node.describe()
        rows.append(
            {"f": name, "m": shown.get("md5Checksum"), "r": node_id, "s": int(shown["size"])}
        )
    listing = json.dumps(rows).encode()
    map_id = _id(account.email, "appdata:gdrive_file_map")
    return [*nodes, _file(map_id, "gdrive_file_map", root, listing, "appDataFolder")]


def _shortcut(account: Account, root: str, path: str, target: Node) -> list[Node]:
    parent, _, name = path.rpartition("/")
    folders = _tree(account, "drive", root, parent, ()) if parent else []
    return [
        *folders,
        Node(
            id=_id(account.email, "drive:" + path),
            name=name,
            parent=_id(account.email, "drive:" + parent) if parent else root,
            mime_type=SHORTCUT_TYPE,
            target=(target.id, target.mime_type, target.resource_key),
        ),
    ]


def _file(node_id: str, name: str, parent: str, content: Blob | bytes, space: str) -> Node:
    blob = content if isinstance(content, Blob) else None
    return Node(
        id=node_id,
        name=name,
        parent=parent,
        mime_type=blob.mime_type if blob is not None else "text/plain",
        content=content.path if isinstance(content, Blob) else content,
        blob=blob,
        space=space,
    )


def _folder(node_id: str, name: str, parent: str, *, alias: str = "", space: str = "drive") -> Node:
    return Node(
        id=node_id, name=name, parent=parent, mime_type=FOLDER_TYPE, alias=alias, space=space
    )


def _id(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return "1" + base64.urlsafe_b64encode(digest[:24]).decode()
