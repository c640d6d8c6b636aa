"""``doctor`` shows what is set up, in any state of the machine, and asks no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from tests.cli.conftest import Run


def findings(run: Run, **env: str) -> dict[str, dict[str, Any]]:
    ended = run("doctor", "--json", env=env)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return {found["what"]: found for found in json.loads(ended.stdout)}


def test_a_machine_without_any_setup_gets_hints(run: Run, tmp_path: Path) -> None:
    found = findings(run)
    assert found["gdrive-wa"]["ok"]
    for what, advice in (("login", "gdrive-wa login"), ("key", "--key-file")):
        assert not found[what]["ok"]
        assert advice in found[what]["advice"]
    assert found["OAuth client file"]["ok"]
    assert "only needed for copies in your own Drive" in found["OAuth client file"]["state"]
    assert found["endpoint"]["state"] == "Google"
    assert str(tmp_path / "config") in found["keyring"]["state"]
    assert not (tmp_path / "config").exists()


def test_the_setup_is_shown_without_its_secrets(
    run: Run, with_key: dict[str, str], sample: SampleAccount
) -> None:
    assert isinstance(sample.key, RootKey)
    found = findings(run, **with_key)
    assert "GDRIVE_WA_ACCESS_TOKEN" in found["login"]["state"]
    assert found["key"]["state"] == f"64-digit key, fingerprint {sample.key.fingerprint}"
    assert found["endpoint"]["state"] == with_key["GDRIVE_WA_ENDPOINT"]
    printed = json.dumps(found)
    assert sample.token.reveal() not in printed
    assert sample.key.reveal().hex() not in printed


def test_a_wrong_setup_is_a_finding_and_not_an_error(run: Run, tmp_path: Path) -> None:
    logins = tmp_path / "config" / "logins"
    logins.mkdir(parents=True)
    (logins / "alex@example.org.json").write_text("{broken")
    found = findings(run, GDRIVE_WA_KEY_FILE="gone.key", GDRIVE_WA_ENDPOINT="http://example.org")
    assert not found["key"]["ok"]
    assert "gone.key" in found["key"]["state"]
    assert not found["endpoint"]["ok"]
    assert "https" in found["endpoint"]["advice"]
    assert not found["login"]["ok"]


def test_an_optional_library_may_be_missing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as metadata\n"
        "real = metadata.version\n"
        "def version(name):\n"
        "    if name == 'av':\n"
        "        raise metadata.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "metadata.version = version\n"
    )
    found = findings(run, PYTHONPATH=str(tmp_path))
    assert found["av"]["ok"]
    assert 'pip install "gdrive-wa[audio]"' in found["av"]["state"]


def test_each_finding_is_one_line_and_each_problem_has_a_hint(run: Run) -> None:
    ended = run("doctor")
    states = [line.split("\t")[0] for line in ended.stdout.splitlines()]
    assert set(states) == {"ok", "--"}
    hints = [line for line in ended.stderr.splitlines() if line.startswith("hint: ")]
    assert len(hints) == len(ended.stderr.splitlines()) == states.count("--")


def test_online_it_asks_google_and_reports_what_works(
    run: Run, signed_in: dict[str, str], sample: SampleAccount
) -> None:
    found = json.loads(run("doctor", "--online", "--json", env=signed_in).stdout)
    states = {each["what"]: each["state"] for each in found}
    assert states["token"] == "valid"
    assert states["backup service"] == states["Drive"] == "answers"
    assert run("doctor", "--online", env=signed_in).returncode == 0
    dead = {**signed_in, "GDRIVE_WA_ACCESS_TOKEN": "ya29.over"}
    for more in ([], ["--json"]):
        assert run("doctor", "--online", *more, env=dead).returncode == 3
    ended = run("doctor", "--online", "--endpoint", "http://127.0.0.1:1", env=signed_in)
    assert ended.returncode == 4
    assert "--\tconnection to 127.0.0.1:1" in ended.stdout
    assert "check the network connection" in ended.stderr
    assert sample.token.reveal() not in ended.stdout + ended.stderr
