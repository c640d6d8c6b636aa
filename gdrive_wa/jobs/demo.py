"""Restore a sample account: with a real sign-in, HTTP and decryption, but without a network."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from gdrive_wa.archive.layout import DATABASES, INDEX_NAME, SUMS_NAME
from gdrive_wa.core.arguments import PathLike, ProgressLike, as_path, as_progress, as_say
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Report
from gdrive_wa.emulation.sample import make_sample
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.access import TOKEN_VARIABLE
from gdrive_wa.google.login import login_oauth
from gdrive_wa.google.logins import CONFIG_VARIABLE
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE
from gdrive_wa.jobs.plan import pick_backup
from gdrive_wa.jobs.restore import restore
from gdrive_wa.sources import connect
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.manifest import read_manifest
from gdrive_wa.storage.tree import Tree


def demo(
    dest: PathLike = "gdrive-wa-demo",
    *,
    say: Callable[[str], None] | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Sign in to the built-in emulator, list its backup, and restore it into `dest`.

    Everything but the account is real: Google's own login library, HTTP on loopback, the
    ciphers, spoken recordings. Logins and keys stored on this machine are not used.

    Args:
        dest: the archive's folder; created if it does not exist.
        say: called with each step, shown as a command; such as ``print``.
        progress: receives progress, and may stop the job.

    Returns:
        Every entry of the sample's backup as done, skipped or failed.

    Raises:
        StorageError: `dest` cannot be written, or is in use by another run.
        UsageError: `dest` is an archive of another backup, or an argument has the wrong type.
        Interrupted: the user asked to stop; finished files are kept.
    """
    dest, say, progress = as_path(dest, "dest"), as_say(say), as_progress(progress)
    with SampleGoogle() as google:
        say(f"$ gdrive-wa login --client-secrets client_secrets.json --endpoint {google.root}")
        say(f"signed in as {google.sign_in()}")
        with closing(connect(endpoint=google.root)) as source:
            say("$ gdrive-wa backups")
            backup = pick_backup(source)
            _require_own_archive(dest, backup.account)
            when = backup.updated.date() if backup.updated else "?"
            size = f"{(backup.size or 0) / 1024:.0f} KB"
            say(f"+{backup.account}, of {when}, {size}, end-to-end encrypted")
            say(f'$ gdrive-wa restore --key-file encrypted_backup.key "{dest}"')
            return restore(source, dest, key=google.account.key, progress=progress)


def _require_own_archive(dest: Path, account: str) -> None:
    """Check that the sample's notes would not be mixed with a user's own.

    Raises:
        UsageError: `dest` is an archive, and not only of the sample account.
    """
    databases = {
        record.account for record in read_manifest(dest) if record.path.startswith(f"{DATABASES}/")
    }
    lists = (INDEX_NAME, SUMS_NAME)
    if databases != {account} and any(map(Tree(dest).lexists, lists)):
        raise UsageError(
            f"'{dest}' is the archive of another backup",
            hint="choose another folder for the demo, such as: gdrive-wa demo gdrive-wa-demo",
        )


class SampleGoogle:
    """The emulator with a temporary sample account. A context manager.

        with SampleGoogle() as google:
            google.sign_in()
            source = connect(endpoint=google.root)

    While it is open, logins are stored in a separate folder. The keyring, and a token or endpoint
    from the environment, are not used.

    Attributes:
        account: the sample account with its key and its content.
        root: the URL to give as `endpoint`.
    """

    def __init__(self) -> None:
        with ExitStack() as opening:
            folder = tempfile.TemporaryDirectory(prefix="gdrive-wa-demo-")
            scratch = Path(opening.enter_context(folder))
            self.account = make_sample(scratch / "account")
            self._emulator = opening.enter_context(Emulator(self.account.folder, auto_consent=True))
            opening.enter_context(_own_config(scratch))
            self._open = opening.pop_all()
        self.root = self._emulator.root

    def sign_in(self) -> str:
        """Sign in with Google's own login library; consent is given automatically.

        Returns:
            The e-mail address of the sample account.
        """
        client_file = self.account.folder / "client_secrets.json"
        write_file(client_file, json.dumps(self._emulator.client_config()).encode())
        with _browser():
            return login_oauth(client_secrets=client_file, endpoint=self.root).account

    def close(self) -> None:
        """Stop serving, and remove the account and its login."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _own_config(scratch: Path) -> Iterator[None]:
    """Store logins of the demo in a separate folder, without the keyring."""
    import keyring  # noqa: PLC0415 - looks for backends when imported
    from keyring.backends.null import Keyring  # noqa: PLC0415

    before = {name: os.environ.pop(name, None) for name in (TOKEN_VARIABLE, ENDPOINT_VARIABLE)}
    before[CONFIG_VARIABLE] = os.environ.get(CONFIG_VARIABLE)
    os.environ[CONFIG_VARIABLE] = str(scratch / "config")
    usual = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        keyring.set_keyring(usual)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _browser() -> Iterator[None]:
    """Replace the browser by one that opens the consent page and follows its redirects."""
    usual = webbrowser.get
    webbrowser.get = _visitor
    try:
        yield
    finally:
        webbrowser.get = usual


def _visitor(using: str | None = None) -> webbrowser.BaseBrowser:
    return _Visitor(using or "gdrive-wa-demo")


class _Visitor(webbrowser.BaseBrowser):
    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002
        threading.Thread(target=_visit, args=(url,), daemon=True).start()
        return True


def _visit(url: str) -> None:
    import requests  # noqa: PLC0415 - slow to import

    requests.get(url, timeout=30)
