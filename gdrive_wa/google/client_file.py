"""Read the file of an OAuth client, as Google's console makes it.

Only clients of the kind *Desktop app* can be used: Google sends the browser back to this machine
for no other kind. See https://support.google.com/cloud/answer/15549257.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.plain_file import open_plain
from gdrive_wa.google.ways import CABLE, CLIENTS_PAGE, NEW_CLIENT
from gdrive_wa.http.endpoints import Endpoints

_LONGEST = 65536
_SECRET = re.compile(r"[^*\u2022]+")
"""A complete secret: the console masks all but the last characters of an old one."""
_NO_FILE = (
    f"give the file of an OAuth client with --client-secrets FILE; to get one, {NEW_CLIENT}",
    CABLE,
)
_NEW_SECRET = (
    "Google shows a secret only when it is made: open the client at"
    f" {CLIENTS_PAGE}, choose 'Add secret', and download the JSON at once"
)
_OTHER_FILES: tuple[tuple[str, str], ...] = (
    ("private_key", "the key of a service account, which has a Drive of its own, not yours"),
    ("refresh_token", "a stored login of another program"),
    ("external_account", "a configuration for Google's cloud"),
)
"""Fields that identify other files of Google's console, with their kinds."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth client of the user's own.

    Attributes:
        client_id: its public name.
        client_secret: its secret.
        redirects: the file lists redirect addresses, as the files of desktop clients do.
    """

    client_id: str
    client_secret: Secret
    redirects: bool = True

    def to_config(self, endpoints: Endpoints) -> dict[str, dict[str, str]]:
        """The configuration for Google's login library, with the addresses of `endpoints`."""
        return {
            "installed": {
                "client_id": self.client_id,
                "client_secret": self.client_secret.reveal(),
                "auth_uri": endpoints.auth,
                "token_uri": endpoints.token,
            }
        }


def read_client(path: Path) -> OAuthClient:
    """The client in the file `path`.

    Raises:
        UsageError: the file cannot be read, or does not contain a client that can be used.
    """
    content = _read(path)
    if isinstance(content.get("installed"), dict):
        return _desktop(path, content["installed"])
    if "web" in content:
        raise UsageError(
            f"the OAuth client in '{path}' is a web client, which this program cannot use",
            hint=NEW_CLIENT,
        )
    for key, name in _OTHER_FILES:
        if key in content or content.get("type") == key:
            raise UsageError(f"'{path}' is {name}; it is not an OAuth client", hint=NEW_CLIENT)
    raise _not_a_client(path)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with open_plain(path) as file:
            content = json.loads(file.read(_LONGEST))  # in UTF-8 or UTF-16
    except FileNotFoundError as error:
        raise UsageError(f"no OAuth client file named '{path}'", hint=_NO_FILE) from error
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise UsageError(
            f"the OAuth client file '{path}' cannot be read: {reason}", hint=_NO_FILE
        ) from error
    except (ValueError, RecursionError) as error:
        raise _not_a_client(path) from error
    if not isinstance(content, dict):
        raise _not_a_client(path)
    return content


def _desktop(path: Path, fields: Mapping[str, Any]) -> OAuthClient:
    client_id, secret = (fields.get(name) for name in ("client_id", "client_secret"))
    if not isinstance(client_id, str) or not client_id.strip():
        raise _not_a_client(path)
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret.strip()):
        raise UsageError(
            f"the client secret is missing in '{path}'",
            hint=(_NEW_SECRET, f"or {NEW_CLIENT}"),
        )
    return OAuthClient(client_id.strip(), Secret(secret.strip()), bool(fields.get("redirect_uris")))


def _not_a_client(path: Path) -> UsageError:
    return UsageError(f"'{path}' is not an OAuth client file", hint=NEW_CLIENT)
