"""``gdrive-wa emulator``: a server on this machine that imitates Google."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from gdrive_wa.core.arguments import (
    PathLike,
    as_count,
    as_optional_path,
    as_path,
    wrong_type,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.plain_file import read_plain
from gdrive_wa.emulation.faults import Faults, parse_faults
from gdrive_wa.emulation.sample import make_sample
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.access import TOKEN_VARIABLE
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE
from gdrive_wa.jobs.configured_key import KEY_FILE_VARIABLE
from gdrive_wa.storage.draft import write_file

_KEY_FILES = ("encrypted_backup.key", "key")


class RunningEmulator:
    """A server that imitates Google, and what is needed to use it. A context manager.

    Attributes:
        root: its URL, for `endpoint` of other calls.
        account: e-mail address of its account.
        token: an access token, for `token` of ``connect()``.
        oauth_token: a single-use cookie of its sign-in page, for `oauth_token` of ``login()``.
        key_file: the key file for its backup; None if there is none.
        client_secrets: an OAuth client file, for ``login()``.
    """

    def __init__(
        self,
        account: Path | None,
        *,
        port: int,
        encrypted: bool,
        auto_consent: bool,
        faults: Faults,
    ) -> None:
        with ExitStack() as opening:
            folder = account or Path(
                opening.enter_context(tempfile.TemporaryDirectory(prefix="gdrive-wa-emulator-")),
                "account",
            )
            if not folder.exists():
                make_sample(folder, encrypted=encrypted)
            server = Emulator(folder, port=port, auto_consent=auto_consent, faults=faults)
            self._server = opening.enter_context(server)
            self.client_secrets = folder.absolute() / "client_secrets.json"
            content = json.dumps(self._server.client_config()).encode()
            write_file(self.client_secrets, content)
            self._open = opening.pop_all()
        signed_in = self._server.accounts[0]
        keys = (folder.absolute() / name for name in _KEY_FILES)
        self.root = self._server.root
        self.account = signed_in.email
        self.token = Secret(str(signed_in.settings.get("access_token", "")))
        self.oauth_token = Secret(str(signed_in.settings.get("oauth_token", "")))
        self.key_file = next((file for file in keys if file.exists()), None)

    def __repr__(self) -> str:
        return f"RunningEmulator({self.root!r}, account={self.account!r})"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that make every command use this server."""
        settings = {ENDPOINT_VARIABLE: self.root, TOKEN_VARIABLE: self.token.reveal()}
        if self.key_file is not None:
            settings[KEY_FILE_VARIABLE] = str(self.key_file)
        return settings

    def stats(self) -> dict[str, object]:
        """The requests and bytes sent so far, by path: the answer of ``GET /_emulator/stats``."""
        return self._server.counts.to_json()

    def wait(self) -> None:
        """Serve until :meth:`close` is called or the process is interrupted."""
        self._server.wait()

    def close(self) -> None:
        """Stop serving, and remove a temporary sample account."""
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


def emulator(
    account: PathLike | None = None,
    *,
    port: int = 0,
    encrypted: bool = True,
    auto_consent: bool = False,
    faults: PathLike | Mapping[str, object] | None = None,
) -> RunningEmulator:
    """Start a server on this machine that imitates Google with a sample account.

    It listens on 127.0.0.1 only, and runs until it is closed::

        with emulator() as google:
            source = connect(endpoint=google.root, token=google.token)

    Args:
        account: the folder of an account, created if it does not exist; by default a temporary
            sample account.
        port: the port to listen on; 0 for a free one.
        encrypted: whether a sample account that is created has end-to-end encryption.
        auto_consent: give consent without a click.
        faults: the faults to imitate: a mapping, or the path of a JSON file. ``gdrive-wa emulator
            --help`` shows an example.

    Returns:
        The running server: a context manager with its address, a token and the key file.

    Raises:
        UsageError: the folder is not an account, a fault is not valid, or an argument has the
            wrong type.
        NetworkError: the port is in use.
        StorageError: the account cannot be created there.
    """
    return RunningEmulator(
        as_optional_path(account, "account"),
        port=as_count(port, "port", least=0),
        encrypted=encrypted,
        auto_consent=auto_consent,
        faults=_faults(faults),
    )


def _faults(value: PathLike | Mapping[str, object] | None) -> Faults:
    if value is None:
        return Faults()
    if isinstance(value, Mapping):
        return parse_faults(dict(value))
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("faults", "a mapping or the path of a JSON file", value)
    path = as_path(value, "faults")
    try:
        parsed = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"'{path}' cannot be read as JSON", hint="gdrive-wa emulator --help shows an example"
        ) from error
    return parse_faults(parsed)
