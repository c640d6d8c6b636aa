"""Names that are not UTF-8, in a folder and in a listing: only that entry may fail."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names there are always text")

BACKUP = "clients/wa/backups/15550123"
FOLDER = "Media/WhatsApp Voice Notes/202409"
FILES = ("PTT-20240301-WA0001.opus", "PTT-\ud800.opus")


class Answers(BaseHTTPRequestHandler):
    """A backup service that lists a name that is not text."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        names = [BACKUP, "clients/wa/backups/1555\udfff"]
        if path == "/v1/clients/wa/backups":
            self._answer({"backups": [{"name": name, "metadata": "{}"} for name in names]})
        elif path == f"/v1/{BACKUP}/files":
            listed = [{"name": f"{BACKUP}/files/{FOLDER}/{file}"} for file in FILES]
            self._answer({"files": listed})
        else:
            self._answer("OggS")

    def _answer(self, content: object) -> None:
        raw = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[dict[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        yield {"GDRIVE_WA_ENDPOINT": endpoint, "GDRIVE_WA_ACCESS_TOKEN": "EXAMPLE"}
        server.shutdown()


@pytest.mark.parametrize("command", ["restore", "download"])
def test_a_listed_name_that_is_not_text_fails_alone(
    run: Run, service: dict[str, str], command: str
) -> None:
    chosen = ("out", "--backup", BACKUP) if command == "restore" else (BACKUP, "out")
    ended = run(command, *chosen, "--json", env=service)
    assert ended.returncode == 7, ended.stderr
    report = json.loads(ended.stdout)
    assert [each["path"] for each in report["done"]] == [f"{FOLDER}/{FILES[0]}"]
    assert [each["path"] for each in report["failed"]] == [f"{FOLDER}/PTT-%ud800.opus"]


def test_a_backup_whose_name_is_not_text_is_listed(run: Run, service: dict[str, str]) -> None:
    ended = run("backups", "--json", env=service)
    assert ended.returncode == 0
    assert [each["account"] for each in json.loads(ended.stdout)] == ["15550123", "1555%udfff"]


def test_a_file_name_that_is_not_text_is_restored_under_one_that_is(
    run: Run, tmp_path: Path
) -> None:
    folder = os.fsencode(tmp_path / "phone" / FOLDER)
    os.makedirs(folder)
    names = (b"PTT-20240301-WA\xff.opus", b"PTT-20240301-WA%ff.opus", b"PTT-20240301-WA0001.opus")
    for name in names:
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"OggS " + name)
    for command, out in (("restore", "archive"), ("download", "copy"), ("decrypt", "plain")):
        options = ["--source", "folder", "--folder", "phone"] if command == "download" else []
        options += ["--folder", "phone"] if command == "restore" else []
        places = ["phone", out] if command == "decrypt" else [out]
        for _ in range(2):
            ended = run(command, *places, *options, "--json")
            lacks_chats = command == "restore"
            assert ended.returncode == (7 if lacks_chats else 0), ended.stderr
            report = json.loads(ended.stdout)
            assert len(report["done"]) + len(report["skipped"]) == 3
        copies = list((tmp_path / out).rglob("PTT*.opus"))
        assert sorted(path.read_bytes() for path in copies) == sorted(b"OggS " + n for n in names)
        assert all(str(path).encode() for path in copies)
    for command in ("notes", "verify"):
        ended = run(command, "archive", "--json")
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)
