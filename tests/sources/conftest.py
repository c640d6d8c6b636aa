"""Every source over the same sample account."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.backup_service import BackupService
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.sources.drive import AppData
from gdrive_wa.sources.drive_folder import DriveFolder
from gdrive_wa.sources.folder import Folder
from gdrive_wa.sources.whatsapp import WhatsAppServers
from tests.sources.places import Place, an_exported_chat, an_iphone, elsewhere, media_links, remove

QUICK = RetryPolicy(base=0.001, max_pause=0.002)
Connect = Callable[[str, Emulator, Secret], BackupSource]
DRIVE_FOLDER = "Phone backup/WhatsApp"


@pytest.fixture(autouse=True)
def _no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GDRIVE_WA_ACCESS_TOKEN", raising=False)
    monkeypatch.delenv("GDRIVE_WA_ENDPOINT", raising=False)
    monkeypatch.setenv("GDRIVE_WA_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens the source of a name at an emulator; all are closed at the end."""
    opened: list[BackupSource] = []

    def go(name: str, emulator: Emulator, token: Secret) -> BackupSource:
        session = Session(GivenToken(token), retry_policy=QUICK)
        endpoints = Endpoints.at(emulator.root)
        source: BackupSource
        if name == "backup":
            source = BackupService(session, endpoints)
        elif name == "appdata":
            source = AppData(session, endpoints)
        elif name == "drive":
            source = DriveFolder(session, endpoints, DRIVE_FOLDER)
        else:
            session.close()
            source = Folder(emulator.accounts[0].folder / "backup")
        opened.append(source)
        return source

    yield go
    for source in opened:
        source.close()


@pytest.fixture(params=["backup", "appdata", "drive", "folder"])
def source(
    request: pytest.FixtureRequest, emulator: Emulator, sample: SampleAccount, connect: Connect
) -> BackupSource:
    """Each source in turn."""
    return connect(request.param, emulator, sample.token)


@pytest.fixture(
    params=[
        "backup",
        "appdata",
        "drive",
        "folder",
        "iphone",
        "locked iphone",
        "export",
        "export in a ZIP",
        "whatsapp",
    ]
)
def place(
    request: pytest.FixtureRequest, sample: SampleAccount, connect: Connect, tmp_path: Path
) -> Iterator[Place]:
    """Each source in turn, over a place that the test may change."""
    name: str = request.param
    if "iphone" in name:
        made = an_iphone(tmp_path, locked=name != "iphone")
        yield made
        made.source.close()
        return
    if name.startswith("export"):
        made = an_exported_chat(tmp_path, zipped=name == "export in a ZIP")
        yield made
        made.source.close()
        return
    if name == "folder":
        shutil.copytree(sample.folder / "backup", tmp_path / "backup")
        yield Place(open_folder(tmp_path / "backup"), stored_bytes(sample), remove)
        return
    if name == "whatsapp":
        links, stored = media_links(tmp_path / "account")
        with Emulator(tmp_path / "account") as emulator:
            source = WhatsAppServers(links, emulator.root, retry_policy=QUICK)
            yield Place(source, stored, elsewhere)
            source.close()
        return
    with Emulator(sample.folder) as emulator:
        yield Place(connect(name, emulator, sample.token), stored_bytes(sample), elsewhere)


def stored_bytes(sample: SampleAccount) -> dict[str, bytes]:
    """The stored bytes of the sample account's backup, by stored name."""
    folder = sample.folder / "backup"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def backup_service(emulator: Emulator, sample: SampleAccount, connect: Connect) -> BackupSource:
    return connect("backup", emulator, sample.token)


@pytest.fixture
def app_data(emulator: Emulator, sample: SampleAccount, connect: Connect) -> BackupSource:
    return connect("appdata", emulator, sample.token)


@pytest.fixture
def drive(emulator: Emulator, sample: SampleAccount, connect: Connect) -> BackupSource:
    return connect("drive", emulator, sample.token)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Garbage collection is off meanwhile: a text of 100,000 brackets leads to the limit of
    recursion, where any finaliser would fail."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
