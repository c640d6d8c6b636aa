"""The README's ways to a backup at Google, typed as written there, against the emulator."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run
from tests.cli.test_sign_in import consent, pipe
from tests.test_readme import README


def typed_under(heading: str) -> list[list[str]]:
    """The commands below a heading in bold, up to the next paragraph after them."""
    _, _, rest = README.partition(f"**{heading}")
    (block,) = re.findall(r"```console\n(.*?)```", rest, re.DOTALL)[:1]
    return [shlex.split(line.removeprefix("$ "))[1:] for line in block.splitlines()]


def with_key(sample: SampleAccount, folder: Path) -> None:
    assert isinstance(sample.key, RootKey)
    (folder / "key.txt").write_text(sample.key.reveal().hex(" ", 4).upper())


def test_a_copy_in_the_users_own_drive(
    run: Run, clean_environment: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    login, restore = typed_under("From your own Google Drive")
    with_key(sample, tmp_path)
    with Emulator(sample.folder, auto_consent=True) as google:
        there = {"GDRIVE_WA_ENDPOINT": google.root}
        (tmp_path / "client_secrets.json").write_text(json.dumps(google.client_config(1)))
        code, said = consent(login, {**clean_environment, **there}, tmp_path)
        assert code == 0, said
        restore[restore.index("Backups/WhatsApp")] = "Phone backup/WhatsApp"
        done = run(*restore, env=there)
        assert done.returncode == 0, done.stderr
        google.tokens.revoke_all()  # as after seven days
        assert run("backups", "--source", "drive", env=there).returncode == 3
        assert "`gdrive-wa login --drive` renews them" in README
        code, said = consent(["login", "--drive"], {**clean_environment, **there}, tmp_path)
        assert code == 0, said
        assert run("backups", "--source", "drive", env=there).returncode == 0
    assert (tmp_path / "My voice notes" / "index.html").exists()


def test_whatsapps_own_backup(
    run: Run, clean_environment: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    login, backups, restore = typed_under("From WhatsApp's own backup at Google.")
    login[login.index("you@example.com")] = sample.email
    with_key(sample, tmp_path)
    with Emulator(sample.folder) as google:
        there = {"GDRIVE_WA_ENDPOINT": google.root}
        signed_in = pipe(login, clean_environment, google, sample.oauth_token.reveal())
        assert signed_in.returncode == 0, signed_in.stderr
        listed = run(*backups, env=there)
        assert listed.returncode == 0, listed.stderr
        assert "may delete this backup from" in listed.stderr
        done = run(*restore, env=there)
        assert done.returncode == 0, done.stderr
        removed = run("logout", env=there)
        assert removed.returncode == 0
        assert run("whoami").returncode == 3
    assert (tmp_path / "My voice notes" / "index.html").exists()


def test_the_cable_comes_first() -> None:
    places = [
        README.index(text)
        for text in (
            "gdrive-wa restore --folder WhatsApp",
            "**From your own Google Drive**",
            "gdrive-wa login --provider android",
        )
    ]
    assert places == sorted(places)
    _, _, own = README.partition("**From WhatsApp's own backup at Google.**")
    assert own.lstrip().startswith("Try the cable first")
