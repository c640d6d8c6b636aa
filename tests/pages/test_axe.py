"""WCAG 2.2 AA by axe-core, in every state of the page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.rich import rich

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RUN = """(rules) => axe.run(document, { runOnly: rules,
    resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all }) =>
        `${id}: ${html.slice(0, 200)} ${[...any, ...all].map((it) => it.message).join()}`)))"""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that ask for colours: all that can differ between light and dark."""
SIZES = {"desktop": (1280, 860), "phone": (390, 844), "narrow": (320, 640), "400 %": (320, 256)}
DIALOGS = ("tools", "queue", "more", "help", "share")


def findings(page: Page, state: str) -> list[str]:
    found = [*findings_in(page, "dark", COLOURS), *findings_in(page, "light", RULES)]
    return [f"{state}: {one}" for one in found]


def findings_in(page: Page, scheme: Literal["dark", "light"], rules: Sequence[str]) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    until(page, "document.getAnimations().length === 0")  # colours fade over
    found: list[str] = page.evaluate(RUN, list(rules))
    return [f"{scheme}: {one}" for one in found]


def open_dialog(page: Page, name: str) -> bool:
    if name in {"help", "share"}:
        page.locator(".open-more").click()
        page.locator(f'dialog.more [data-opens="{name}"]').click()
        return True
    button = page.locator(f'[data-opens="{name}"]').first
    if not button.is_visible():
        return False
    button.click()
    return True


@pytest.mark.parametrize("language", ["en-GB", "ar-EG"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(open_page: OpenPage, size: str, language: str) -> None:
    width, height = SIZES[size]
    view: dict[str, Any] = {"viewport": {"width": width, "height": height}, "locale": language}
    page = open_page(rich(), reduced_motion="reduce", **view)
    page.evaluate(AXE)
    found = findings(page, "at rest")
    play_over_and_over(page)
    page.locator("button.play").first.click()
    page.locator("button.fold").click()
    until(page, "document.querySelector('.word.now') !== null")
    found += findings(page, "playing, unfolded")
    page.evaluate("document.querySelector('audio').pause()")  # or each frame is drawn anew
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in DIALOGS:
        if open_dialog(page, name):
            found += findings(page, name)
            page.keyboard.press("Escape")
    page.get_by_role("searchbox").fill("tree")
    page.keyboard.press("Enter")
    found += findings(page, "searching")
    if width < 800:
        page.locator(".menu").click()
        found += findings(page, "chats")
    assert found == []
