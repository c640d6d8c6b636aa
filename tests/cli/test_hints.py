"""No hint leads into a dead end: every command, option and address in one is known, and followed.

The texts are read from the source, so one that no test raises is held as well.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import click
import pytest

import gdrive_wa
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import advice, android_refusals, ways
from gdrive_wa.google.advice import Service, advice_on, advice_on_unknown
from gdrive_wa.google.answers import judge
from gdrive_wa.http.retry import read_refusal
from gdrive_wa.sources.base import WHEN_EMPTY
from tests.cli.conftest import Run
from tests.cli.test_sign_in import consent, pipe
from tests.test_readme import commands, parse

PACKAGE = Path(gdrive_wa.__file__).parent
ROOMS = ("google", "http", "sources")
MORE = (
    "cli/backups.py", "cli/login.py", "cli/logout.py", "cli/sign_in.py", "cli/whoami.py",
    "jobs/doctor.py", "jobs/doctor_online.py", "jobs/lock_hints.py", "jobs/login.py",
    "jobs/newest_backup.py", "jobs/whoami.py",
)  # fmt: skip
COMMAND = re.compile(r"gdrive-wa (?=[a-z])([^;,()]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
NOT_A_COMMAND = ("gdrive-wa imitates", "gdrive-wa is waiting")
ADDRESSES = {
    ways.AUDIENCE_PAGE,
    ways.CLIENTS_PAGE,
    ways.DRIVE_API_PAGE,
    ways.EMBEDDED_SETUP,
    ways.SCOPES_PAGE,
    "https://accounts.google.com",
    "https://admin.google.com/ac/devices/settings/general",
    "https://host:port",
    "https://myaccount.google.com",
    "https://myaccount.google.com/connections",
    "https://myaccount.google.com/device-activity",
    "http://NAME:PASSWORD@proxy.example:3128",
    "http://proxy.example:3128",
}
"""All addresses that a hint may give; each was checked by hand."""
OWN_CLIENT = re.compile(r"Drive API|console\.cloud|--client-secrets|login --drive|Desktop app")


def files() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((PACKAGE / room).glob("*.py"))
    yield from (PACKAGE / name for name in MORE)


def texts() -> Iterator[str]:
    """Every text in the source that is not a docstring, with its constants put in."""
    for file in files():
        name = ".".join(("gdrive_wa", *file.relative_to(PACKAGE).with_suffix("").parts))
        module = import_module(name.removesuffix(".__init__"))
        yield from texts_in(ast.parse(file.read_text("utf-8")), module)


def texts_in(tree: ast.AST, module: ModuleType) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""  # a docstring
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, ast.walk(node)))
            yield "".join(part_of(value, module) for value in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in parts:
            yield str(node.value)


def part_of(value: ast.expr, module: ModuleType) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    known = getattr(value, "value", None)
    found = getattr(module, known.id, None) if isinstance(known, ast.Name) else None
    return found if isinstance(found, str) else "X"


def command_in(text: str) -> list[str]:
    """The words of a command in a sentence, up to the first word that is not part of it."""
    words = shlex.split(text.replace("'", " ").strip().rstrip(".:"))
    for end in range(len(words), 0, -1):
        try:
            parse(words[:end])
        except click.UsageError:
            continue
        assert not OPTION.search(" ".join(words[end:])), text
        return words[:end]
    pytest.fail(f"no such command: gdrive-wa {text}")


def commands_of(text: str) -> Iterator[list[str]]:
    for found in COMMAND.finditer(text):
        if not found[0].startswith(NOT_A_COMMAND):
            yield command_in(found[1])


def test_every_command_named_in_a_hint_exists() -> None:
    found = {" ".join(words) for text in texts() for words in commands_of(text)}
    assert len(found) >= 12
    assert "restore --folder WhatsApp My voice notes" in found


def test_the_parser_of_this_test_refuses_invalid_commands() -> None:
    for text in ("restore --folder WhatsApp", "ls --nonsense", "nonsense", "backups --source"):
        with pytest.raises((pytest.fail.Exception, AssertionError)):
            command_in(text)


def test_every_option_named_in_a_hint_exists() -> None:
    known = {option for _, each in commands() for param in each.params for option in param.opts}
    known |= {"--quiet", "--verbose", "--help", "--version"}
    assert {option for text in texts() for option in OPTION.findall(text)} <= known


def test_every_address_is_known_and_well_formed() -> None:
    hints = [text for text in texts() if " " in text]
    found = {
        each.rstrip(".,:;)'") for text in hints for each in re.findall(r"https?://[^\s'\"]+", text)
    }
    assert found <= ADDRESSES, found - ADDRESSES
    for each in ADDRESSES - {"https://host:port"}:
        parts = urlsplit(each)
        assert parts.hostname
        assert parts.port is None or parts.scheme == "http"


def words_of_google() -> set[str]:
    """Every word with advice, and some without."""
    return {*advice._EVERYWHERE, *advice._OF_DRIVE, *advice._OF_A_CLIENT, "something new", ""}


def test_no_hint_for_the_backup_service_suggests_a_users_own_client() -> None:
    found = [WHEN_EMPTY["backup"], advice_on_unknown(Service.BACKUP)]
    for word in words_of_google():
        for media in (True, False):
            for as_phone in (True, False):
                hints = advice_on(word, Service.BACKUP, media=media, as_phone=as_phone)
                found.append(hints)
                if as_phone:
                    assert "login" not in " ".join(hints)
    for status in range(400, 600):
        for body in (b"", b"<html>", b'{"error": {"details": {"reason": "SERVICE_DISABLED"}}}'):
            refusal = read_refusal(status, {}, body)
            for media in (True, False):
                verdict = judge(refusal, "a file", media=media, service=Service.BACKUP)
                found.append(verdict.error.hints)
    for hints in found:
        assert hints
        assert not OWN_CLIENT.search(" ".join(hints)), hints


def test_each_refusal_of_a_phones_sign_in_begins_with_the_cable() -> None:
    for word in {*android_refusals._BY_WORD, "SomethingNew", ""}:
        error = android_refusals.Answer(403, {"Error": word}).error("ann@example.org", "again")
        assert error.hints[0] == ways.CABLE
        assert not OWN_CLIENT.search(error.hint)


def test_each_command_is_followed(
    run: Run,
    clean_environment: dict[str, str],
    sample: SampleAccount,
    tmp_path: Path,
) -> None:
    """Run the command of the hint, with the reader's own address and folder in it."""
    assert isinstance(sample.key, RootKey)
    for path, content in sample.contents.items():
        if path.startswith("Media/"):
            (tmp_path / "WhatsApp" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "WhatsApp" / path).write_bytes(content)
    shutil.copytree(sample.folder / "backup" / "Databases", tmp_path / "WhatsApp/Databases")
    own = {"PATH": "Phone backup/WhatsApp", "X": sample.email}
    own |= {"you@gmail.com": sample.email, "you@example.com": sample.email}
    found = {tuple(words) for text in texts() for words in commands_of(text)}
    with Emulator(sample.folder, auto_consent=True) as google:
        there = {"GDRIVE_WA_ENDPOINT": google.root}
        client = json.dumps(google.client_config())
        (tmp_path / "client_secrets.json").write_text(client)
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "client_secrets.json").write_text(client)
        key = {**there, "GDRIVE_WA_KEY": sample.key.reveal().hex()}
        android = ["login", "--provider", "android", "--account", sample.email]
        for words in sorted(found):
            cookie = google.tokens.issue_cookie(sample.email)
            mine = [own.get(word, word) for word in words]
            if "android" in mine:
                mine += [] if "--account" in mine else ["--account", sample.email]
                code = pipe(mine, clean_environment, google, cookie).returncode
            elif mine[0] == "login":
                code, _ = consent(mine, {**clean_environment, **there}, tmp_path)
            else:
                pipe(android, clean_environment, google, cookie)
                token = {"GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal()}
                code = run(*mine, env={**key, **(token if "drive" in mine else {})}).returncode
            assert code == 0, words
