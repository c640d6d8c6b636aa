"""``gdrive-wa doctor``."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from gdrive_wa.cli import talk
from gdrive_wa.cli.options import json_option
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.version import VERSION

_LIBRARIES = ("google-api-python-client", "google-auth-oauthlib", "pycryptodome", "protobuf")
_EXTRAS = (
    ("av", "audio", "export"),
    ("iphone-backup-decrypt", "ios", "an iPhone's backup that is locked with a passphrase"),
)


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    state: str
    fine: bool = True
    advice: str | None = None

    def to_json(self) -> dict[str, object]:
        return {"what": self.what, "state": self.state, "ok": self.fine, "advice": self.advice}


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """Tell what is set up, what is missing, and what to do about it. Asks no server."""
    findings = [
        _program(), *_libraries(), *_extras(), _keyring(), _login(), _client(), _key(), _endpoint(),
    ]  # fmt: skip
    if as_json:
        talk.print_json([finding.to_json() for finding in findings])
        return
    rows = [["ok" if each.fine else "--", each.what, each.state] for each in findings]
    talk.print_table(None, ["", "", ""], rows)
    for finding in findings:
        if finding.advice:
            talk.voice().hint(f"{finding.what}: {finding.advice}")


def _program() -> _Finding:
    python = platform.python_version()
    return _Finding("gdrive-wa", f"{VERSION} on Python {python}, {sys.platform}")


def _libraries() -> list[_Finding]:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(_Finding(name, version(name)))
        except PackageNotFoundError:
            found.append(_Finding(name, "missing", fine=False, advice=f"pip install {name}"))
    return found


def _extras() -> list[_Finding]:
    """Libraries that only one thing needs, and that are fine to lack until then."""
    found = []
    for name, extra, use in _EXTRAS:
        try:
            found.append(_Finding(name, version(name)))
        except PackageNotFoundError:
            how = f'not installed, and needed only for {use}: pip install "gdrive-wa[{extra}]"'
            found.append(_Finding(name, how))
    return found


def _keyring() -> _Finding:
    from gdrive_wa.google.logins import config_folder, keyring_name  # noqa: PLC0415 - slow

    name = keyring_name()
    if name is None:
        return _Finding("keyring", f"none; logins are kept in files below {config_folder()}")
    return _Finding("keyring", name)


def _login() -> _Finding:
    from gdrive_wa.google.access import TOKEN_VARIABLE  # noqa: PLC0415 - slow to import
    from gdrive_wa.google.logins import stored  # noqa: PLC0415

    if os.environ.get(TOKEN_VARIABLE):
        return _Finding("login", f"a token in {TOKEN_VARIABLE}")
    try:
        login = stored()
    except GdriveWaError as error:
        advice = "gdrive-wa login (not needed for --source folder)"
        return _Finding("login", error.message, fine=False, advice=advice)
    return _Finding("login", f"{login.account} ({login.provider})")


def _client() -> _Finding:
    from gdrive_wa.google.login import CLIENT_FILE  # noqa: PLC0415 - slow to import
    from gdrive_wa.google.logins import config_folder  # noqa: PLC0415

    path = config_folder() / CLIENT_FILE
    if path.exists():
        return _Finding("OAuth client file", str(path))
    advice = f"put yours at {path}, or give it with --client-secrets"
    return _Finding("OAuth client file", "none", fine=False, advice=advice)


def _key() -> _Finding:
    from gdrive_wa.cli.keys import KEY_VARIABLE, find_key  # noqa: PLC0415 - ciphers are slow

    given = os.environ.get("GDRIVE_WA_KEY_FILE")
    try:
        key = find_key(Path(given) if given else None, ask=False)
    except GdriveWaError as error:
        return _Finding("key", error.message, fine=False, advice=error.hints[0])
    if key is None:
        advice = f"--key-file FILE, GDRIVE_WA_KEY_FILE or {KEY_VARIABLE}; else it is asked for"
        return _Finding("key", "none", fine=False, advice=advice)
    return _Finding("key", f"{type(key).__name__}, fingerprint {key.fingerprint}")


def _endpoint() -> _Finding:
    from gdrive_wa.google.access import ENDPOINT_VARIABLE  # noqa: PLC0415 - slow to import
    from gdrive_wa.http.endpoints import Endpoints  # noqa: PLC0415

    given = os.environ.get(ENDPOINT_VARIABLE)
    try:
        Endpoints.at(given)
    except GdriveWaError as error:
        return _Finding("endpoint", error.message, fine=False, advice=error.hints[0])
    return _Finding("endpoint", given or "Google")
