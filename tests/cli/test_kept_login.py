"""A login without the name of its account: what each command reports.

The Drive API of a new OAuth client is off until its owner turns it on. That must not cost a second
sign-in.
"""

from __future__ import annotations

import json
from pathlib import Path

from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run
from tests.cli.test_sign_in import consent, only_command

API_OFF = Fault(
    kind=FaultKind.STATUS,
    path="*/drive/v3/*",
    status=403,
    reason="accessNotConfigured",
    message="Google Drive API has not been used in project 1 before or it is disabled.",
    times=None,
)
TURN_ON = "https://console.cloud.google.com/apis/library/drive.googleapis.com"


def test_every_hint_leads_on_without_a_second_sign_in(
    run: Run, clean_environment: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    with Emulator(sample.folder, auto_consent=True, faults=API_OFF) as google:
        there = {"GDRIVE_WA_ENDPOINT": google.root}
        (tmp_path / "client_secrets.json").write_text(json.dumps(google.client_config(1)))
        login = ["login", "--drive", "--client-secrets", "client_secrets.json"]
        code, told = consent(login, {**clean_environment, **there}, tmp_path)
        assert code == 3, told
        first, *hints = [line for line in told.splitlines() if "ssh -L" not in line][2:]
        assert first.startswith("error: Google refuses your account: Google Drive API has not")
        assert TURN_ON in hints[0]
        assert "is stored" in hints[1]
        backups = only_command(hints[1], "backups")
        backups[-1] = "Phone backup/WhatsApp"

        who = run("whoami")
        assert (who.returncode, who.stdout) == (0, "unnamed\n")
        assert "is not known yet" in who.stderr
        assert json.loads(run("whoami", "--json").stdout)["provider"] == "oauth"

        still = run(*backups, env=there)
        assert still.returncode == 3
        assert TURN_ON in still.stderr
        assert "login" not in still.stderr

        own = run("backups", env=there)
        assert own.returncode == 3
        assert "not an OAuth client of your own" in own.stderr
        assert "Drive API" not in own.stderr

        found = json.loads(run("doctor", "--online", "--json", env=there).stdout)
        said = {each["what"]: each for each in found}
        assert said["login"]["state"] == "unnamed (oauth)"
        assert said["token"]["state"] == "valid"
        assert not said["Drive"]["ok"]
        assert TURN_ON in said["Drive"]["advice"]

        code, told = consent(["login", "--drive"], {**clean_environment, **there}, tmp_path)
        assert code == 3, told
        assert TURN_ON in told

        google.faults = None
        google.counts.clear()
        listed = run(*backups, env=there)
        assert listed.returncode == 0, listed.stderr
        assert listed.stdout
        assert not google.counts.requests["/auth"]
        assert run("whoami").stdout == f"{sample.email}\n"
        assert run("logout", env=there).returncode == 0
        assert run("whoami").returncode == 3


def test_a_named_account_is_kept_under_its_name(
    run: Run, clean_environment: dict[str, str], sample: SampleAccount, tmp_path: Path
) -> None:
    with Emulator(sample.folder, auto_consent=True, faults=API_OFF) as google:
        there = {"GDRIVE_WA_ENDPOINT": google.root}
        (tmp_path / "client_secrets.json").write_text(json.dumps(google.client_config(1)))
        login = [
            "login", "--drive", "--client-secrets", "client_secrets.json",
            "--account", sample.email,
        ]  # fmt: skip
        code, told = consent(login, {**clean_environment, **there}, tmp_path)
        assert code == 0, told
        assert run("whoami").stdout == f"{sample.email}\n"
        off = run("ls", "--source", "drive", "--folder", "Phone backup", env=there)
        assert off.returncode == 3
        assert TURN_ON in off.stderr
