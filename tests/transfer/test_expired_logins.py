"""A login that ends in the middle of ``download`` and ``restore``, each a process of its own.

The login is a stored one, made by ``gdrive-wa login`` itself: with a browser, or the Android way.
An expired access token is renewed unnoticed. A revoked login ends the run with a hint; after the
next login the run continues with the missing files.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import read_manifest
from tests.cli.test_login import client_file, consenting, log_in
from tests.transfer.cli import Cli
from tests.transfer.tree import tree

pytestmark = pytest.mark.slow

__all__ = ["client_file", "consenting"]

BLOBS = "*/files/*"
RENEWALS = {"oauth": "/token", "android": "/android/auth"}


class SignedIn:
    """A user who is signed in with one of the providers, and may have to sign in again."""

    def __init__(
        self, provider: str, google: Emulator, account: SampleAccount, client: Path, home: Path
    ) -> None:
        self.provider = provider
        self.cli = Cli(google.root, None, home)
        self.dest = home / "dest"
        self._google = google
        self._account = account
        self._client = client

    def sign_in(self) -> None:
        if self.provider == "oauth":
            code, said = log_in(self.cli.environment(), self._client, self._google)
        else:
            cookie = self._google.tokens.issue_cookie(self._account.email)
            command = ("login", "--provider", "android", "--account", self._account.email)
            ended = subprocess.run(
                [sys.executable, "-m", "gdrive_wa", *command],
                env=self.cli.environment(), input=cookie, capture_output=True, text=True,
                check=False, timeout=60,
            )  # fmt: skip
            code, said = ended.returncode, ended.stderr
        assert code == 0, said
        self._google.counts.clear()

    def words(self, verb: str, dest: Path) -> list[str]:
        jobs = ["--jobs", "4"]
        if verb == "download":
            return ["download", str(dest), *jobs]
        key = ["--key-file", str(self._account.key_file)]
        return ["restore", str(dest), "--all", "--timezone", "UTC", *key, *jobs]

    def served(self) -> Counter[str]:
        """How often each blob was sent from its first byte."""
        return Counter(
            each.path
            for each in list(self._google.counts.log)  # the emulator may be adding to it
            if each.query.get("alt") == "media" and each.status == 200
        )


@pytest.fixture(params=["oauth", "android"])
def somebody(
    request: pytest.FixtureRequest,
    consenting: Emulator,
    sample: SampleAccount,
    client_file: Path,
    tmp_path: Path,
) -> SignedIn:
    signed_in = SignedIn(request.param, consenting, sample, client_file, tmp_path)
    signed_in.sign_in()
    return signed_in


@pytest.fixture(scope="module", params=["download", "restore"])
def verb(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def expected(
    verb: str, sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The tree of a run without faults."""
    home = tmp_path_factory.mktemp("undisturbed")
    with Emulator(sample.folder) as google:
        quiet = SignedIn("", google, sample, home, home)
        done = Cli(google.root, sample.token, home).run(*quiet.words(verb, quiet.dest))
    assert done.code == 0, done.talk
    return tree(home / "dest")


def test_an_expired_access_token_is_renewed_unnoticed(
    verb: str, somebody: SignedIn, consenting: Emulator, expected: dict[str, bytes]
) -> None:
    consenting.faults = [
        Fault(kind=FaultKind.EXPIRE, path=BLOBS, media=True, first=first, across=True)
        for first in (5, 20)
    ]
    done = somebody.cli.run(*somebody.words(verb, somebody.dest))
    assert done.code == 0, done.talk
    assert tree(somebody.dest) == expected
    assert consenting.counts.statuses[401] >= 2
    renewals = consenting.counts.requests[RENEWALS[somebody.provider]]
    first_token = 1 if somebody.provider == "android" else 0  # the other one is stored
    assert renewals == 2 + first_token
    assert set(somebody.served().values()) == {1}


def test_a_token_that_expired_before_the_run(
    verb: str, somebody: SignedIn, consenting: Emulator, expected: dict[str, bytes]
) -> None:
    consenting.tokens.expire_access()
    assert somebody.cli.run(*somebody.words(verb, somebody.dest)).code == 0
    assert tree(somebody.dest) == expected
    assert consenting.counts.requests[RENEWALS[somebody.provider]] == 1


def test_a_revoked_login_ends_the_run_and_the_next_login_continues(
    verb: str, somebody: SignedIn, consenting: Emulator, expected: dict[str, bytes]
) -> None:
    consenting.faults = [
        Fault(kind=FaultKind.REVOKE, path=BLOBS, media=True, first=20, across=True)
    ]
    ended = somebody.cli.run(*somebody.words(verb, somebody.dest))
    assert ended.code == 3, ended.talk
    assert ended.talk.count("error: ") == 1
    assert "gdrive-wa login" in ended.talk
    assert "Traceback" not in ended.talk
    before = somebody.served()
    kept = {record.stored_as for record in read_manifest(somebody.dest)} - {None}
    assert len(kept) >= 10
    assert consenting.counts.requests[RENEWALS[somebody.provider]] <= 2, "asked once, not a thread"
    again = somebody.cli.run(*somebody.words(verb, somebody.dest))
    assert again.code == 3, again.talk

    consenting.faults = None
    somebody.sign_in()
    assert somebody.cli.run(*somebody.words(verb, somebody.dest)).code == 0
    assert tree(somebody.dest) == expected
    after = somebody.served()
    assert not [path for path in after if path.split("/files/", 1)[1] in kept]
    assert not after.keys() & before.keys(), "what had come whole was fetched again"
