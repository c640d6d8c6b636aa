"""In our folders, the disk is accessed through one module only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import gdrive_wa

PACKAGE = Path(gdrive_wa.__file__).parent

WRITING_ROOMS = ("archive", "cli", "emulation", "jobs", "pages", "storage", "transfer")
"""Packages that write, read state or delete below a target or an account's folder."""
THE_WAY = {"storage/tree.py", "storage/open_folders.py"}

MODULES = {"os", "shutil", "tempfile", "os.path"}
"""Modules with functions that access the disk by a path; the others are in `HARMLESS`."""
HARMLESS = {
    *("abspath", "basename", "dirname", "fsdecode", "fspath", "isabs", "join", "strerror"),
    *("cpu_count", "getpid", "getppid", "getrlimit", "get", "pop", "_exit", "urandom"),
    *("close", "dup2", "fdopen", "fsync", "fstat", "write"),
    *("copyfileobj", "disk_usage"),
}
METHODS = {
    *("chmod", "exists", "glob", "hardlink_to", "is_dir", "is_file", "is_symlink", "iterdir"),
    *("lstat", "mkdir", "open", "read_bytes", "read_text", "readlink", "rename", "resolve"),
    *("rglob", "rmdir", "samefile", "stat", "symlink_to", "touch", "unlink", "utime", "walk"),
    *("write_bytes", "write_text"),
}
"""Methods of paths. `replace` is missing, because texts have it too; see `FEW`."""
TREES = ("tree", "partials", "_dest", "_source")
"""Endings of the names of trees, and of backup sources, which are only read."""

NAMED = "a path that the user named, before anything is written"
READ = "a path that the user named, which is only read"
SCRATCH = "a new folder in the system's own folder for temporary files"
OPEN = "a file that is open already"

ALLOWED = {
    ("archive/archive.py", "folder.is_dir"): NAMED,
    ("archive/audio.py", "av.open"): OPEN,
    ("archive/audio.py", "self._av.open"): OPEN,
    ("archive/audio.py", "tempfile.SpooledTemporaryFile"): "a new file without a name",
    ("archive/export.py", "source.resolve"): NAMED,
    ("archive/export.py", "target.resolve"): NAMED,
    ("archive/exported.py", "catalogue.rename"): "in memory",
    ("archive/exported.py", "layout.rename"): "in memory",
    ("archive/share.py", "dest.is_dir"): NAMED,
    ("archive/share.py", "dest.iterdir"): NAMED,
    ("archive/share.py", "dest.resolve"): NAMED,
    ("archive/share.py", "packed.open"): OPEN,
    ("archive/share.py", "source.resolve"): NAMED,
    ("cli/decrypt.py", "src.is_dir"): NAMED,
    ("cli/share.py", "downloaded.exists"): READ,
    ("cli/share.py", "stars.exists"): READ,
    ("cli/sign_in.py", "(config_folder() / CLIENT_FILE).exists"): READ,
    ("cli/share.py", "written.is_dir"): READ,
    ("cli/share.py", "written.resolve"): "a path that is only shown",
    ("cli/summary.py", "(folder / 'index.html').resolve"): "a path that is only shown",
    ("emulation/account.py", "(folder / 'backup').is_dir"): READ,
    ("emulation/account.py", "folder.rglob"): READ,
    ("emulation/account.py", "path.is_file"): READ,
    ("emulation/account.py", "path.open"): READ,
    ("emulation/account.py", "self.path.stat"): READ,
    ("emulation/fault_effects.py", "response.body.path.open"): READ,
    ("emulation/media.py", "content.stat"): READ,
    ("emulation/send.py", "body.path.open"): READ,
    ("emulation/transient.py", "path.is_file"): READ,
    ("emulation/upload.py", "plain.read_bytes"): SCRATCH,
    ("emulation/upload.py", "plain.write_bytes"): SCRATCH,
    ("emulation/upload.py", "sealed.read_bytes"): SCRATCH,
    ("emulation/upload.py", "tempfile.TemporaryDirectory"): SCRATCH,
    ("jobs/decrypt.py", "source.exists"): NAMED,
    ("jobs/decrypt.py", "source.is_dir"): NAMED,
    ("jobs/decrypt.py", "src.resolve"): NAMED,
    ("jobs/decrypt_folder.py", "src.is_dir"): NAMED,
    ("jobs/decrypt_single.py", "into.is_dir"): NAMED,
    ("jobs/decrypt_single.py", "src.resolve"): NAMED,
    ("jobs/decrypt_single.py", "src.stat"): READ,
    ("jobs/decrypt_single.py", "target.resolve"): NAMED,
    ("jobs/demo.py", "tempfile.TemporaryDirectory"): SCRATCH,
    ("jobs/doctor.py", "path.exists"): READ,
    ("jobs/emulator.py", "file.exists"): READ,
    ("jobs/emulator.py", "folder.exists"): NAMED,
    ("jobs/emulator.py", "tempfile.TemporaryDirectory"): SCRATCH,
    ("jobs/exported_chats.py", "source.open"): "an entry of a source",
    ("jobs/key.py", "Path(file).exists"): NAMED,
    ("jobs/key.py", "file.exists"): NAMED,
    ("jobs/key.py", "path.is_dir"): NAMED,
    ("jobs/key_check.py", "path.stat"): READ,
    ("jobs/key_words.py", "source.open"): "an entry of a source",
    ("jobs/phone_files.py", "self._databases.open"): "an entry of a source",
    ("jobs/taken_databases.py", "Path(plan.backup.name).is_dir"): READ,
    ("jobs/key_check.py", "sidecar_path.is_file"): READ,
    ("jobs/opening.py", "os.path.exists"): "whether a worker sees the folders at all",
    ("jobs/speech_model.py", "(folder / _MODEL_FILE).is_file"): READ,
    ("jobs/speech_model.py", "folder.is_dir"): READ,
    ("jobs/speech_model.py", "folder.resolve"): READ,
    ("jobs/speech_model.py", "os.path.isdir"): READ,
    ("jobs/workers_ahead.py", "os.path.exists"): READ,
    ("jobs/workers.py", "os.kill"): "a process of ours",
    ("jobs/workers.py", "os.listdir"): "the threads of this process, in /proc",
    ("jobs/decrypt_folder.py", "(dest / STATE_FOLDER).exists"): READ,
    ("jobs/decrypt_folder.py", "dest.is_dir"): READ,
    ("jobs/walk.py", "entry.is_dir"): READ,
    ("jobs/walk.py", "entry.is_file"): READ,
    ("jobs/walk.py", "entry.stat"): READ,
    ("jobs/walk.py", "os.scandir"): READ,
    ("storage/disk.py", "each.is_file"): "which name an error shows",
    ("storage/disk.py", "path.exists"): "which name an error shows",
    ("storage/disk.py", "path.is_symlink"): "which name an error shows",
    ("storage/draft.py", "folder.mkdir"): "a folder that the user named, or the config folder",
    ("storage/draft.py", "os.chmod"): OPEN,
    ("storage/draft.py", "os.stat"): NAMED,
    ("storage/draft_file.py", "os.utime"): OPEN,
    ("storage/free_space.py", "there.is_dir"): NAMED,
    ("storage/lock.py", "os.register_at_fork"): "closes locks in a forked process",
    ("storage/untrusted_database.py", "path.stat"): READ,
    ("storage/write_ahead.py", "database.stat"): "a scratch copy of ours",
    ("storage/write_ahead.py", "log.is_file"): "a scratch copy of ours",
    ("storage/write_ahead.py", "log.open"): "a scratch copy of ours",
    ("storage/write_ahead.py", "log.stat"): "a scratch copy of ours",
    ("storage/write_ahead.py", "log.unlink"): "a scratch copy of ours",
    ("transfer/partial.py", "os.utime"): OPEN,
}
"""Functions that may use a path of their own, and why."""
FOR_TESTS = {"emulation/bulk.py"}
"""Makes large accounts for tests and benchmarks, in new folders."""

WITHOUT_TREE = {
    ("emulation/sample.py", "write_file"): "directly in the account's folder, which the user named",
    ("google/logins.py", "sweep"): "in the config folder",
    ("google/logins.py", "write_file"): "in the config folder",
    ("jobs/decrypt_file.py", "Draft"): "in the folder of a file that the user named",
    ("jobs/decrypt_file.py", "sweep"): "in the folder of a file that the user named",
    ("jobs/decrypt_single.py", "Draft"): "in a folder that the user named",
    ("jobs/decrypt_single.py", "sweep"): "in a folder that the user named",
    ("jobs/demo.py", "write_file"): SCRATCH,
    ("jobs/emulator.py", "write_file"): "directly in the account's folder, which the user named",
    ("jobs/key.py", "write_file"): "a file that the user named",
}
"""Functions that write by a path instead of a name in a tree, and why. The folder of such a path
may be a link; its last part is never followed."""
WRITERS = {"Draft", "write_draft", "write_file", "sweep", "flush_folders", "move_into_place"}


def calls(*rooms: str) -> Iterator[tuple[str, ast.Call]]:
    for room in rooms:
        for file in sorted((PACKAGE / room).glob("*.py")):
            path = file.relative_to(PACKAGE).as_posix()
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Call):
                    yield path, node


def reaches_the_disk(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "open"
    if not isinstance(called, ast.Attribute):
        return False
    owner = ast.unparse(called.value)
    if owner in MODULES:
        return called.attr not in HARMLESS
    return called.attr in METHODS and not owner.endswith(TREES)


def takes_a_tree(call: ast.Call) -> bool:
    given = [*call.args[:1], *call.args[2:], *(each.value for each in call.keywords)]
    return any(ast.unparse(value).endswith(TREES) for value in given)


def test_every_room_accesses_the_disk_through_a_tree() -> None:
    found = {
        (path, ast.unparse(call.func))
        for path, call in calls(*WRITING_ROOMS)
        if path not in THE_WAY | FOR_TESTS and reaches_the_disk(call.func)
    }
    others = {
        (path, call)
        for path, call in found
        if call != "where.open"  # a source by the options
        and "joinpath(" not in call  # a file that is installed with the package
    }
    assert others - set(ALLOWED) == set(), "use gdrive_wa.storage.tree, or say why not"
    assert set(ALLOWED) - others == set(), "these are gone"


def test_every_room_passes_its_tree_to_functions_that_write() -> None:
    found = {
        (path, call.func.id)
        for path, call in calls(*WRITING_ROOMS, "google", "sources", "chats")
        if isinstance(call.func, ast.Name) and call.func.id in WRITERS
        if not path.startswith("storage/") and not takes_a_tree(call)
    }
    assert found == set(WITHOUT_TREE)
