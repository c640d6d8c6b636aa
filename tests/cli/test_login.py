"""Signing in at the terminal: the real flow of Google's library, against the emulator."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run
from tests.google.ports import free_port
from tests.google.scripted import Scripted, answer


@pytest.fixture
def consenting(sample: SampleAccount) -> Iterator[Emulator]:
    with Emulator(sample.folder, auto_consent=True) as running:
        yield running


@pytest.fixture
def client_file(consenting: Emulator, tmp_path: Path) -> Path:
    path = tmp_path / "client_secrets.json"
    path.write_text(json.dumps(consenting.client_config()))
    return path


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that sends the answers a test gives it."""
    with Scripted() as running:
        yield running


def just_open(address: str) -> None:
    requests.get(address, timeout=20)


def log_in(
    environment: dict[str, str],
    client_file: Path,
    emulator: Emulator,
    *more: str,
    visit: Callable[[str], None] = just_open,
) -> tuple[int, str]:
    """Run ``login --no-browser``, and visit the address it shows."""
    process = subprocess.Popen(
        [
            sys.executable, "-u", "-m", "gdrive_wa", "login", "--no-browser",
            "--client-secrets", str(client_file), "--endpoint", emulator.root, *more,
        ],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        match = re.search(r"(http://\S+/auth\?\S+)", line)
        if match:
            visiting = threading.Thread(target=visit, args=(match[1],))
            visiting.start()
            break
    rest, trouble = process.communicate(timeout=60)
    visiting.join()
    assert rest == ""
    return process.returncode, said + trouble


def test_login_whoami_use_logout(
    run: Run,
    clean_environment: dict[str, str],
    client_file: Path,
    consenting: Emulator,
    sample: SampleAccount,
    tmp_path: Path,
) -> None:
    code, said = log_in(clean_environment, client_file, consenting)
    assert code == 0, said
    assert f"signed in as {sample.email}" in said
    assert "no keyring" in said
    who = json.loads(run("whoami", "--json").stdout)
    assert who["account"] == sample.email
    assert who["provider"] == "oauth"
    (kept,) = (tmp_path / "config" / "logins").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o700
    listed = run("backups", "--json", "--endpoint", consenting.root)
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)[0]["account"] == "15550100"
    narrow = run("ls", "--source", "drive", "--endpoint", consenting.root)
    assert narrow.returncode == 3
    assert "login --drive" in narrow.stderr
    assert run("logout", "--endpoint", consenting.root).returncode == 0
    assert not kept.exists()
    assert run("whoami").returncode == 3


def test_no_answer_in_time(
    clean_environment: dict[str, str], client_file: Path, consenting: Emulator
) -> None:
    ended = subprocess.run(
        [
            sys.executable, "-m", "gdrive_wa", "login", "--no-browser", "--timeout", "1",
            "--client-secrets", str(client_file), "--endpoint", consenting.root,
        ],
        env=clean_environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "within 1 seconds" in ended.stderr


def test_without_a_client_file(run: Run) -> None:
    ended = run("login", "--provider", "oauth")
    assert ended.returncode == 2
    assert "--client-secrets" in ended.stderr


def test_a_script_without_a_provider_gets_the_list_of_providers(run: Run) -> None:
    ended = run("login")
    assert ended.returncode == 2
    first, cable, android, drive = ended.stderr.splitlines()
    assert first == "error: there are several ways to a backup, and none of them was chosen"
    assert "restore --folder WhatsApp" in cable
    assert "login --provider android --account" in android
    assert "login --drive --client-secrets" in drive


def test_a_client_file_in_the_config_folder_is_used_for_signing_in(
    run: Run, client_file: Path, consenting: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    client_file.rename(tmp_path / "config" / "client_secrets.json")
    ended = run("login", "--timeout", "1", "--endpoint", consenting.root, env={"BROWSER": "true"})
    assert ended.returncode == 3
    assert "within 1 seconds" in ended.stderr


def test_limits_of_a_users_own_client_are_reported_with_the_alternative(
    clean_environment: dict[str, str], client_file: Path, consenting: Emulator
) -> None:
    _, said = log_in(clean_environment, client_file, consenting)
    assert "cannot read WhatsApp's backup at Google" in said
    assert "gdrive-wa login --provider android --account" in said
    _, said = log_in(clean_environment, client_file, consenting, "--drive")
    assert "gdrive-wa backups --source drive --folder PATH" in said


def test_a_hint_covers_a_browser_on_another_machine(
    clean_environment: dict[str, str], client_file: Path, consenting: Emulator
) -> None:
    port = free_port()
    code, said = log_in(clean_environment, client_file, consenting, "--port", str(port))
    assert code == 0, said
    assert f"ssh -L {port}:127.0.0.1:{port}" in said
    assert f"127.0.0.1%3A{port}%2F" in said


def test_a_port_that_is_taken(run: Run, client_file: Path, consenting: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(
            "login", "--no-browser", "--port", port,
            "--client-secrets", client_file, "--endpoint", consenting.root,
        )  # fmt: skip
    assert ended.returncode == 2
    assert f"port {port} of this machine is in use" in ended.stderr


def test_the_page_in_the_browser_does_not_promise_success(
    clean_environment: dict[str, str], client_file: Path, emulator: Emulator
) -> None:
    """The page after a denial equals that after a consent. A stray request is not a consent."""
    shown: list[str] = []

    def visit(address: str) -> None:
        asked = parse_qs(urlsplit(address).query)
        denied = f"?error=access_denied&state={asked['state'][0]}"
        for came_back in ("favicon.ico", "?code=4/abc&state=wrong", denied):
            page = requests.get(asked["redirect_uri"][0] + came_back, timeout=20)
            shown.append(page.text)

    code, said = log_in(clean_environment, client_file, emulator, visit=visit)
    assert code == 3
    assert "access was denied in the browser" in said
    assert "test users" in said
    assert "Traceback" not in said
    assert "is not the answer" in shown[0]
    assert "is not the answer" in shown[1]
    assert "shows whether the sign-in succeeded" in shown[2]


log_in_by_browser = log_in


class TestTheAndroidWay:
    """The cookie is piped in; at a terminal it is typed hidden."""

    @pytest.fixture
    def log_in(self, clean_environment: dict[str, str]) -> Callable[..., tuple[int, str]]:
        def go(root: str, account: str, cookie: str) -> tuple[int, str]:
            ended = subprocess.run(
                [
                    sys.executable, "-m", "gdrive_wa", "login", "--provider", "android",
                    "--account", account, "--endpoint", root,
                ],
                env=clean_environment, input=cookie, capture_output=True, text=True, check=False,
                timeout=60,
            )  # fmt: skip
            assert ended.stdout == ""
            return ended.returncode, ended.stderr

        return go

    def test_signs_in(
        self, log_in: Callable[..., tuple[int, str]], emulator: Emulator, sample: SampleAccount
    ) -> None:
        code, said = log_in(emulator.root, sample.email, sample.oauth_token.reveal() + "\n")
        assert code == 0, said
        assert said.splitlines()[0] == f"signed in as {sample.email}"
        assert sample.oauth_token.reveal() not in said

    def test_reports_that_it_replaces_the_other_login(
        self,
        log_in: Callable[..., tuple[int, str]],
        clean_environment: dict[str, str],
        client_file: Path,
        consenting: Emulator,
        sample: SampleAccount,
    ) -> None:
        cookie = sample.oauth_token.reveal() + "\n"
        assert log_in(consenting.root, sample.email, cookie)[0] == 0
        code, said = log_in_by_browser(clean_environment, client_file, consenting)
        assert code == 0
        assert f"replaced the android login of {sample.email}" in said

    def test_without_a_terminal_it_is_not_asked_for(
        self, log_in: Callable[..., tuple[int, str]], emulator: Emulator
    ) -> None:
        code, said = log_in(emulator.root, "ann@example.org", "")
        assert code == 2
        assert said.startswith("error: the oauth_token cookie cannot be asked for")
        assert not emulator.counts.requests["/android/auth"]

    @pytest.mark.parametrize(
        ("trouble", "message", "hint"),
        [
            ({}, "Google does not accept this sign-in", "copy a fresh oauth_token cookie"),
            (
                {"oauth_token": "oauth2_4/crumb", "browser_first": True},
                "confirm the sign-in in a browser",
                "copy a fresh oauth_token cookie",
            ),
            (
                {"oauth_token": "oauth2_4/crumb", "managed": True},
                "administrator of this Workspace account does not allow this",
                "ask the administrator",
            ),
            (
                {"oauth_token": "oauth2_4/crumb", "android_id": "0123456789abcdef"},
                "Google does not accept this sign-in",
                "copy a fresh oauth_token cookie",
            ),
        ],
        ids=["a cookie that was used", "NeedsBrowser", "Workspace", "another device"],
    )
    def test_refusals(
        self,
        log_in: Callable[..., tuple[int, str]],
        tmp_path: Path,
        trouble: dict[str, object],
        message: str,
        hint: str,
    ) -> None:
        folder = tmp_path / "ann"
        folder.mkdir()
        said = {"email": "ann@example.org", **trouble}
        (folder / "account.json").write_text(json.dumps(said))
        with Emulator(folder) as google:
            code, talk = log_in(google.root, "ann@example.org", "oauth2_4/crumb\n")
        assert code == 3, talk
        assert talk.startswith("error: ")
        assert message in talk
        assert hint in talk
        assert "crumb" not in talk
        assert not (tmp_path / "config" / "logins").exists()

    def test_a_version_that_google_no_longer_accepts(
        self, log_in: Callable[..., tuple[int, str]], scripted: Scripted
    ) -> None:
        scripted.answers = [answer(b"Error=ServiceDisabled\n", status="403 Forbidden")]
        code, talk = log_in(scripted.root, "ann@example.org", "oauth2_4/crumb\n")
        assert code == 3
        first, cable, update, *_ = talk.splitlines()
        assert first == (
            "error: Google no longer accepts sign-ins from the phone version"
            " that gdrive-wa imitates (ServiceDisabled)"
        )
        assert "restore --folder WhatsApp" in cable
        assert "update gdrive-wa" in update


def cookie_of(name: str) -> str:
    return f"oauth2_4/crumb-of-{name}"


def test_two_accounts_side_by_side(
    run: Run, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    folders = []
    for name, number in (("ann", "15550110"), ("bea", "15550111")):
        stored = tmp_path / name / "backup" / "Databases" / "msgstore.db.crypt15"
        stored.parent.mkdir(parents=True)
        stored.write_bytes(b"x")
        said = {
            "email": f"{name}@example.org", "number": number, "oauth_token": cookie_of(name),
        }  # fmt: skip
        (tmp_path / name / "account.json").write_text(json.dumps(said))
        folders.append(tmp_path / name)

    def numbers(*more: str) -> list[str]:
        listed = run("backups", "--json", *more, env={"GDRIVE_WA_ENDPOINT": google.root})
        assert listed.returncode == 0, listed.stderr
        return [backup["account"] for backup in json.loads(listed.stdout)]

    with Emulator(*folders) as google:
        for name in ("ann", "bea"):
            ended = subprocess.run(
                [
                    sys.executable, "-m", "gdrive_wa", "login", "--provider", "android",
                    "--account", f"{name}@example.org", "--endpoint", google.root,
                ],
                env=clean_environment, input=cookie_of(name) + "\n", text=True,
                capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            assert ended.returncode == 0, ended.stderr
        assert numbers() == ["15550111"]
        assert numbers("--account", "Ann@Example.org") == ["15550110"]
        unknown = run("backups", "--account", "cay@example.org")
        assert (unknown.returncode, "no login is stored for cay" in unknown.stderr) == (3, True)
        who = run("whoami")
        assert who.stdout == "bea@example.org\n"
        assert "other logins: ann@example.org" in who.stderr
        assert run("logout", "--account", "bea@example.org").returncode == 0
        assert numbers() == ["15550110"]


def test_whoami_shows_a_token_from_the_environment(run: Run) -> None:
    given = {"GDRIVE_WA_ACCESS_TOKEN": "ya29.canary"}
    who = run("whoami", env=given)
    assert (who.returncode, who.stdout) == (0, "")
    assert "using the token in GDRIVE_WA_ACCESS_TOKEN" in who.stderr
    said = run("whoami", "--json", env=given)
    assert json.loads(said.stdout)["provider"] == "token"
    assert "canary" not in said.stdout + said.stderr + who.stderr
