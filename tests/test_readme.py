"""The README promises only what is there: each command, option, file and code block of it."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import gdrive_wa
from gdrive_wa import Kind
from gdrive_wa.cli.app import app
from gdrive_wa.core import errors
from gdrive_wa.emulation.sample import SampleAccount

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
QUOTED = re.findall(r"`([^`\n]+)`", PROSE)


def typed_commands() -> list[str]:
    """The commands for the reader: lines of console blocks, without the prompt."""
    lines = [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()]
    return [line.removeprefix("$ ").partition("  #")[0].strip() for line in lines if line]


def quoted_commands() -> list[str]:
    return [text for text in QUOTED if text.startswith("gdrive-wa ")]


def python_block() -> str:
    (text,) = [text for kind, text in BLOCKS if kind == "python"]
    return str(text)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by what is typed, those of groups too."""
    context = click.Context(app)
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())


def parse(words: list[str]) -> None:
    """Parse as the command line would, and run nothing.

    Raises:
        click.UsageError: no such command, option or argument.
    """
    command: click.Command = app
    context = click.Context(app)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None, name
        command, context = found, click.Context(found, info_name=name)
    command.make_context(context.info_name, words)


@pytest.mark.parametrize(
    "line", [line for line in typed_commands() if line.startswith("gdrive-wa ")]
)
def test_every_command_to_type_is_valid(line: str) -> None:
    words = shlex.split(line)[1:]
    if words != ["--help"]:
        parse(words)


def test_the_parser_of_this_test_refuses_unknown_commands() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        parse(["ls", "--nonsense"])
    with pytest.raises(click.UsageError, match="No such command"):
        parse(["nonsense"])


def test_the_table_of_commands_is_complete() -> None:
    named = {" ".join(re.findall(r"^[a-z]+|(?<= )[a-z]+", text[10:])) for text in quoted_commands()}
    for name, command in commands():
        if not isinstance(command, click.Group):
            assert name in named


def test_every_option_in_the_text_exists() -> None:
    known = {option for _, each in commands() for param in each.params for option in param.opts}
    known |= {option for param in app.params for option in param.opts} | {"--help", "--version"}
    ours = [text for text in QUOTED if text.startswith(("-", "gdrive-wa "))]
    documented = {word for text in ours for word in re.findall(r"(?<!\S)--?[a-z][a-z-]*", text)}
    assert documented - known == set()


def test_every_kind_in_the_text_exists() -> None:
    kinds = {kind for text in QUOTED for kind in re.findall(r"--only ([a-z,]+)", text)}
    assert kinds
    for kind in ",".join(kinds).split(","):
        assert kind in set(Kind)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    (table,) = re.findall(r"Exit codes: (.*?)\n\n", README, re.DOTALL)
    documented = {int(number) for number in re.findall(r"(?:^|·\s)(\d+)\s", table)}
    raised = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.GdriveWaError)
    }
    assert documented == raised | {0}


def test_every_variable_of_the_program_is_documented() -> None:
    sources = [file.read_text("utf-8") for file in (ROOT / "gdrive_wa").rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"GDRIVE_WA_[A-Z_]+", text)}
    assert set(re.findall(r"GDRIVE_WA_[A-Z_]+", README)) == used


def test_every_link_and_every_target_of_make_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z]+)`", README):
        assert f"\n{target}:" in makefile
    assert (ROOT / "notebooks" / "01-explore-a-backup.ipynb").exists()


@pytest.fixture
def phone(tmp_path: Path, sample: SampleAccount) -> Path:
    """A folder that holds ``WhatsApp`` as it lies on a phone, and ``key.txt``: media in the clear
    under their own names, databases encrypted."""
    for path, content in sample.contents.items():
        if path.startswith("Media/"):
            file = tmp_path / "WhatsApp" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    shutil.copytree(sample.folder / "backup" / "Databases", tmp_path / "WhatsApp" / "Databases")
    assert isinstance(sample.key, gdrive_wa.RootKey)
    digits = sample.key.reveal().hex(" ", 2).upper()
    (tmp_path / "key.txt").write_text(digits)
    return tmp_path


def test_the_python_example_does_what_it_says(
    phone: Path,
    sample: SampleAccount,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(phone)
    script = phone / "example.py"
    script.write_text(python_block())
    runpy.run_path(os.fspath(script))
    assert len(capsys.readouterr().out.splitlines()) == len(sample.notes)
    archive = gdrive_wa.open_archive(phone / "My voice notes")
    restored = [note for note in archive.notes() if note.file]
    assert len(restored) == len(sample.notes) - 1


def test_the_archive_holds_what_the_readme_draws(
    phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drawn,) = re.findall(r"My voice notes/\n((?:      .*\n)+)", README)
    monkeypatch.chdir(phone)
    key = gdrive_wa.load_key("key.txt")
    gdrive_wa.restore(gdrive_wa.open_folder("WhatsApp"), "out", key=key)
    names = [re.split(r"  |, | …", line.strip())[0] for line in drawn.splitlines()]
    assert len(names) >= 6
    for name in names:
        folder = name.split("/")[0] if name.startswith("Voice notes/") else name
        assert (phone / "out" / folder).exists(), name


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="unpacked from an archive, not cloned")
@pytest.mark.parametrize(
    "private",
    [
        "key.txt",
        "encrypted_backup.key",
        "client_secrets.json",
        "WhatsApp/Databases/msgstore.db.crypt15",
        "MobileSync/Backup/Manifest.db",
        "My voice notes/index.html",
        "gdrive-wa-demo/index.html",
    ],
)
def test_private_files_in_this_folder_never_get_into_git(private: str) -> None:
    assert (
        subprocess.run(["git", "check-ignore", "-q", private], cwd=ROOT, check=False).returncode
        == 0
    )
