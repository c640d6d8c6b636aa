"""The files of stored logins."""

from __future__ import annotations

import json
import os
import shutil

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.google import logins
from gdrive_wa.google.logins import Login
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, patched, write
from tests.fuzz.samples import folder

SECRETS = {"refresh_token": "EXAMPLE", "client_id": "EXAMPLE", "expiry": "2024-01-01T00:00:00Z"}
FILES = {
    "accounts.json": json.dumps(
        {
            "accounts": {
                "anna@example.org": {
                    "provider": "oauth",
                    "scopes": ["a", "b"],
                    "expires": "2024-01-01T00:00:00Z",
                    "kept_in": "file",
                }
            },
            "default": "anna@example.org",
        }
    ).encode(),
    "logins/anna@example.org.json": json.dumps(SECRETS).encode(),
}


def try_one(data: bytes) -> object:
    """A login is read, or it is said to be damaged; a new one can be stored."""
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    os.environ[logins.CONFIG_VARIABLE] = str(folder() / "config")
    try:
        write(patched(FILES, Cursor(data)), folder() / "config")
        (folder() / "outside").write_bytes(b"not yours")
        ended = _use()
        assert (folder() / "outside").read_bytes() == b"not yours"
        return ended
    finally:
        shutil.rmtree(folder() / "config")


def _use() -> object:
    ended = []
    new = Login(account="ben@example.org", provider="oauth", fields=SECRETS)
    for attempt in (
        lambda: [logins.load(account).to_json() for account in logins.accounts()],
        logins.providers,
        lambda: logins.store(new),
        lambda: logins.load("ben@example.org"),
        lambda: logins.remove("ben@example.org"),
        logins.load,
    ):
        try:
            attempt()
            ended.append("fine")
        except GdriveWaError as error:
            ended.append(type(error).__name__)
    return ended


def main(arguments: list[str]) -> int:
    return fuzz("login_files", [b"\0", b"\1"], try_one, arguments)
