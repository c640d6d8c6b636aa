"""The consent page as a user sees it, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser

from gdrive_wa.emulation.server import Emulator
from gdrive_wa.emulation.tokens import APPDATA

pytestmark = pytest.mark.browser


@pytest.fixture
def program() -> Iterator[HTTPServer]:
    """The loopback server of a program that signs in, which waits for the answer."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"back in the program")

        def log_message(self, *_: object) -> None:
            pass

    # Chromium opens connections ahead of time; a single thread would wait on them forever
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("button", "answer"), [("Allow", "code"), ("Deny", "error")])
def test_a_button_leads_back_to_the_program(
    emulator: Emulator, browser: Browser, program: HTTPServer, button: str, answer: str
) -> None:
    asked = {
        "client_id": str(emulator.client_config()["installed"]["client_id"]),
        "redirect_uri": f"http://127.0.0.1:{program.server_port}/",
        "response_type": "code",
        "scope": APPDATA,
        "state": "the state",
    }
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{emulator.root}/auth?{urlencode(asked)}")
    assert page.get_by_role("heading").inner_text() == "Sign in"
    assert page.get_by_role("radio", name="alex@example.org").is_checked()
    page.get_by_role("button", name=button).click()
    page.wait_for_url(f"http://127.0.0.1:{program.server_port}/**")
    query = parse_qs(urlsplit(page.url).query)
    page.close()
    assert query["state"] == ["the state"]
    assert answer in query


def test_the_warning_about_an_unverified_app_is_passed_as_on_googles_page(
    browser: Browser, program: HTTPServer, tmp_path: Path
) -> None:
    client = {"client_id": "own", "client_secret": "x", "verified": False}
    said = {"email": "ann@example.org", "clients": [client]}
    (tmp_path / "account.json").write_text(json.dumps(said))
    asked = {
        "client_id": "own",
        "redirect_uri": f"http://127.0.0.1:{program.server_port}/",
        "response_type": "code",
        "scope": APPDATA,
        "state": "the state",
    }
    page = browser.new_page()
    page.set_default_timeout(120_000)
    with Emulator(tmp_path) as emulator:
        page.goto(f"{emulator.root}/auth?{urlencode(asked)}")
        assert page.get_by_role("heading").inner_text() == "Google hasn't verified this app"
        further = page.get_by_role("link", name="Go to")
        assert not further.is_visible()
        page.get_by_text("Advanced").click()
        further.click()
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url(f"http://127.0.0.1:{program.server_port}/**")
    told = parse_qs(urlsplit(page.url).query)
    page.close()
    assert told["state"] == ["the state"]
    assert "code" in told
