"""What a caller of the library may rely on: names, types, errors, and a light import."""

from __future__ import annotations

import ast
import inspect
import json
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, assert_type, get_type_hints

import click
import pytest

import gdrive_wa
from gdrive_wa.cli.app import app
from gdrive_wa.core import errors
from gdrive_wa.emulation.sample import SampleAccount

PACKAGE = Path(gdrive_wa.__file__).parent

_CALLS = """
    demo restore notes verify export transcribe share page open_archive
    connect open_folder login whoami logout backups ls download
    load_key key_check key_create decrypt decrypt_file decrypt_tree inspect
    emulator doctor
"""
CALLS = tuple(_CALLS.split())
_TYPES = """
    Archive Backup BackupSource BlobStream Selection CipherKey Decrypted Entry FileMetadata Finding
    Identity Inspection Key KeyMatch Kind Login NoteStatus Outcome Progress ProgressEvent Report
    RootKey RunningEmulator Secret Stage Verification VoiceNote
    ArchiveLike DateLike KeyLike PathLike ProgressLike SourceLike
"""
TYPES = tuple(_TYPES.split())
_ERRORS = """
    AuthenticationError ChecksumError CredentialsError DamagedError DatabaseError FormatError
    GdriveWaError GoneError Interrupted KeyFailure KeyFileError MetadataError MissingKeyError
    NetworkError PartialError PayloadError QuotaError RefusedError StorageError TruncatedError
    UnsafeNameError UsageError WrongKeyError WrongKeyTypeError
"""
ERRORS = tuple(_ERRORS.split())
PUBLIC = [*CALLS, *TYPES, *ERRORS, "__version__"]

EXIT_CODES = {
    "GdriveWaError": 1,
    "StorageError": 1,
    "UsageError": 2,
    "CredentialsError": 3,
    "NetworkError": 4,
    "GoneError": 4,
    "QuotaError": 4,
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

FOREIGN_TYPES = {
    "Callable",
    "DataFrame",
    "Executor",
    "Iterable",
    "Iterator",
    "Mapping",
    "Path",
    "None",
    "Self",
}
"""Types of signatures that are Python's or pandas's own."""
NEVER_RAISES: set[str] = set()
WRONG = (3.5, b"bytes", ["a list"], object())
"""What no argument of any call may be, apart from the exceptions below."""
ALLOWED = {("load_key", "source", bytes)}

HEAVY = {
    "Crypto",
    "av",
    "google.auth",
    "google.protobuf",
    "filelock",
    "google_auth_oauthlib",
    "googleapiclient",
    "httplib2",
    "iphone_backup_decrypt",
    "isal",
    "jinja2",
    "keyring",
    "loky",
    "numpy",
    "pandas",
    "phonenumbers",
    "requests",
    "rich",
    "sqlite3",
    "truststore",
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
    assert sorted(gdrive_wa.__all__) == sorted(PUBLIC)


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


def commands() -> Iterator[tuple[str, str]]:
    """The call of each command, and the module of the command line that makes it."""
    context = click.Context(app)
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name}_{inner}", name) for inner in command.commands)
        else:
            yield name, name


def test_every_command_has_its_call_under_its_own_name() -> None:
    calls = [call for call, _ in commands()]
    assert len(calls) >= 17
    assert [call for call in calls if call not in CALLS] == []
    assert all(callable(getattr(gdrive_wa, call)) for call in CALLS)


@pytest.mark.parametrize(("call", "command"), list(commands()))
def test_each_command_makes_exactly_that_call(call: str, command: str) -> None:
    module = ast.parse((PACKAGE / "cli" / f"{command}.py").read_text("utf-8"))
    imported = {
        (node.module, alias.name)
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert (getattr(gdrive_wa, call).__module__, call) in imported


def test_help_begins_with_an_example_and_every_call() -> None:
    doc = str(gdrive_wa.__doc__)
    listed = re.findall(r"^    (\w+)  +\S", doc, re.MULTILINE)
    assert sorted(listed) == sorted(CALLS)
    assert listed[:3] == ["demo", "restore", "notes"]
    assert doc.index("import gdrive_wa\n") < doc.index("    demo  ")


@pytest.mark.parametrize("call", [*CALLS, "Archive.notes", "Archive.to_dataframe"])
def test_each_call_says_what_it_takes_gives_and_raises(call: str) -> None:
    function = find(call)
    doc, signature = str(inspect.getdoc(function)), inspect.signature(function)
    for name in signature.parameters.keys() - {"self"}:
        assert f"\n    {name}: " in doc, name
    assert ("\nReturns:\n" in doc) == (signature.return_annotation != "None")
    assert ("\nRaises:\n" in doc) == (call not in NEVER_RAISES)


def test_every_type_of_a_signature_is_public() -> None:
    texts = [
        str(annotation)
        for call in [*CALLS, "Archive.notes", "Archive.to_dataframe"]
        for annotation in (
            *(each.annotation for each in inspect.signature(find(call)).parameters.values()),
            inspect.signature(find(call)).return_annotation,
        )
        if annotation is not inspect.Parameter.empty
    ]
    used = {name for text in texts for name in re.findall(r"\b[A-Z]\w+", text)}
    assert {"BackupSource", "Report", "Secret", "KeyLike"} <= used
    assert used - FOREIGN_TYPES - set(TYPES) == set()


@pytest.mark.parametrize("call", CALLS)
def test_the_types_of_a_signature_can_be_looked_up(call: str) -> None:
    """As documentation generators and notebooks do."""
    hints = get_type_hints(find(call))
    assert hints.keys() - {"return"} == set(inspect.signature(find(call)).parameters)


def find(call: str) -> Any:
    found: Any = gdrive_wa
    for part in call.split("."):
        found = getattr(found, part)
    return found


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
    plain = gdrive_wa.CredentialsError("not logged in")
    assert str(plain) == plain.message == "not logged in"
    assert plain.hints == gdrive_wa.CredentialsError.default_hints
    assert gdrive_wa.StorageError("the disk is full", hint="make room").hints == ("make room",)
    assert (
        gdrive_wa.StorageError("the disk is full", hint=("make room", "or")).hint == "make room\nor"
    )
    assert gdrive_wa.StorageError("the disk is full").hint == ""


@pytest.fixture(scope="module")
def backup(sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download of the sample's backup, envelopes beside the media. Read it only."""
    folder = tmp_path_factory.mktemp("api") / "backup"
    account = shutil.copytree(sample.folder, folder.parent / "account")  # it gets a client file
    with gdrive_wa.emulator(account) as google:
        source = gdrive_wa.connect(endpoint=google.root, token=google.token)
        gdrive_wa.download(source, folder)
        source.close()
    return folder


def test_types_reach_the_caller(sample: SampleAccount) -> None:
    """mypy holds the left side of each line, the run holds the right."""
    key = gdrive_wa.load_key(sample.key_file)
    assert_type(key, gdrive_wa.RootKey | gdrive_wa.CipherKey)
    assert isinstance(key, gdrive_wa.RootKey)
    source = gdrive_wa.open_folder(sample.folder)
    assert_type(source, gdrive_wa.BackupSource)
    assert callable(source.backups)
    note = sample.notes[0]
    assert_type(note, gdrive_wa.VoiceNote)
    assert_type(note.status, gdrive_wa.NoteStatus)
    assert isinstance(note.status, gdrive_wa.NoteStatus)
    assert_type(note.sent_at, datetime | None)
    assert isinstance(note.sent_at, datetime)
    assert_type(note.duration, float | None)
    assert_type(note.path, Path | None)
    report = gdrive_wa.Report()
    assert_type(report.failed, list[gdrive_wa.Outcome])
    assert json.dumps(report.to_json())


def test_every_call_works_with_paths_and_types_of_the_front_door(
    sample: SampleAccount, backup: Path, tmp_path: Path
) -> None:
    """A key file's path for a key, a folder's for a source, text for a path, a plain callable."""
    events: list[gdrive_wa.ProgressEvent] = []
    folder, key = str(backup), str(sample.key_file)
    out = tmp_path / "out"

    found = gdrive_wa.backups(folder)
    assert_type(found, list[gdrive_wa.Backup])
    entries = gdrive_wa.ls(folder, found[0], key=key)
    assert_type(entries, list[gdrive_wa.Entry])
    assert any(entry.kind is gdrive_wa.Kind.VOICE for entry in entries)
    copied = gdrive_wa.download(folder, str(tmp_path / "copy"), key=key, progress=events.append)
    assert_type(copied, gdrive_wa.Report)
    assert len(copied.done) == len(entries)
    again = gdrive_wa.download(folder, entries, tmp_path / "copy")
    assert_type(again, gdrive_wa.Report)
    assert again.done == []
    restored = gdrive_wa.restore(folder, str(out), key=key, timezone="UTC", progress=events.append)
    assert_type(restored, gdrive_wa.Report)
    assert restored.failed == []
    assert {event.stage for event in events} >= {gdrive_wa.Stage.LIST, gdrive_wa.Stage.DOWNLOAD}

    archive = gdrive_wa.open_archive(str(out))
    assert_type(archive, gdrive_wa.Archive)
    for place in (archive, out, str(out)):
        notes = gdrive_wa.notes(place)
        assert_type(notes, list[gdrive_wa.VoiceNote])
        assert len(notes) == len(sample.notes)
    checked = gdrive_wa.verify(archive)
    assert_type(checked, gdrive_wa.Verification)
    assert checked.intact
    exported = gdrive_wa.export(archive, str(tmp_path / "m4a"), chat="Lena")
    shared = gdrive_wa.share(archive, tmp_path / "for Lena", chat="Lena")
    for given in (exported, shared):
        assert_type(given, gdrive_wa.Report)
        assert given.done
    assert_type(gdrive_wa.page(str(tmp_path / "for Lena")), Path)

    database = str(tmp_path / "copy" / "Databases" / "msgstore.db.crypt15")
    inspection = gdrive_wa.inspect(database)
    assert_type(inspection, gdrive_wa.Inspection)
    assert inspection.format == "crypt15"
    for match in (gdrive_wa.key_check(key, database), gdrive_wa.key_check(key, source=folder)):
        assert_type(match, gdrive_wa.KeyMatch)
        assert match.fingerprint == gdrive_wa.load_key(key).fingerprint
    gdrive_wa.key_create(key, str(tmp_path / "made.key"))
    assert (tmp_path / "made.key").read_bytes() == sample.key_file.read_bytes()
    single = gdrive_wa.decrypt(database, None, key)
    assert_type(single, gdrive_wa.Report)
    assert single.done[0].file == database.removesuffix(".crypt15")
    whole = gdrive_wa.decrypt(tmp_path / "copy", key=key)
    assert (tmp_path / "copy-decrypted" / "Databases" / "msgstore.db").exists()
    tree = gdrive_wa.decrypt_tree(str(tmp_path / "copy"), str(tmp_path / "tree"), key)
    assert len(tree.done) == len(whole.done)
    decrypted = gdrive_wa.decrypt_file(database, str(tmp_path / "one.db"), key)
    assert_type(decrypted, gdrive_wa.Decrypted)
    assert decrypted.payload == "sqlite"


@pytest.mark.usefixtures("config")
def test_signing_in_and_out_works_through_the_front_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with gdrive_wa.emulator(auto_consent=True) as google:
        assert_type(google, gdrive_wa.RunningEmulator)
        token = gdrive_wa.Secret(google.oauth_token.reveal())
        login = gdrive_wa.login(
            "android", account=google.account, oauth_token=token, endpoint=google.root
        )
        assert_type(login, gdrive_wa.Login)
        who = gdrive_wa.whoami()
        assert_type(who, gdrive_wa.Identity)
        assert who.account == google.account == login.account
        monkeypatch.setenv("GDRIVE_WA_ENDPOINT", google.root)
        assert [each.account for each in gdrive_wa.backups()] == ["15550100"]
        assert gdrive_wa.ls(key=google.key_file)
        assert gdrive_wa.logout(endpoint=google.root) == google.account
    with pytest.raises(gdrive_wa.CredentialsError):
        gdrive_wa.whoami()
    monkeypatch.setenv("GDRIVE_WA_ACCESS_TOKEN", "ya29.canary")
    assert gdrive_wa.whoami().account is None
    assert gdrive_wa.whoami().token_variable == "GDRIVE_WA_ACCESS_TOKEN"
    findings = gdrive_wa.doctor()
    assert_type(findings, list[gdrive_wa.Finding])
    assert "canary" not in str(findings)


def test_the_emulator_goes_without_a_trace(tmp_path: Path) -> None:
    with gdrive_wa.emulator(tmp_path / "account", encrypted=False) as google:
        source = gdrive_wa.connect(endpoint=google.root, token=google.token)
        (backup,) = gdrive_wa.backups(source)
        source.close()
        assert backup.encrypted is False
        assert google.stats()
        assert set(google.settings) >= {"GDRIVE_WA_ENDPOINT", "GDRIVE_WA_ACCESS_TOKEN"}
        assert google.token.reveal() not in repr(google)
    with gdrive_wa.emulator() as google:
        made = google.client_secrets.parent
        assert made.is_dir()
    assert not made.exists()


@pytest.fixture(scope="module")
def restored(sample: SampleAccount, backup: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the sample. Read it only."""
    out = tmp_path_factory.mktemp("api") / "out"
    gdrive_wa.restore(backup, out, key=sample.key)
    return out


def valid_arguments(call: str, sample: SampleAccount, restored: Path, tmp_path: Path) -> Any:
    """What a call needs at least, by name."""
    blob = sample.folder / "backup" / "Databases" / "msgstore.db.crypt15"
    return {
        "restore": {"source": sample.folder, "dest": tmp_path},
        "download": {"source": sample.folder, "dest": tmp_path},
        "notes": {"archive": restored},
        "verify": {"archive": restored},
        "export": {"archive": restored, "dest": tmp_path},
        "share": {"archive": restored, "dest": tmp_path},
        "page": {"archive": restored},
        "transcribe": {"archive": restored},
        "open_archive": {"path": restored},
        "open_folder": {"path": sample.folder},
        "load_key": {"source": sample.key_file},
        "key_check": {"key": sample.key},
        "key_create": {"key": sample.key, "file": tmp_path / "new.key"},
        "decrypt": {"src": blob},
        "decrypt_file": {"src": blob, "dest": tmp_path / "plain"},
        "decrypt_tree": {"src": sample.folder, "dest": tmp_path},
        "inspect": {"file": blob},
        "ls": {"source": sample.folder},
        "backups": {"source": sample.folder},
        "Archive.notes": {"self": gdrive_wa.open_archive(restored)},
        "Archive.to_dataframe": {"self": gdrive_wa.open_archive(restored)},
    }.get(call, {})


def test_a_wrong_type_is_named_with_the_argument_and_what_was_expected(
    sample: SampleAccount, restored: Path, tmp_path: Path
) -> None:
    """Every argument of every call that is not a flag, with values of types that none takes."""
    tried = 0
    for call in [*CALLS, "Archive.notes", "Archive.to_dataframe"]:
        function = find(call)
        needed = valid_arguments(call, sample, restored, tmp_path)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.annotation == "bool" or name == "self":
                continue
            more = {"provider": "android", "account": "a"} if name == "oauth_token" else {}
            for value in WRONG:
                if (call, name, type(value)) in ALLOWED:
                    continue
                with pytest.raises(gdrive_wa.UsageError) as raised:
                    function(**{**needed, **more, name: value})
                assert raised.value.message.startswith(f"{name}: expected "), (call, name, value)
                assert raised.value.message.split(", not ")[1] in (type(value).__name__, "str")
                tried += 1
    assert tried > 250
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["only", "include", "exclude", "since", "until"])
def test_a_wrong_type_within_a_choice_is_named_too(part: str, sample: SampleAccount) -> None:
    selection = gdrive_wa.Selection(**{part: 3.5})  # type: ignore[arg-type]
    with pytest.raises(gdrive_wa.UsageError, match=rf"selection\.{part}: expected .*, not float"):
        gdrive_wa.ls(sample.folder, selection=selection)


def test_a_choice_takes_days_and_words_as_they_are_typed(
    sample: SampleAccount, backup: Path
) -> None:
    selection: Any = {"only": ["voice"], "since": "2025-06-29", "until": date(2025, 6, 29)}
    entries = gdrive_wa.ls(backup, key=sample.key, selection=gdrive_wa.Selection(**selection))
    assert entries
    assert {entry.kind for entry in entries} == {gdrive_wa.Kind.VOICE}
    with pytest.raises(gdrive_wa.UsageError, match="no kind 'voices'"):
        gdrive_wa.ls(
            sample.folder, selection=gdrive_wa.Selection(**{**selection, "only": ["voices"]})
        )


def test_the_digits_themselves_are_never_taken_for_a_path(sample: SampleAccount) -> None:
    digits = sample.key.reveal().hex()
    with pytest.raises(gdrive_wa.KeyFileError) as raised:
        gdrive_wa.ls(sample.folder, key=digits)
    assert digits not in str(raised.value)


def test_an_empty_path_is_refused() -> None:
    for path in ("", "a\0b"):
        with pytest.raises(gdrive_wa.UsageError, match="dest: the path"):
            gdrive_wa.demo(path)


EXAMPLE = """
import gdrive_wa

gdrive_wa.restore("WhatsApp", "My voice notes", key="key.txt")
archive = gdrive_wa.open_archive("My voice notes")
for note in archive.notes():  # or notes(chat="Mum", since="2025-03-01", status="restored")
    print(note.sent_at, note.chat, note.sender, note.path)
table = archive.to_dataframe()  # needs pandas
"""


def the_example_of_help() -> str:
    doc = str(gdrive_wa.__doc__)
    return inspect.cleandoc(doc[doc.index("    import gdrive_wa") : doc.index("Every command")])


@pytest.mark.parametrize("example", [EXAMPLE, the_example_of_help()], ids=["README", "help"])
def test_the_examples_do_what_they_say(
    example: str,
    backup: Path,
    sample: SampleAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(backup, tmp_path / "WhatsApp")
    (tmp_path / "key.txt").write_text(sample.key.reveal().hex(" ", 2))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.py").write_text(example)
    names = runpy.run_path("example.py")
    lines = capsys.readouterr().out.splitlines()
    files = [line[line.index(str(tmp_path)) :] for line in lines if str(tmp_path) in line]
    assert len(files) > 5
    assert all(Path(file).is_file() for file in files)
    if "table" in names:
        assert len(names["table"]) == len(sample.notes)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(gdrive_wa.__file__).parent / "py.typed").exists()
