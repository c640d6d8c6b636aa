"""``gdrive-wa doctor``: what is set up, what is missing, and what to do about it."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from gdrive_wa.core.arguments import ProgressLike, as_optional_text, as_progress
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.progress import interruptible
from gdrive_wa.core.version import VERSION
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.google.access import TOKEN_VARIABLE
from gdrive_wa.google.login import CLIENT_FILE
from gdrive_wa.google.logins import config_folder, keyring_name, load
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE, Endpoints
from gdrive_wa.jobs.configured_key import KEY_FILE_VARIABLE, KEY_VARIABLE, configured_key
from gdrive_wa.jobs.finding import Finding

_LIBRARIES = ("google-api-python-client", "google-auth-oauthlib", "pycryptodome", "protobuf")
_EXTRAS = (
    ("av", "audio", "export"),
    ("faster-whisper", "transcribe", "transcripts"),
    ("iphone-backup-decrypt", "ios", "an iPhone's backup that is locked with a passphrase"),
)


def doctor(
    *,
    online: bool = False,
    account: str | None = None,
    endpoint: str | None = None,
    progress: ProgressLike | None = None,
) -> list[Finding]:
    """Check what is set up on this machine, what is missing, and which of Google's services work.

    Args:
        online: ask Google's servers too: DNS, certificates, clock, proxy, token, services, quota.
            It does not sign in. Otherwise no server is contacted.
        account: for `online`: e-mail address of the stored login to use; by default the login
            that all commands use.
        endpoint: root of another server in Google's place; also ``GDRIVE_WA_ENDPOINT``.
        progress: may stop the job.

    Returns:
        A finding for each check, always in the same order. A wrong setup is a finding too, not
        an error.

    Raises:
        UsageError: an argument has the wrong type.
        Interrupted: the user asked to stop.
    """
    name, root = as_optional_text(account, "account"), as_optional_text(endpoint, "endpoint")
    reporter, given = as_progress(progress), root or os.environ.get(ENDPOINT_VARIABLE)
    found = [
        _program(), *_libraries(), *_extras(), _keyring(), _login(), _client(), _key(),
        _endpoint(given),
    ]  # fmt: skip
    if online and found[-1].ok:
        from gdrive_wa.jobs.doctor_online import doctor_online  # noqa: PLC0415 - slow to import

        found += interruptible(lambda: doctor_online(name, given), reporter)
    return found


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
        advice = "gdrive-wa login (not needed with --folder)"
        return Finding("login", error.message, ok=False, advice=advice)
    return Finding("login", f"{login.account} ({login.provider})")


def _client() -> Finding:
    path = config_folder() / CLIENT_FILE
    if path.exists():
        return Finding("OAuth client file", str(path))
    return Finding(
        "OAuth client file",
        f"none; only needed for copies in your own Drive: save it as {path}, or give"
        " --client-secrets FILE to gdrive-wa login",
    )


def _key() -> Finding:
    try:
        key = configured_key()
    except GdriveWaError as error:
        return Finding("key", error.message, ok=False, advice=error.hints[0])
    if key is None:
        advice = (
            f"use --key-file FILE, {KEY_FILE_VARIABLE} or {KEY_VARIABLE}, or enter the key when"
            " you are asked for it"
        )
        return Finding("key", "none", ok=False, advice=advice)
    form = "64-digit key" if isinstance(key, RootKey) else "key file of crypt12 and crypt14"
    return Finding("key", f"{form}, fingerprint {key.fingerprint}")


def _endpoint(given: str | None) -> Finding:
    try:
        Endpoints.at(given)
    except GdriveWaError as error:
        return Finding("endpoint", error.message, ok=False, advice=error.hints[0])
    return Finding("endpoint", given or "Google")
