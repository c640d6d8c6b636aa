"""What a caller of the library may rely on: names, types, errors, and a light import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import assert_type

import click
import pytest

import gdrive_wa
from gdrive_wa.cli.app import app
from gdrive_wa.core import errors
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.sources.base import BackupSource

PUBLIC = """
    Archive Backup Choice CipherKey Entry Kind NoteStatus Progress Report RootKey VoiceNote
    connect decrypt_file decrypt_tree download inspect load_key open_archive open_folder restore
    AuthenticationError ChecksumError CredentialsError DamagedError DatabaseError FormatError
    GdriveWaError GoneError Interrupted KeyFailure KeyFileError MetadataError MissingKeyError
    NetworkError PartialError PayloadError RefusedError StorageError TruncatedError UnsafeNameError
    UsageError WrongKeyError WrongKeyTypeError
    __version__
"""

EXIT_CODES = {
    "GdriveWaError": 1,
    "StorageError": 1,
    "UsageError": 2,
    "CredentialsError": 3,
    "NetworkError": 4,
    "GoneError": 4,
    "RefusedError": 4,
    "KeyFailure": 5,
    "MissingKeyError": 5,
    "KeyFileError": 5,
    "WrongKeyTypeError": 5,
    "WrongKeyError": 5,
    "DamagedError": 6,
    "FormatError": 6,
    "TruncatedError": 6,
    "ChecksumError": 6,
    "AuthenticationError": 6,
    "PayloadError": 6,
    "MetadataError": 6,
    "DatabaseError": 6,
    "UnsafeNameError": 6,
    "PartialError": 7,
    "Interrupted": 130,
}

# Each command, and what a caller of the library writes in its place.
TWINS = {
    "login": ["google.login:login_oauth", "google.login:login_android"],
    "logout": ["google.login:logout"],
    "whoami": ["google.login:whoami"],
    "backups": ["sources.base:BackupSource.backups"],
    "ls": ["sources.base:BackupSource.entries", "jobs.reveal:reveal"],
    "download": ["jobs.download:download"],
    "decrypt": [
        "crypt.decrypt:decrypt_file",
        "jobs.decrypt_single:decrypt_single",
        "jobs.decrypt_folder:decrypt_tree",
    ],
    "restore": ["jobs.restore:restore"],
    "notes": ["archive.archive:Archive.notes"],
    "verify": ["archive.archive:Archive.verify"],
    "export": ["archive.export:export"],
    "inspect": ["crypt.inspect:inspect"],
    "key": ["jobs.key:check", "jobs.key:check_backup", "jobs.key:create"],
    "demo": ["jobs.demo:demo"],
    "emulator": ["emulation.server:Emulator"],
}
OF_THE_MACHINE = {"doctor"}
"""Tells a person what this machine has; there is nothing in it for a program."""

HEAVY = {
    "Crypto",
    "av",
    "google.auth",
    "google.protobuf",
    "google_auth_oauthlib",
    "googleapiclient",
    "gpsoauth",
    "httplib2",
    "iphone_backup_decrypt",
    "isal",
    "jinja2",
    "keyring",
    "mutagen",
    "phonenumbers",
    "requests",
    "rich",
    "sqlite3",
    "urllib3",
}


def error_classes() -> Iterator[type[errors.GdriveWaError]]:
    for _, value in inspect.getmembers(errors, inspect.isclass):
        if issubclass(value, errors.GdriveWaError):
            yield value


def imported_by(*command: str) -> set[str]:
    """The modules that a fresh interpreter imports for `command`; any warning ends it."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-X", "importtime", *command],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def heavy(modules: set[str]) -> set[str]:
    return {name for name in modules if any(f"{name}.".startswith(f"{lib}.") for lib in HEAVY)}


def test_the_public_names_are_these_and_no_others() -> None:
    assert sorted(gdrive_wa.__all__) == sorted(PUBLIC.split())


def test_every_public_name_is_there_and_tells_what_it_is() -> None:
    for name in set(gdrive_wa.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(gdrive_wa, name)), name
    assert set(gdrive_wa.__all__) <= set(dir(gdrive_wa))


def test_a_name_that_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'decode'"):
        gdrive_wa.__getattr__("decode")


def test_a_verb_stays_the_function_after_its_module_was_imported() -> None:
    import_module("gdrive_wa.jobs.restore")
    import_module("gdrive_wa.crypt.inspect")
    assert callable(gdrive_wa.restore)
    assert callable(gdrive_wa.inspect)


def test_a_verb_is_the_function_even_when_its_module_was_imported_first() -> None:
    code = (
        "from gdrive_wa.jobs.restore import restore; import gdrive_wa.crypt.inspect, gdrive_wa;"
        " assert gdrive_wa.restore is restore; assert callable(gdrive_wa.inspect)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_importing_the_library_imports_nothing_heavy() -> None:
    modules = imported_by("-c", "import gdrive_wa")
    assert "gdrive_wa" in modules
    assert heavy(modules) == set()


def test_the_help_imports_nothing_heavy() -> None:
    modules = imported_by("-m", "gdrive_wa", "--help")
    assert "gdrive_wa.cli.app" in modules
    assert heavy(modules) == set()


def test_every_command_has_its_call() -> None:
    commands = set(app.list_commands(click.Context(app)))
    assert commands == set(TWINS) | OF_THE_MACHINE


@pytest.mark.parametrize("where", [where for calls in TWINS.values() for where in calls])
def test_each_call_is_there_and_documented(where: str) -> None:
    module, _, path = where.partition(":")
    found: object = import_module(f"gdrive_wa.{module}")
    for part in path.split("."):
        found = getattr(found, part)
    assert callable(found)
    assert inspect.getdoc(found)


def test_the_exit_code_of_each_error_is_the_documented_one() -> None:
    assert {error.__name__: error.exit_code for error in error_classes()} == EXIT_CODES


def test_every_error_is_public_and_says_what_it_means() -> None:
    for error in error_classes():
        assert error.__name__ in gdrive_wa.__all__
        assert error.__doc__, error
        assert f" {error.__name__} " in str(errors.__doc__), "the tree is drawn with every error"


def test_the_advice_of_errors_reads_like_all_other_lines() -> None:
    for error in error_classes():
        for hint in error.default_hints:
            assert hint == hint.strip().removesuffix(".")
            assert hint[0].islower()


def test_an_error_carries_its_line_and_its_hints() -> None:
    plain = gdrive_wa.CredentialsError("nobody is logged in")
    assert str(plain) == plain.message == "nobody is logged in"
    assert plain.hints == gdrive_wa.CredentialsError.default_hints
    assert gdrive_wa.StorageError("the disk is full", hint="make room").hints == ("make room",)
    assert (
        gdrive_wa.StorageError("the disk is full", hint=("make room", "or")).hint == "make room\nor"
    )
    assert gdrive_wa.StorageError("the disk is full").hint == ""


def test_types_reach_the_caller(sample: SampleAccount) -> None:
    """mypy holds the left side of each line, the run holds the right."""
    key = gdrive_wa.load_key(sample.key_file)
    assert_type(key, gdrive_wa.RootKey | gdrive_wa.CipherKey)
    assert isinstance(key, gdrive_wa.RootKey)
    source = gdrive_wa.open_folder(sample.folder)
    assert_type(source, BackupSource)
    assert callable(source.backups)
    note = sample.notes[0]
    assert_type(note, gdrive_wa.VoiceNote)
    assert_type(note.status, gdrive_wa.NoteStatus)
    assert isinstance(note.status, gdrive_wa.NoteStatus)
    assert_type(note.sent_at, datetime | None)
    assert isinstance(note.sent_at, datetime)
    assert_type(note.duration, float | None)
    report = gdrive_wa.Report()
    assert_type(report.failed, list["gdrive_wa.core.model.Outcome"])
    assert json.dumps(report.to_json())


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(gdrive_wa.__file__).parent / "py.typed").exists()
