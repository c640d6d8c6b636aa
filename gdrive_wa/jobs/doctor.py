"""``gdrive-wa doctor``: what is set up, what is missing, and what to do about it."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.version import VERSION
from gdrive_wa.google.access import TOKEN_VARIABLE
from gdrive_wa.google.login import CLIENT_FILE
from gdrive_wa.google.logins import config_folder, keyring_name, load
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE, Endpoints
from gdrive_wa.jobs.configured_key import KEY_FILE_VARIABLE, KEY_VARIABLE, configured_key

_LIBRARIES = ("google-api-python-client", "google-auth-oauthlib", "pycryptodome", "protobuf")
_EXTRAS = (
    ("av", "audio", "export"),
    ("faster-whisper", "transcribe", "transcripts"),
    ("iphone-backup-decrypt", "ios", "an iPhone's backup that is locked with a passphrase"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: what was checked.
        state: its state, without secrets.
        ok: nothing has to be done.
        advice: what to do; None if nothing has to be done.
    """

    what: str
    state: str
    ok: bool = True
    advice: str | None = None

    def to_json(self) -> dict[str, object]:
        """One element of the output of ``doctor --json``."""
        return {"what": self.what, "state": self.state, "ok": self.ok, "advice": self.advice}


def doctor() -> list[Finding]:
    """Check what is set up on this machine, and what is missing. Contacts no server.

    Returns:
        A finding for each check, always in the same order. A wrong setup is a finding too, not
        an error.
    """
    return [
        _program(), *_libraries(), *_extras(), _keyring(), _login(), _client(), _key(), _endpoint(),
    ]  # fmt: skip


def _program() -> Finding:
    python = platform.python_version()
    return Finding("gdrive-wa", f"{VERSION} on Python {python}, {sys.platform}")


def _libraries() -> list[Finding]:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(Finding(name, version(name)))
        except PackageNotFoundError:
            found.append(Finding(name, "missing", ok=False, advice=f"pip install {name}"))
    return found


def _extras() -> list[Finding]:
    """Optional libraries, each needed for one purpose only."""
    found = []
    for name, extra, use in _EXTRAS:
        try:
            found.append(Finding(name, version(name)))
        except PackageNotFoundError:
            how = f'not installed; only needed for {use}: pip install "gdrive-wa[{extra}]"'
            found.append(Finding(name, how))
    return found


def _keyring() -> Finding:
    name = keyring_name()
    if name is None:
        return Finding("keyring", f"none; logins are stored in files in {config_folder()}")
    return Finding("keyring", name)


def _login() -> Finding:
    if os.environ.get(TOKEN_VARIABLE):
        return Finding("login", f"a token in {TOKEN_VARIABLE}")
    try:
        login = load()
    except GdriveWaError as error:
        advice = "gdrive-wa login (not needed for --source folder)"
        return Finding("login", error.message, ok=False, advice=advice)
    return Finding("login", f"{login.account} ({login.provider})")


def _client() -> Finding:
    path = config_folder() / CLIENT_FILE
    if path.exists():
        return Finding("OAuth client file", str(path))
    advice = f"save yours as {path}, or give it with --client-secrets FILE"
    return Finding("OAuth client file", "none", ok=False, advice=advice)


def _key() -> Finding:
    try:
        key = configured_key()
    except GdriveWaError as error:
        return Finding("key", error.message, ok=False, advice=error.hints[0])
    if key is None:
        advice = f"--key-file FILE, {KEY_FILE_VARIABLE} or {KEY_VARIABLE}; or the prompt"
        return Finding("key", "none", ok=False, advice=advice)
    return Finding("key", f"{type(key).__name__}, fingerprint {key.fingerprint}")


def _endpoint() -> Finding:
    given = os.environ.get(ENDPOINT_VARIABLE)
    try:
        Endpoints.at(given)
    except GdriveWaError as error:
        return Finding("endpoint", error.message, ok=False, advice=error.hints[0])
    return Finding("endpoint", given or "Google")
