"""The emulator, started through the library."""

from __future__ import annotations

from pathlib import Path

import pytest

import gdrive_wa

REFUSED = {"faults": [{"kind": "status", "status": 503, "path": "*/files/*", "times": 1}]}


def listed_in(google: gdrive_wa.RunningEmulator) -> list[gdrive_wa.Entry]:
    source = gdrive_wa.connect(endpoint=google.root, token=google.token)
    try:
        return gdrive_wa.ls(source, key=google.key_file)
    finally:
        source.close()


def test_faults_come_from_a_mapping_or_a_file(tmp_path: Path) -> None:
    said = tmp_path / "faults.json"
    said.write_text('{"delay": 0.001, "faults": [{"kind": "status", "status": 404}]}')
    with (
        gdrive_wa.emulator(faults=str(said)) as google,
        pytest.raises(gdrive_wa.NetworkError),
    ):
        listed_in(google)
    with gdrive_wa.emulator(faults=REFUSED) as google:
        assert len(listed_in(google)) > 40


def test_faults_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text("{")
    for name in ("faults.json", "gone.json"):
        with pytest.raises(gdrive_wa.UsageError, match=f"{name}' cannot be read as JSON"):
            gdrive_wa.emulator(faults=tmp_path / name)
    with pytest.raises(gdrive_wa.UsageError):
        gdrive_wa.emulator(faults={"nonsense": 1})


def test_an_account_is_made_once_and_kept(tmp_path: Path) -> None:
    with gdrive_wa.emulator(tmp_path / "account") as google:
        first = google.token.reveal()
        assert google.key_file == tmp_path / "account" / "encrypted_backup.key"
    with gdrive_wa.emulator(tmp_path / "account") as google:
        assert google.token.reveal() == first


def test_a_taken_port_leaves_nothing_running(tmp_path: Path) -> None:
    with gdrive_wa.emulator() as google:
        port = int(google.root.rpartition(":")[2])
        with pytest.raises(gdrive_wa.NetworkError, match=f"cannot listen on port {port}"):
            gdrive_wa.emulator(tmp_path / "account", port=port)
