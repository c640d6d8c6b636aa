"""What is where: the head on a phone, the waveform's contrast, and nothing needed at the end."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import OpenPage, until
from tests.pages.people import note, sample
from tests.pages.test_finding import search, shown

pytestmark = pytest.mark.browser

PHONES = [(390, 844), (360, 640), (320, 568)]
HEAD = """() => {
    const { top, bottom } = document.querySelector(".top").getBoundingClientRect();
    return bottom - Math.max(top, 0);
}"""
WAVES = """() => {
    const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).map((value) => channel(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll(".note .bars path")].map((path) => {
        const own = light(getComputedStyle(path).stroke);
        const behind = light(getComputedStyle(path.closest(".note")).backgroundColor);
        return (Math.max(own, behind) + 0.05) / (Math.min(own, behind) + 0.05);
    });
}"""
FAR = """() => {
    const controls = document.querySelectorAll("a[href], button, input, select, [tabindex='0']");
    return [...controls].filter((it) => {
        if (it.closest(".timeline, dialog, .quiet, noscript")) return false;
        if (!it.getClientRects().length) return false;
        const { top, bottom } = it.getBoundingClientRect();
        const inView = bottom > 0 && top < innerHeight;
        return !inView && top + scrollY > innerHeight;
    }).map((it) => it.outerHTML);
}"""


def crowd() -> list:  # type: ignore[type-arg]
    return [note(1 + 5 * number) for number in range(600)]


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_the_head_on_a_phone_is_small_and_shrinks(
    open_page: OpenPage, width: int, height: int
) -> None:
    page = open_page(crowd(), viewport={"width": width, "height": height}, has_touch=True)
    whole = page.evaluate(HEAD)
    assert 0 < whole <= height / 5
    page.evaluate("scrollTo(0, 5000)")
    until(page, "scrollY > 4000")
    assert page.evaluate(HEAD) < whole * 0.75
    expect(page.get_by_role("searchbox")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_waveform_stands_out(open_page: OpenPage, scheme: str) -> None:
    page = open_page(sample(), color_scheme=scheme)
    for number in (0, 1):  # somebody else's note, and one of this phone's owner
        page.locator(f'.note[data-note="{number}"] button.play').click()
        page.keyboard.press("Space")
        found = page.evaluate(WAVES)
        assert len(found) == 7  # six notes, and what was played of this one
        assert min(found) >= 3


def test_a_question_mark_shows_the_keys(open_page: OpenPage) -> None:
    page = open_page(sample())
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    for key in ("Space", "J", "K", "N", "P", ",", ".", "-", "+", "S", "C", "/", "Esc", "?"):
        expect(keys.locator("kbd").get_by_text(key, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def on(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator(".timeline h3").all()]


def test_1_march_finds_that_day(open_page: OpenPage) -> None:
    days = 24
    first = [note(1 + days * number) for number in (60, 61, 62, 426, 427)]  # from 29 February 2024
    page = open_page(first)
    search(page, "1 March")
    assert on(page) == ["Friday, 1 March 2024", "Saturday, 1 March 2025"]
    search(page, "1 March 2025")
    assert on(page) == ["Saturday, 1 March 2025"]
    search(page, "March 1")
    assert len(shown(page)) == 2
    search(page, "11 March")
    assert shown(page) == []


def test_1_march_in_the_readers_language(open_page: OpenPage) -> None:
    page = open_page([note(1 + 24 * number) for number in (60, 61, 62)], locale="de-DE")
    for words in ("1. März", "1 march", "1.3.2024"):
        search(page, words)
        assert shown(page) == [1], words


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_that_one_needs_is_at_the_end(open_page: OpenPage, width: int) -> None:
    page = open_page(crowd(), viewport={"width": width, "height": 800})
    page.locator("button.play").first.click()
    for part in (0, 0.5, 1):
        page.evaluate("part => scrollTo(0, document.documentElement.scrollHeight * part)", part)
        page.wait_for_timeout(100)
        assert page.evaluate(FAR) == []
        for needed in (page.get_by_role("searchbox"), page.get_by_role("region", name="Player")):
            expect(needed).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 390, 1000, 1280])
def test_the_player_cuts_the_chats_name_and_not_the_date(open_page: OpenPage, width: int) -> None:
    long = replace(note(1), chat="The garden club of the whole town and its neighbours")
    page = open_page([long], viewport={"width": width, "height": 800}, locale="en-US")
    page.locator("button.play").first.click()
    where = page.locator(".player .where")
    around = where.bounding_box()
    assert around is not None
    for fact in where.locator("span:visible").all():
        box = fact.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= around["x"] + around["width"] + 1
    assert re.search(r" · \w+ \d+, \d{4} · [1-9]\d?:\d\d\s[AP]M$", where.text_content() or "")
