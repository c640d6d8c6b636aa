"""Accessibility: keyboard, screen reader, dark mode, phone, without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.people import note, sample

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}

CONTRASTS = """() => {
    const channel = (value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = colour.map((value) => channel(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
        }
        return parse(getComputedStyle(document.documentElement).backgroundColor);
    };
    const found = [];
    for (const it of document.querySelectorAll("body *")) {
        const texts = [...it.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
        const drawn = it.localName === "path" && it.closest("button, a, .none") !== null;
        if (!(texts || drawn)) continue;
        if (it.closest("[hidden], .quiet, :disabled, script, option")) continue;
        if (!it.getClientRects().length) continue;
        const style = getComputedStyle(it);
        const drawing = style.stroke === "none" ? style.fill : style.stroke;
        const shades = [light(parse(drawn ? drawing : style.color)), light(behind(it))];
        const ratio = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
        if (ratio < (drawn ? 3 : 4.5)) found.push(`${it.parentElement.outerHTML} ${ratio}`);
    }
    return found;
}"""


def tab_stops(page: Page, count: int) -> list[str]:
    stops = []
    for _ in range(count):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                """() => {
                    const it = document.activeElement;
                    const words = it.labels?.[0]?.firstElementChild || it.labels?.[0];
                    const label = it.getAttribute("aria-label") || words?.textContent;
                    return label || it.textContent;
                }"""
            ).strip()
        )
    return stops


def test_has_landmarks(open_page: OpenPage) -> None:
    page = open_page(sample(), title="Mum's voice")
    for landmark in ("banner", "search", "main"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Chats")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mum's voice")
    expect(page).to_have_title("Mum's voice")


def test_every_control_has_a_name(open_page: OpenPage) -> None:
    page = open_page(sample())
    page.keyboard.press("Space")
    for role in ("button", "link", "slider", "combobox", "searchbox", "checkbox"):
        for control in page.get_by_role(role).all():
            expect(control).not_to_have_accessible_name("")


def test_tab_goes_through_it_in_reading_order(open_page: OpenPage) -> None:
    page = open_page(sample())
    assert tab_stops(page, 17) == [
        "Skip to the voice notes",
        "Search names, words and dates",
        "More",
        "All voice notes7",
        "Family2",
        "Mum4",
        "Unknown1",
        "Speaker",
        "Recordings",
        "Order",
        "Starred",
        "Play Mum, Sunday, 31 December 2023, 17:00",
        "Position in Mum's voice note",
        "Star",
        "Open or save the file 1.opus",
        "Play Robin, Sunday, 31 December 2023, 18:00",
        "Position in Robin's voice note",
    ]


def test_the_first_link_skips_to_the_notes(open_page: OpenPage) -> None:
    page = open_page(sample())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the voice notes")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_focus_is_seen(open_page: OpenPage) -> None:
    page = open_page(sample())
    for _ in range(13):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            """() => {
                const at = document.activeElement;
                const on = at.classList.contains("seek") ? at.parentElement : at;
                return parseFloat(getComputedStyle(on).outlineWidth);
            }"""
        )
        assert outlined >= 3


def test_a_screen_reader_announces_what_plays(open_page: OpenPage) -> None:
    page = open_page(sample())
    play_over_and_over(page)
    announcer = page.locator("[aria-live=polite].announcer")
    expect(announcer).to_have_text("")
    page.keyboard.press("Space")
    expect(announcer).to_have_text("Playing Mum, Sunday, 31 December 2023, 17:00, 6 seconds")
    slider = page.locator(".note.current").get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^[1-6] seconds? of 6 seconds$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_is_readable_in_light_and_dark(
    open_page: OpenPage, tmp_path: Path, scheme: str, viewport: dict[str, int] | None
) -> None:
    page = open_page(sample(), color_scheme=scheme, **({"viewport": viewport} if viewport else {}))
    play_over_and_over(page)
    page.keyboard.press("Space")
    until(page, "document.querySelector('audio').currentTime > 0.2")
    page.locator(".note.current button.star").click()
    page.mouse.move(0, 0)
    until(page, "document.getAnimations().length === 0")  # colours fade over
    assert page.evaluate(CONTRASTS) == []
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (int(ground.split("(")[1].split(",")[0]) > 128) == (scheme == "light")
    picture = page.screenshot(path=tmp_path / f"{scheme}.png")
    assert picture.startswith(b"\x89PNG")


def test_reduced_motion_is_respected(open_page: OpenPage) -> None:
    page = open_page(sample(), reduced_motion="reduce")
    page.evaluate(
        """() => {
            const ask = requestAnimationFrame;
            window.asked = 0;
            window.requestAnimationFrame = (then) => { window.asked += 1; return ask(then); };
        }"""
    )
    page.keyboard.press("Space")
    until(page, "document.querySelector('audio').currentTime > 0.5")
    assert page.evaluate("window.asked") == 0
    assert (
        page.locator(".current .play").evaluate("it => getComputedStyle(it).transitionDuration")
        == "0s"
    )


def test_on_a_phone_every_chat_of_many_can_be_reached(open_page: OpenPage) -> None:
    many = [
        note(number, chat=f"Chat {number:02}", chat_jid=f"1555010{number:04}@s.whatsapp.net")
        for number in range(1, 41)
    ]
    page = open_page(many, viewport=PHONE, has_touch=True)
    page.get_by_role("button", name="Chats").tap()
    first, last = page.get_by_role("link", name="All voice notes"), "Chat 01"
    expect(first).to_be_focused()
    header = page.locator("header").bounding_box()
    there = first.bounding_box()
    assert header is not None
    assert there is not None
    assert there["y"] >= header["y"] + header["height"]
    page.get_by_role("link", name=last).tap()
    expect(page.get_by_role("heading", name=last)).to_be_visible()


def test_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page(sample(), viewport=PHONE, has_touch=True)
    chats = page.get_by_role("navigation", name="Chats")
    expect(chats).to_be_hidden()
    menu = page.get_by_role("button", name="Chats")
    menu.tap()
    expect(menu).to_have_attribute("aria-expanded", "true")
    expect(chats.get_by_role("link", name="All voice notes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(chats).to_be_hidden()
    expect(menu).to_be_focused()
    menu.tap()
    chats.get_by_role("link", name="Family").tap()
    expect(chats).to_be_hidden()
    expect(page.get_by_role("heading", level=2)).to_have_text("Family")
    page.locator("button.play").first.tap()
    until(page, "document.querySelector('audio').currentTime > 0.1")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for control in page.locator("button:visible, a:visible, select:visible").all():
        box = control.bounding_box()
        assert box is None or min(box["width"], box["height"]) >= 44


def test_is_a_plain_list_where_scripts_are_off(open_page: OpenPage) -> None:
    page = open_page(sample(), java_script_enabled=False)
    expect(page.locator("ol.plain > li")).to_have_count(7)
    expect(page.locator("ol.plain audio")).to_have_count(6)
    expect(page.locator("ol.plain audio").first).to_be_visible()
    expect(page.locator("ol.plain > li").nth(2)).to_contain_text("(no recording)")
    expect(page.locator("ol.plain > li").nth(4)).to_contain_text("Forty tomatoes!")
    for useless in (".top form", ".filters", ".chats", ".years"):
        expect(page.locator(useless)).to_be_hidden()


def test_an_empty_archive_is_announced(open_page: OpenPage) -> None:
    page = open_page([])
    expect(page.get_by_text("0 voice notes")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("j")
    expect(page.get_by_role("region", name="Player")).to_be_hidden()
