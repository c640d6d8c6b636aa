"""A real Chromium, and pages in it that are watched for anything a page from disk must not do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.page import write_page
from tests.pages.bidi import Bidi, find_firefox, running_firefox
from tests.pages.people import RECORDINGS
from tests.pages.readers import ChromiumReader, FirefoxReader, Reader

OpenPage = Callable[..., Page]
OpenReader = Callable[..., Reader]

PATIENCE = 60.0
"""Seconds to wait for a state of the page; only a broken page takes so long."""
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture
def problems() -> list[str]:
    """Dialogs, console messages, script errors and requests beyond the disk, as they happen.

    Chromium reports a violated content security policy on the console, so it stands here too.
    """
    return []


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path, problems: list[str]) -> Iterator[OpenPage]:
    """Lays out notes and, by default, their files; writes the page and opens it.

    When the test is over, no problem may have come up.
    """
    contexts = []

    def open_(
        notes: Sequence[VoiceNote],
        *,
        hash_: str = "",
        files: bool = True,
        timezone: tzinfo | None = None,
        title: str | None = None,
        photos: Mapping[str, bytes] | None = None,
        **context: Any,
    ) -> Page:
        if files:
            lay_out(tmp_path, notes)
        zone = timezone or ZoneInfo("UTC")
        index = write_page(tmp_path, notes, timezone=zone, title=title, photos=photos)
        usual = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB"}
        contexts.append(browser.new_context(**{**usual, **context}))
        page = contexts[-1].new_page()
        watch(page, problems)
        page.goto(index.as_uri() + hash_)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="session")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bidi]:
    """Firefox, started once for all tests. A machine without it skips, but CI must have it."""
    program = find_firefox()
    if program is None:
        missing = "no Firefox on this machine: install the package firefox-esr"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with running_firefox(program, tmp_path_factory.mktemp("firefox")) as bidi:
        yield bidi


@pytest.fixture(params=["chromium", "firefox"])
def open_reader(
    request: pytest.FixtureRequest, tmp_path: Path, problems: list[str]
) -> Iterator[OpenReader]:
    """Like `open_page`, in each browser: lays notes out, writes the page and opens it once."""
    if request.param == "chromium":
        open_page = request.getfixturevalue("open_page")
        yield lambda notes, locale="en-GB": ChromiumReader(open_page(notes, locale=locale))
        return
    bidi = request.getfixturevalue("firefox")
    opened: list[FirefoxReader] = []

    def open_(notes: Sequence[VoiceNote], locale: str = "en-GB") -> Reader:
        lay_out(tmp_path, notes)
        page = write_page(tmp_path, notes, timezone=ZoneInfo("UTC"))
        opened.append(FirefoxReader(bidi, page, locale))
        return opened[0]

    yield open_
    problems += opened[0].close()
    assert problems == []


def lay_out(folder: Path, notes: Sequence[VoiceNote]) -> None:
    for note in notes:
        if note.file is None:
            continue
        target = folder / note.file
        target.parent.mkdir(parents=True, exist_ok=True)
        recording = note.whatsapp_path or "owner.opus"
        target.write_bytes((RECORDINGS / recording).read_bytes())


def watch(page: Page, problems: list[str]) -> None:
    page.set_default_timeout(PATIENCE * 1000)
    page.on("console", lambda message: problems.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("popup", lambda popup: problems.append(f"popup: {popup.url}"))

    def refuse(dialog: object) -> None:
        problems.append(f"dialog: {dialog}")
        page.close()

    page.on("dialog", refuse)
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else problems.append(f"request: {request.url}")
        ),
    )


def until(page: Page, true: str) -> None:
    """Wait for a condition of the page; Playwright's own way to wait needs `eval`, which the
    page's policy forbids."""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(true):
        assert time.monotonic() < deadline, f"never became true: {true}"
        page.wait_for_timeout(50)


def play_over_and_over(page: Page) -> None:
    """A note that plays begins anew at its end, so that a slow test never finds it over."""
    page.evaluate("document.querySelector('audio').loop = true")
