"""Choosing a source at a terminal, and every hint followed to its end."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import pytest
import requests

from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import ways
from tests.cli import test_terminal
from tests.cli.conftest import Run
from tests.test_readme import parse

terminal = test_terminal.terminal
Open = test_terminal.Open

COMMAND = re.compile(r"gdrive-wa [a-z][^;,]*$")
"""The command at the end of a hint."""


def commands_in(text: str) -> list[str]:
    return [found[0] for line in text.splitlines() if (found := COMMAND.search(line.strip()))]


def only_command(text: str, containing: str) -> list[str]:
    (found,) = {each for each in commands_in(text) if containing in each}
    return shlex.split(found)[1:]


@pytest.fixture
def google(sample: SampleAccount, tmp_path: Path) -> Path:
    """A copy of the sample account, for a test to change."""
    shutil.copytree(sample.folder, tmp_path / "google")
    return tmp_path / "google"


def change(account: Path, **settings: object) -> None:
    path = account / "account.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def pipe(
    arguments: list[str], environment: dict[str, str], google: Emulator, cookie: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gdrive_wa", *arguments],
        env={**environment, "GDRIVE_WA_ENDPOINT": google.root},
        input=f"{cookie}\n", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def consent(arguments: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str]:
    """Run a login without a browser, and visit the address it shows."""
    said = ""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "gdrive_wa", *arguments, "--no-browser"],
        env=environment, cwd=folder, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if match := re.search(r"(http://\S+/auth\?\S+)", line):
                requests.get(match[1], timeout=60)
    return process.returncode, said


def test_every_command_in_a_hint_is_valid() -> None:
    texts = [text for text in vars(ways).values() if isinstance(text, str)]
    found = [command for text in texts for command in commands_in(text)]
    assert len(found) >= 6
    for command in found:
        parse(shlex.split(command)[1:])
    with pytest.raises(click.UsageError):  # what these hints said before
        parse(shlex.split("restore --folder WhatsApp"))


class TestAtATerminal:
    def test_the_cable_needs_no_sign_in(self, terminal: Open) -> None:
        asked = terminal("login", env={})
        asked.until(lambda seen: "1, 2 or 3" in seen)
        asked.type("1")
        assert asked.end() == 0
        assert "restore --folder WhatsApp" in asked.seen

    def test_whatsapps_own_backup_is_signed_in_to_like_a_phone(
        self, terminal: Open, emulator: Emulator, sample: SampleAccount
    ) -> None:
        """An invalid address or cookie is asked for again, before anything is sent."""
        asked = terminal("login", env={"GDRIVE_WA_ENDPOINT": emulator.root})
        asked.until(lambda seen: "1, 2 or 3" in seen)
        asked.type("2")
        asked.until(lambda seen: "e-mail address of the phone's Google account:" in seen)
        asked.type("alex")
        asked.until(lambda seen: "alex@gmail.com" in seen)
        asked.type(sample.email)
        asked.until(lambda seen: "oauth_token (hidden):" in seen)
        assert "Google does not offer it to programs" in asked.seen
        assert "restore --folder WhatsApp" in asked.seen
        asked.type_hidden("hunter2")
        asked.until(lambda seen: seen.count("oauth_token (hidden):") == 2)
        assert not emulator.counts.requests["/android/auth"]
        asked.type_hidden(f"oauth_token={sample.oauth_token.reveal()}")
        assert asked.end() == 0, asked.seen
        assert f"signed in as {sample.email}" in asked.seen
        assert "hunter2" not in asked.seen

    def test_a_copy_in_drive_is_read_with_a_client_whose_file_is_asked_for(
        self, terminal: Open, sample: SampleAccount, tmp_path: Path
    ) -> None:
        with Emulator(sample.folder, auto_consent=True) as google:
            (tmp_path / "mine.json").write_text(json.dumps(google.client_config(1)))
            asked = terminal("login", "--timeout", "60", env={"GDRIVE_WA_ENDPOINT": google.root,
                                                              "BROWSER": "true"})  # fmt: skip
            asked.until(lambda seen: "1, 2 or 3" in seen)
            asked.type("3")
            asked.until(lambda seen: "file of the OAuth client" in seen)
            asked.type("nowhere.json")
            asked.until(lambda seen: "no OAuth client file named 'nowhere.json'" in seen)
            asked.type('"mine.json"')
            seen = asked.until(lambda seen: "state=" in seen and "prompt=consent" in seen)
            address = re.search(r"(http://\S+/auth\?.*prompt=consent)", seen, re.DOTALL)
            assert address is not None
            shown = re.sub(r"\s", "", address[1])
            assert "drive.readonly" in parse_qs(urlsplit(shown).query)["scope"][0]
            requests.get(shown, timeout=60)
            assert asked.end() == 0, asked.seen
        assert "gdrive-wa backups --source drive --folder PATH" in asked.seen


@pytest.mark.parametrize(
    ("pasted", "code", "said"),
    [
        (
            "# Netscape HTTP Cookie File\n\n.google.com\tTRUE\t/\tTRUE\t0\toauth_token\t{cookie}",
            0,
            "signed in as",
        ),
        ('"oauth_token={cookie}; path=/"', 0, "signed in as"),
        ("hunter2", 2, "this program asks for none"),
        ("ya29.a-secret", 2, "set GDRIVE_WA_ACCESS_TOKEN"),
    ],
)
def test_piped_input_is_validated_before_it_is_sent(
    clean_environment: dict[str, str],
    emulator: Emulator,
    sample: SampleAccount,
    pasted: str,
    code: int,
    said: str,
) -> None:
    cookie = pasted.format(cookie=sample.oauth_token.reveal())
    android = ["login", "--provider", "android", "--account", f"<{sample.email}>"]
    ended = pipe(android, clean_environment, emulator, cookie)
    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "a-secret" not in ended.stderr
    assert emulator.counts.requests["/android/auth"] == (2 if code == 0 else 0)


class TestEachHintIsFollowed:
    """From a refusal to a listed backup or a restored note, following only the hints."""

    @pytest.mark.parametrize("word", ["MissingDroidguard", "ServiceDisabled", "BadAuthentication"])
    def test_the_cable(
        self,
        run: Run,
        google: Path,
        clean_environment: dict[str, str],
        sample: SampleAccount,
        tmp_path: Path,
        word: str,
    ) -> None:
        change(google, exchange_error=word)
        with Emulator(google) as server:
            refused = pipe(
                ["login", "--provider", "android", "--account", sample.email],
                clean_environment, server, sample.oauth_token.reveal(),
            )  # fmt: skip
        assert refused.returncode == 3
        for path, content in sample.contents.items():
            if path.startswith("Media/"):
                (tmp_path / "WhatsApp" / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "WhatsApp" / path).write_bytes(content)
        shutil.copytree(sample.folder / "backup" / "Databases", tmp_path / "WhatsApp/Databases")
        assert isinstance(sample.key, RootKey)
        key = {"GDRIVE_WA_KEY": sample.key.reveal().hex()}
        first = refused.stderr.splitlines()[1]
        restored = run(*only_command(first, "restore"), env=key)
        assert restored.returncode == 0, restored.stderr
        assert (tmp_path / "My voice notes" / "index.html").exists()

    def test_hints_of_a_login_without_a_provider(
        self,
        run: Run,
        google: Path,
        clean_environment: dict[str, str],
        sample: SampleAccount,
        tmp_path: Path,
    ) -> None:
        said = run("login").stderr
        with Emulator(google, auto_consent=True) as server:
            there = {"GDRIVE_WA_ENDPOINT": server.root}
            android = only_command(said, "--provider android")
            android[-1] = sample.email
            phone = pipe(android, clean_environment, server, sample.oauth_token.reveal())
            assert phone.returncode == 0, phone.stderr
            listed = run(*only_command(phone.stderr, "backups"), env=there)
            assert "15550100" in listed.stdout
            (tmp_path / "client_secrets.json").write_text(json.dumps(server.client_config(1)))
            own = only_command(said, "--client-secrets")
            code, printed = consent(own, {**clean_environment, **there}, tmp_path)
            assert code == 0, printed
            backups = only_command(printed, "--source drive")
            backups[-1] = "Phone backup/WhatsApp"
            found = run(*backups, env=there)
            assert found.returncode == 0, found.stderr
            assert found.stdout

    def test_the_hint_of_an_ended_login(
        self,
        run: Run,
        google: Path,
        clean_environment: dict[str, str],
        sample: SampleAccount,
        tmp_path: Path,
    ) -> None:
        """The client's file is gone; the stored login has all that is needed."""
        with Emulator(google, auto_consent=True) as server:
            there = {"GDRIVE_WA_ENDPOINT": server.root}
            (tmp_path / "mine.json").write_text(json.dumps(server.client_config()))
            first = ["login", "--client-secrets", "mine.json"]
            assert consent(first, {**clean_environment, **there}, tmp_path)[0] == 0
            (tmp_path / "mine.json").unlink()
            server.tokens.revoke_all()
            ended = run("backups", env=there)
            assert ended.returncode == 3
            again = only_command(ended.stderr, "login")
            assert again == ["login", "--account", sample.email]
            code, printed = consent(again, {**clean_environment, **there}, tmp_path)
            assert code == 0, printed
            assert run("backups", env=there).returncode == 0

    def test_the_hint_with_a_stored_master_token(
        self,
        run: Run,
        google: Path,
        clean_environment: dict[str, str],
        sample: SampleAccount,
    ) -> None:
        change(google, token_error="ServiceDisabled")
        android = ["login", "--provider", "android", "--account", sample.email]
        with Emulator(google) as server:
            refused = pipe(android, clean_environment, server, sample.oauth_token.reveal())
            master = dict(server.tokens._devices)
        assert refused.returncode == 3
        path = google / "account.json"
        settings = json.loads(path.read_text())
        del settings["token_error"]
        path.write_text(json.dumps(settings))
        with Emulator(google) as server:
            server.tokens._devices.update(master)
            listed = run(
                *only_command(refused.stderr, "backups"), env={"GDRIVE_WA_ENDPOINT": server.root}
            )
        assert listed.returncode == 0, listed.stderr
