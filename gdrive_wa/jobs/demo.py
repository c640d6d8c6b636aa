"""The main job on a sample account: real sign-in, real HTTP, real decryption, no network."""

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

from gdrive_wa.core.arguments import PathLike, ProgressLike, as_path, as_progress, as_say
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


def demo(
    dest: PathLike = "gdrive-wa-demo",
    *,
    say: Callable[[str], None] | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Sign in to the built-in emulator, list its backup, and restore it into `dest`.

    Everything but the account is real: Google's own login library, HTTP on loopback, the
    ciphers, spoken recordings. The machine's stored logins and keys are left alone.

    Args:
        dest: the archive's folder; made when it is not there.
        say: is called with each step as the command that it is, such as ``print``.
        progress: who is told how far it is, and who may stop it.

    Returns:
        Every entry of the sample's backup as done, skipped or failed.

    Raises:
        StorageError: `dest` cannot be written, or another run holds it.
        UsageError: an argument is of a wrong type.
        Interrupted: the user asked to stop; what is finished is kept.
    """
    dest, say, progress = as_path(dest, "dest"), as_say(say), as_progress(progress)
    with SampleGoogle() as google:
        say(f"$ gdrive-wa login --endpoint {google.root}")
        say(f"signed in as {google.sign_in()}")
        with closing(connect(endpoint=google.root)) as source:
            say("$ gdrive-wa backups")
            backup = pick_backup(source)
            when = backup.updated.date() if backup.updated else "?"
            size = f"{(backup.size or 0) / 1024:.0f} KB"
            say(f"+{backup.account}, of {when}, {size}, end-to-end encrypted")
            say(f'$ gdrive-wa restore --key-file encrypted_backup.key "{dest}"')
            return restore(source, dest, key=google.account.key, progress=progress)


class SampleGoogle:
    """The emulator with a sample account, for as long as it is open. A context manager.

        with SampleGoogle() as google:
            google.sign_in()
            source = connect(endpoint=google.root)

    While it is open, logins are kept in a folder of its own, no keyring is asked, and a token or
    an endpoint from the environment is not used: what this machine has stored is left alone.

    Attributes:
        account: the sample account: its key, and everything that is to be found in it.
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
        """Sign in through Google's own login library; its consent page is visited for the user.

        Returns:
            The e-mail address of who is signed in now.
        """
        client_file = self.account.folder / "client_secrets.json"
        client_file.write_text(json.dumps(self._emulator.client_config()), "utf-8")
        with _browser():
            return login_oauth(client_secrets=client_file, endpoint=self.root).account

    def close(self) -> None:
        """Stop serving, and forget the account and its login."""
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
    """Logins of the demo go to a folder of its own, and no keyring is asked."""
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
    """A browser that visits the consent page and follows where it leads; nobody need click."""
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
