"""Twenty thousand notes in two hundred chats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gdrive_wa.pages.page import write_page
from tests.pages.conftest import until, watch
from tests.pages.people import note

pytestmark = pytest.mark.browser

MANY = 20_000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    notes = [
        note(
            number,
            chat=f"Person {number % 200}",
            chat_jid=f"1555{number % 200:04}@s.whatsapp.net",
            sender=f"Person {number % 200}",
            file=f"Voice notes/Person {number % 200}/{number}.opus",
            transcript="a needle in the hay" if number == 12_345 else "hay " * 12,
        )
        for number in range(1, MANY + 1)
    ]
    return write_page(folder, notes)


@pytest.fixture
def page(browser: Browser, crowd: Path, problems: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    watch(page, problems)
    page.goto(crowd.as_uri())
    yield page
    context.close()
    assert problems == []


def drawn(page: Page) -> int:
    return page.locator(".note").count()


def test_the_file_stays_small(crowd: Path) -> None:
    assert crowd.stat().st_size < 300 * MANY


def test_only_notes_near_the_viewport_are_drawn(page: Page) -> None:
    expect(page.get_by_text("20,000 voice notes")).to_be_visible()
    assert drawn(page) <= 120
    for part in (0.25, 0.5, 0.75, 1):
        page.evaluate("part => scrollTo(0, document.documentElement.scrollHeight * part)", part)
        expect(page.locator(".note:visible").first).to_be_visible()
        until(
            page,
            "[...document.querySelectorAll('.note')].some((it) => {"
            " const { top, bottom } = it.getBoundingClientRect();"
            " return bottom > 100 && top < innerHeight; })",
        )
        assert drawn(page) <= 160
    expect(page.locator(f'.note[data-note="{MANY - 1}"]')).to_be_attached()


def test_the_needle_is_found(page: Page) -> None:
    page.get_by_role("searchbox").fill("NEEDLE")
    expect(page.locator(".note")).to_have_count(1)
    expect(page.locator(".note .words")).to_have_text("a needle in the hay")


def test_an_address_in_the_middle_opens_there(page: Page) -> None:
    page.goto(f"{page.url}#from=15550045@s.whatsapp.net&note=3EB{12_245:013X}")
    row = page.locator('.note[data-note="12244"]')
    expect(row.locator("button.play")).to_be_focused()
    expect(row).to_be_in_viewport()
    for _ in range(45):  # across the boundaries of drawn parts
        page.keyboard.press("j")
    row = page.locator('.note[data-note="12289"]')
    expect(row.locator("button.play")).to_be_focused()
    expect(row).to_be_in_viewport()


def test_without_scripts_the_folders_are_listed(browser: Browser, crowd: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(crowd.as_uri())
    expect(page.locator(".plain a")).to_have_count(200)
    expect(page.get_by_role("link", name="Voice notes/Person 7", exact=True)).to_be_visible()
    context.close()
