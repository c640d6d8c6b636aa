"""Drive v3: ``about``, ``files.list``, ``files.get`` and content, as used by backup tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gdrive_wa.emulation.account import Account
from gdrive_wa.emulation.drive_tree import Node, appdata_nodes, drive_id, my_drive_nodes
from gdrive_wa.emulation.fields import BadFieldsError, Mask, parse_fields, select
from gdrive_wa.emulation.http import Request, Response, as_json, google_error, whole_number
from gdrive_wa.emulation.media import serve_bytes
from gdrive_wa.emulation.query import BadQueryError, Test, parse_query
from gdrive_wa.emulation.tokens import APPDATA, DRIVE_SCOPES, Grant

PREFIX = "/drive/v3/"
MOST_FILES = 1000
_PAGE_MARK = "~!!~"
_ALIASES = {"appDataFolder", "root"}


@dataclass(frozen=True, slots=True)
class Drive:
    """Answers requests for every path below ``/drive/v3/``.

    Attributes:
        accounts: the accounts, by e-mail address.
    """

    accounts: Mapping[str, Account]
    _known: dict[tuple[str, str, bool], dict[str, Node]] = field(default_factory=dict)

    def answer(self, request: Request, grant: Grant) -> Response:
        """Answer one request with a valid token."""
        account = self.accounts[grant.email]
        path = request.decoded_path.removeprefix(PREFIX)
        try:
            mask = parse_fields(request.query["fields"]) if "fields" in request.query else None
        except BadFieldsError as error:
            return google_error(400, str(error), reason="invalidParameter")
        if path == "about":
            return _about(account, mask)
        if path == "drives":
            return _drives(account, mask)
        if path == "files":
            return self._list(request, account, grant, mask)
        if path.startswith("files/") and "/" not in path.removeprefix("files/"):
            return self._get(request, account, grant, path.removeprefix("files/"), mask)
        return google_error(404, "Not Found", reason="notFound")

    def _list(
        self, request: Request, account: Account, grant: Grant, mask: Mask | None
    ) -> Response:
        spaces = request.query.get("spaces", "drive").split(",")
        if not _allowed(grant, spaces):
            return _insufficient()
        try:
            wanted = parse_query(request.query.get("q", ""))
        except BadQueryError:
            return google_error(400, "Invalid Value", reason="invalid")
        page = _page(request, account)
        if page is None:
            return google_error(400, "Invalid Value", reason="invalid")
        nodes = self._nodes(account, grant, spaces)
        keys = _resource_keys(request)
        seen = [node for node in nodes.values() if _listed(node, nodes, request, keys)]
        return _listing(_matching(seen, wanted), *page, mask)

    def _get(
        self, request: Request, account: Account, grant: Grant, file_id: str, mask: Mask | None
    ) -> Response:
        spaces = [space for space in ("appDataFolder", "drive") if _allowed(grant, [space])]
        if not spaces:
            return _insufficient()
        nodes = self._nodes(account, grant, spaces)
        node = nodes.get(file_id) or next(
            (node for node in nodes.values() if node.alias == file_id), None
        )
        if node is None or not _reachable(node, request, _resource_keys(request)):
            return google_error(404, f"File not found: {file_id}.", reason="notFound")
        if request.query.get("alt") != "media":
            return as_json(select(node.describe(), mask or _default_file()))
        if node.content is None:
            message = "Only files with binary content can be downloaded."
            return google_error(403, message, reason="fileNotDownloadable")
        return serve_bytes(request, node.content, mime_type=node.mime_type)

    def _nodes(self, account: Account, grant: Grant, spaces: list[str]) -> dict[str, Node]:
        """Everything in `spaces`, by id. An account's files are read only once."""
        found: dict[str, Node] = {}
        for space in spaces:
            key = (account.email, space, grant.whatsapp)
            if key not in self._known:
                if space == "appDataFolder":
                    nodes = appdata_nodes(account, empty=not grant.whatsapp)
                else:
                    nodes = my_drive_nodes(account)
                self._known[key] = {node.id: node for node in nodes}
            found.update(self._known[key])
        return found


def _drives(account: Account, mask: Mask | None) -> Response:
    names = account.settings.get("shared_drives", {})
    drives = [
        {"kind": "drive#drive", "id": drive_id(account, name), "name": name} for name in names
    ]
    return as_json(select({"kind": "drive#driveList", "drives": drives}, mask or {}))


def _resource_keys(request: Request) -> dict[str, str]:
    """The keys in ``X-Goog-Drive-Resource-Keys``, by the id of the file."""
    pairs = request.headers.get("x-goog-drive-resource-keys", "").split(",")
    return dict(pair.partition("/")[::2] for pair in pairs)


def _unlocked(node: Node | None, keys: Mapping[str, str]) -> bool:
    return node is None or not node.resource_key or keys.get(node.id) == node.resource_key


def _listed(
    node: Node, nodes: Mapping[str, Node], request: Request, keys: Mapping[str, str]
) -> bool:
    """True if `node` is listed. Items of shared drives are, if both parameters ask for them."""
    wanted = ("supportsAllDrives", "includeItemsFromAllDrives")
    everywhere = all(request.query.get(name) == "true" for name in wanted)
    return (everywhere or not node.drive) and _unlocked(nodes.get(node.parent), keys)


def _reachable(node: Node, request: Request, keys: Mapping[str, str]) -> bool:
    everywhere = request.query.get("supportsAllDrives") == "true"
    return (everywhere or not node.drive) and _unlocked(node, keys)


def _matching(nodes: Iterable[Node], wanted: Test) -> list[dict[str, Any]]:
    """The files that match the query, in which an alias of a folder stands for its id."""
    found = []
    nodes = list(nodes)
    aliases = {node.id: node.alias for node in nodes if node.alias in _ALIASES}
    for node in nodes:
        if node.alias in _ALIASES:
            continue
        shown = node.describe()
        parents = [*shown["parents"], *(aliases.get(each, each) for each in shown["parents"])]
        if wanted({**shown, "parents": parents}):
            found.append(shown)
    return found


def _listing(files: list[dict[str, Any]], start: int, count: int, mask: Mask | None) -> Response:
    shown: dict[str, Any] = {
        "kind": "drive#fileList",
        "incompleteSearch": False,
        "files": files[start : start + count],
    }
    if start + count < len(files):
        shown["nextPageToken"] = f"{_PAGE_MARK}{start + count}"
    if mask is None:
        shown["files"] = select(shown["files"], _default_file())
        return as_json(shown)
    return as_json(select(shown, mask))


def _page(request: Request, account: Account) -> tuple[int, int] | None:
    token = request.query.get("pageToken") or _PAGE_MARK + "0"
    start = whole_number(token.removeprefix(_PAGE_MARK))
    size = whole_number(request.query.get("pageSize", "100"))
    if start is None or size is None or not 1 <= size <= MOST_FILES:
        return None
    return start, min(size, account.page_size)


def _about(account: Account, mask: Mask | None) -> Response:
    if mask is None:
        message = "The 'fields' parameter is required for this method."
        return google_error(400, message, reason="required")
    user = {
        "kind": "drive#user",
        "displayName": account.settings.get("name", account.email),
        "me": True,
        "permissionId": "00000000000000000001",
        "emailAddress": account.email,
    }
    return as_json(select({"kind": "drive#about", "user": user}, mask))


def _allowed(grant: Grant, spaces: list[str]) -> bool:
    needs_drive = any(space != "appDataFolder" for space in spaces)
    if "appDataFolder" in spaces and not grant.allows(APPDATA):
        return False
    return not needs_drive or grant.allows(*DRIVE_SCOPES)


def _insufficient() -> Response:
    return google_error(
        403,
        "Request had insufficient authentication scopes.",
        reason="insufficientPermissions",
    )


def _default_file() -> Mask:
    return {"kind": {}, "id": {}, "name": {}, "mimeType": {}}
