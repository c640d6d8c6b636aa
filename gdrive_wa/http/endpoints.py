"""Every address of Google's that is used, or of a server in its place."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from gdrive_wa.core.errors import UsageError

ENDPOINT_VARIABLE = "GDRIVE_WA_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses, none with a slash at its end.

    Attributes:
        root: of the server in Google's place; empty for Google itself.
        drive: of Drive v3, root and service path.
        backup: of the backup service's account.
        auth: where a browser asks for consent.
        token: where codes and refresh tokens become access tokens.
        revoke: where a token ends.
        android: where a phone signs in.
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
        """They are of this machine."""
        return bool(self.root) and is_loopback(urlsplit(self.root).hostname or "")

    @classmethod
    def at(cls, root: str | None) -> Endpoints:
        """Google's own addresses, or those below `root`.

        Raises:
            UsageError: `root` is no address, or would send a token in the clear.
        """
        if not root:
            return cls()
        try:
            parts = urlsplit(root)
            host = parts.hostname or ""
            sound = parts.scheme in ("http", "https") and host and parts.port != 0
        except ValueError:
            sound = False
        if sound and (parts.username or parts.password):
            raise UsageError("the endpoint holds a password", hint="give it without one")
        if not sound or parts.query or parts.fragment:
            raise UsageError(
                f"the endpoint is no address: {root!r}", hint="write it as https://host:port"
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise UsageError(
                f"the endpoint {root!r} would send your token in the clear",
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
    """This machine itself, by any of its names for itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
