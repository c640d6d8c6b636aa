"""The house rules that no linter knows: which room may import which, and what stays where."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gdrive_wa"

TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "gdrive_wa",
    "notebooks",
    "proto",
    "pyproject.toml",
    "tests",
}
"""What lies at the top of the repository, besides names that begin with a dot."""

GROUND = {"core", "pb"}
"""What everybody may import: the nouns, and what protoc generates (not read here)."""

# Each room, and the rooms it may import besides the ground floor. Data flows downwards:
# a room that is not listed here does not exist for it.
MAY_IMPORT: dict[str, set[str]] = {
    "storage": set(),
    "http": set(),
    "chats": {"crypt", "storage"},
    "crypt": set(),
    "pages": {"storage"},
    "google": {"http", "storage"},
    "archive": {"storage"},
    "emulation": {"crypt", "storage"},
    "sources": {"google", "http", "crypt", "storage"},
    "transfer": {"sources", "storage"},
    "jobs": {
        "archive",
        "chats",
        "crypt",
        "emulation",
        "google",
        "http",
        "pages",
        "sources",
        "storage",
        "transfer",
    },
}
EVERYTHING = {"", "__main__", "cli"}
"""The package's front, its command, and the command line may look anywhere."""

# Foreign libraries: what we declare to have them, and which rooms talk to them.
# Whatever is not listed here is imported nowhere.
HELD_BY: dict[str, tuple[str, set[str]]] = {
    "Crypto": ("pycryptodome", {"crypt"}),
    "av": ("av", {"archive"}),
    "certifi": ("requests", {"http"}),
    "click": ("click", {"__main__", "cli"}),
    "cryptography": ("cryptography", {"crypt"}),
    "distributed": ("distributed", {"jobs"}),
    "ctranslate2": ("faster-whisper", {"jobs"}),
    "faster_whisper": ("faster-whisper", {"jobs"}),
    "filelock": ("filelock", {"storage"}),
    "google.auth": ("google-auth", {"google"}),
    "google.oauth2": ("google-auth", {"google"}),
    "google.protobuf": ("protobuf", {"chats", "crypt"}),
    "google_auth_oauthlib": ("google-auth-oauthlib", {"google"}),
    "googleapiclient": ("google-api-python-client", {"sources"}),
    "httplib2": ("google-api-python-client", {"sources"}),
    "iphone_backup_decrypt": ("iphone-backup-decrypt", {"sources"}),
    "isal": ("isal", {"crypt"}),
    "jinja2": ("jinja2", {"pages"}),
    "keyring": ("keyring", {"google", "jobs"}),
    "loky": ("loky", {"jobs"}),
    "markupsafe": ("jinja2", {"pages"}),
    "oauthlib": ("google-auth-oauthlib", {"google"}),
    "numpy": ("faster-whisper", {"jobs"}),
    "pandas": ("pandas", {"archive"}),
    "phonenumbers": ("phonenumberslite", {"chats"}),
    "platformdirs": ("platformdirs", {"google", "cli"}),
    "requests": ("requests", {"google", "jobs"}),
    "rich": ("rich", {"cli"}),
    "truststore": ("truststore", {"http"}),
    "urllib3": ("urllib3", {"google", "http"}),
}

GPL = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)

NETWORK = {"socket", "ssl", "http.client", "urllib.request", "asyncio", "ftplib", "smtplib"}
WITHOUT_NETWORK = {"crypt", "chats", "archive", "pages", "storage", *GROUND}

LINES = 300
LONGER: dict[str, str] = {}
"""Modules that may be longer, each with its reason."""


@cache
def modules() -> tuple[tuple[str, str, ast.Module], ...]:
    """Every module that is written by hand: its path, its room, and what it says."""
    return tuple(read_modules())


def read_modules() -> Iterator[tuple[str, str, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        if path.parts[0] == "pb":  # generated
            continue
        room = path.parts[0] if len(path.parts) > 1 else path.stem
        yield (
            path.as_posix(),
            "" if room == "__init__" else room,
            ast.parse(file.read_bytes(), str(file)),
        )


def imports(module: ast.Module) -> Iterator[str]:
    """Each imported name with dots, those inside functions and type checks as well."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def foreign(name: str) -> bool:
    top = name.partition(".")[0]
    return top not in sys.stdlib_module_names and top != "gdrive_wa"


def within(name: str, library: str) -> bool:
    return name == library or name.startswith(f"{library}.")


def test_a_room_imports_only_the_rooms_below_it() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, room, module in modules()
        for name in imports(module)
        if within(name, "gdrive_wa") and room not in EVERYTHING
        if name.split(".")[1] not in {room, *GROUND, *MAY_IMPORT.get(room, set())}
    ]
    assert wrong == []


def test_every_room_stands_in_the_table() -> None:
    rooms = {room for _, room, _ in modules()}
    assert rooms - EVERYTHING - GROUND == set(MAY_IMPORT)


def test_no_module_imports_itself_through_others() -> None:
    names = {
        f"gdrive_wa.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}": module
        for path, _, module in modules()
        if path != "__init__.py"  # the front door leads everywhere
    }
    below = {
        name: {
            found
            for each in imports(module)
            for found in (each, each.rpartition(".")[0])
            if found in names and found != name
        }
        for name, module in names.items()
    }
    TopologicalSorter(below).prepare()  # names a circle in its error


def test_the_table_leads_downwards_only() -> None:
    left = dict(MAY_IMPORT)
    while left:
        lowest = {room for room, below in left.items() if not below & set(left)}
        assert lowest, f"these rooms import each other in a circle: {sorted(left)}"
        left = {room: below for room, below in left.items() if room not in lowest}


def test_each_foreign_library_stays_with_the_rooms_that_hold_it() -> None:
    def holders(name: str) -> set[str]:
        return set().union(
            *(rooms for library, (_, rooms) in HELD_BY.items() if within(name, library))
        )

    wrong = [
        f"{path} imports {name}"
        for path, room, module in modules()
        for name in filter(foreign, imports(module))
        if room not in holders(name)
    ]
    assert wrong == []


def read_project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return project["project"]  # type: ignore[no-any-return]


def required() -> list[Requirement]:
    """What is installed with the package, whoever asks for no extra."""
    return [Requirement(line) for line in read_project()["dependencies"]]


def shipped() -> dict[str, PackageMetadata]:
    """The metadata of what is installed with the package on this machine, directly or not."""
    found: dict[str, PackageMetadata] = {}
    waiting = required()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or not (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            continue
        installed = distribution(name)
        found[name] = installed.metadata
        waiting += map(Requirement, installed.requires or ())
    return found


def licence(metadata: PackageMetadata) -> str:
    """What a package says of its licence, in whichever of the three ways."""
    said = [
        *(metadata.get_all("License-Expression") or []),
        *(text[:100] for text in metadata.get_all("License") or []),
        *(text for text in metadata.get_all("Classifier") or [] if text.startswith("License")),
    ]
    return " ".join(said)


def test_nothing_that_is_shipped_is_under_the_gpl() -> None:
    found = {name: licence(metadata) for name, metadata in shipped().items()}
    assert len(found) > len(required()) - 2
    assert [name for name, said in found.items() if not said] == []
    assert [name for name, said in found.items() if GPL.search(said)] == []


def test_a_bound_above_is_set_where_a_librarys_inside_is_used() -> None:
    lines = [*read_project()["dependencies"], *read_project()["optional-dependencies"]["ios"]]
    bounded = {
        each.name
        for each in map(Requirement, lines)
        if any(bound.operator == "<" for bound in each.specifier)
    }
    assert bounded == {"protobuf", "iphone-backup-decrypt", "loky", "urllib3"}


def test_what_is_declared_is_what_is_imported() -> None:
    project = read_project()
    needed = {each.name for each in required() if "sys_platform" not in str(each.marker)}
    wished_for = {
        Requirement(line).name
        for lines in project["optional-dependencies"].values()
        for line in lines
    }
    names = {name for _, _, module in modules() for name in imports(module)}
    used = {
        declared_as
        for library, (declared_as, _) in HELD_BY.items()
        if any(within(name, library) for name in names)
    }
    used |= {"protobuf", "psutil"}  # by the generated modules; by loky, which does not declare it
    assert needed <= used
    assert used <= needed | wished_for


@pytest.mark.parametrize("room", sorted(WITHOUT_NETWORK))
def test_rooms_that_know_no_network_open_no_connection(room: str) -> None:
    wrong = [
        f"{path} imports {name}"
        for path, its_room, module in modules()
        if its_room == room
        for name in imports(module)
        if any(within(name, library) for library in NETWORK)
    ]
    assert wrong == []


def test_programs_of_others_under_other_licences_are_never_imported() -> None:
    names = {name.partition(".")[0] for _, _, module in modules() for name in imports(module)}
    assert names.isdisjoint({"wa_crypt_tools", "wabdd"})


OUR_OWN_DATABASES = {
    "storage/untrusted_database.py",
    "chats/extract.py",  # writes what it keeps of an older database
    "jobs/phone_notes.py",  # writes an empty one
}


def test_a_database_of_a_stranger_is_opened_within_bounds_only() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, room, module in modules()
        if room != "emulation" and path not in OUR_OWN_DATABASES
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sqlite3"
        and node.attr in ("connect", "Connection")
    ]
    assert wrong == []
    from_imports = {name for _, _, module in modules() for name in imports(module)}
    assert not {name for name in from_imports if name.startswith("sqlite3.")}


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, room, module in modules()
        if room not in ("cli", "__main__")
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "input", "breakpoint")
    ]
    assert wrong == []


def test_a_module_is_read_in_one_sitting() -> None:
    long = {
        path
        for path, _, _ in modules()
        if len((PACKAGE / path).read_text("utf-8").splitlines()) > LINES
    }
    assert long == set(LONGER)


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [path for path, _, _ in modules() if Path(path).stem in vague] == []


def test_nothing_but_what_the_owner_fixed_lies_at_the_top() -> None:
    """A file that a command left there was committed once; `.gitignore` names what may stay."""
    kept_out = [
        line.strip("/")
        for line in (ROOT / ".gitignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".")
        and not any(fnmatch(path.name, pattern) for pattern in kept_out)
    }
    assert found == TOP_LEVEL


def test_the_tests_mirror_the_rooms() -> None:
    rooms = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    tested = {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
    assert rooms - tested == {"pb"}
