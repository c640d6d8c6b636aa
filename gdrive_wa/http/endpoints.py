"""The addresses of Google's services, or of a server in Google's place."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from gdrive_wa.core.errors import UsageError

ENDPOINT_VARIABLE = "GDRIVE_WA_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses, without a slash at the end.

    Attributes:
        root: address of the server in Google's place; empty for Google itself.
        drive: Drive v3, root and service path.
        backup: the backup service.
        auth: the consent page for browsers.
        token: exchanges codes and refresh tokens for access tokens.
        revoke: revokes a token.
        android: the sign-in of phones.
    """

    root: str = ""
    drive: str = "https://www.googleapis.com/drive/v3"
    backup: str = "https://backup.googleapis.com/v1"
    auth: str = "https://accounts.google.com/o/oauth2/auth"
    token: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke: str = "https://oauth2.googleapis.com/revoke"
    android: str = "https://android.clients.google.com/auth"

    @property
    def local(self) -> bool:
        """True if the server is on this machine."""
        return bool(self.root) and is_loopback(urlsplit(self.root).hostname or "")

    @classmethod
    def at(cls, root: str | None) -> Endpoints:
        """Google's own addresses, or those below `root`.

        Raises:
            UsageError: `root` is not an address, or would send a token unencrypted.
        """
        if not root:
            return cls()
        try:
            parts = urlsplit(root)
            host = parts.hostname or ""
            valid = parts.scheme in ("http", "https") and host and parts.port != 0
        except ValueError:
            valid = False
        if valid and (parts.username or parts.password):
            raise UsageError(
                "the endpoint contains a user name or password",
                hint="write it as https://host:port",
            )
        if not valid or parts.query or parts.fragment:
            raise UsageError(
                f"the endpoint {root!r} is not an address", hint="write it as https://host:port"
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise UsageError(
                f"the endpoint {root!r} would send your token unencrypted",
                hint="use https; plain http is for this machine only (127.0.0.1)",
            )
        root = root.rstrip("/")
        return cls(
            root=root,
            drive=f"{root}/drive/v3",
            backup=f"{root}/v1",
            auth=f"{root}/auth",
            token=f"{root}/token",
            revoke=f"{root}/revoke",
            android=f"{root}/android/auth",
        )


def is_loopback(host: str) -> bool:
    """True if `host` is this machine: localhost or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
