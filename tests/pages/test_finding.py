"""Searching and filtering."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import OpenPage
from tests.pages.people import FAMILY, OWNER, note, sample

pytestmark = pytest.mark.browser


def shown(page: Page) -> list[int]:
    return [int(one.get_attribute("data-note") or -1) for one in page.locator(".note").all()]


def search(page: Page, words: str) -> list[int]:
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    return shown(page)


SEARCHES = {
    "robin": [1],
    "ROBIN": [1],
    "zolc": [4],
    "Zoe\u0308": [4],
    "tomato": [4],
    "family": [4, 5],
    "mum family": [5],
    "family mum": [5],
    "2023-12-31": [0, 1, 2, 3],
    "31 december": [0, 1, 2, 3],
    "1.1.2024": [4, 5],
    "1/1/2024": [4, 5],
    "1 January": [4, 5],
    "January 1st, 2024": [4, 5],
    "1 jan tomatoes": [4],
    "3 December": [],
    "december 2023 robin": [1],
    "1 December": [],
    "monday": [4, 5],
    "19:00": [2],
    "15550102": [4],
    "nobody": [],
    "  ": [0, 1, 2, 3, 4, 5, 6],
}


def test_search_reads_names_words_and_dates(open_page: OpenPage) -> None:
    page = open_page(sample())
    assert {words: search(page, words) for words in SEARCHES} == SEARCHES


def test_search_counts_the_matches_of_each_chat(open_page: OpenPage) -> None:
    page = open_page(sample())
    search(page, "monday")
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text(["All voice notes2", "Family2"])


def test_counts_notes_time_and_what_is_missing(open_page: OpenPage) -> None:
    page = open_page(sample())
    expect(page.locator(".count")).to_have_text(
        "7 voice notes \u00b7 36 s \u00b7 1 without a recording"
    )


def test_a_search_without_matches_can_be_cleared(open_page: OpenPage) -> None:
    page = open_page(sample())
    assert search(page, "nobody") == []
    page.get_by_role("button", name="Clear all filters").click()
    assert shown(page) == [0, 1, 2, 3, 4, 5, 6]


def test_choosing_who_speaks(open_page: OpenPage) -> None:
    page = open_page(sample())
    who = page.get_by_role("combobox", name="Speaker")
    for label, found in (
        ("Robin (this phone)", [1]),
        ("Everyone but Robin", [0, 2, 3, 4, 5, 6]),
        ("Zoë Żółć", [4]),
        ("Everyone", [0, 1, 2, 3, 4, 5, 6]),
    ):
        who.select_option(label=label)
        assert shown(page) == found
    page.get_by_role("link", name="Family").click()
    expect(who.locator("option")).to_have_text(
        ["Everyone", "Robin (this phone)", "Everyone but Robin", "Mum", "Zoë Żółć"]
    )


def test_choosing_a_status(open_page: OpenPage) -> None:
    page = open_page(sample())
    which = page.get_by_role("combobox", name="Recordings")
    for label, found in (
        ("With a recording", [0, 1, 3, 4, 5, 6]),
        ("Recording missing", [2]),
        ("Without a message", [6]),
    ):
        which.select_option(label=label)
        assert shown(page) == found


def test_a_missing_note_shows_the_reason_and_has_no_play_button(open_page: OpenPage) -> None:
    page = open_page(sample())
    missing = page.locator(".note.gone")
    expect(missing).to_contain_text("this archive does not contain the recording")
    expect(missing.get_by_role("button", name="Play")).to_have_count(0)
    expect(missing.get_by_role("link")).to_have_count(0)


def test_stars_are_whatsapps_until_changed_and_last(open_page: OpenPage) -> None:
    page = open_page(sample())
    starred = page.get_by_role("button", name="Starred", exact=True)
    starred.click()
    assert shown(page) == [1]
    starred.click()
    page.locator(".note").nth(0).get_by_role("button", name="Star").click()
    page.locator(".note").nth(1).get_by_role("button", name="Star").click()
    page.reload()
    starred.click()
    assert shown(page) == [0]


def test_works_without_the_browsers_storage(open_page: OpenPage) -> None:
    page = open_page(sample())
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } })"
    )
    page.reload()
    page.locator(".note").nth(0).get_by_role("button", name="Star").click()
    page.get_by_role("button", name="Starred", exact=True).click()
    assert shown(page) == [0, 1]


@pytest.mark.parametrize(
    "rubbish", ["", "null", "[]", "{", '{"stars": 3}', '{"stars": {}, "speed": "x"}']
)
def test_survives_any_stored_value(open_page: OpenPage, rubbish: str) -> None:
    page = open_page(sample())
    page.evaluate("text => localStorage.setItem(`gdrive-wa ${location.pathname}`, text)", rubbish)
    page.reload()
    assert shown(page) == [0, 1, 2, 3, 4, 5, 6]


def test_newest_first_and_back(open_page: OpenPage) -> None:
    page = open_page(sample())
    order = page.get_by_role("combobox", name="Order")
    order.select_option(label="Newest first")
    assert shown(page) == [6, 5, 4, 3, 2, 1, 0]
    order.select_option(label="Oldest first")
    assert shown(page) == [0, 1, 2, 3, 4, 5, 6]


def test_going_to_a_month(open_page: OpenPage) -> None:
    notes = [note(1 + 24 * day) for day in range(120)]
    page = open_page(notes)
    rail = page.get_by_role("navigation", name="Years and months")
    expect(rail.get_by_role("button", expanded=True)).to_have_text("2023")
    rail.get_by_role("button", name="2024", exact=True).click()
    expect(page.get_by_role("heading", name="Monday, 1 January 2024")).to_be_in_viewport()
    month = rail.get_by_role("button", name="February 2024, 29 voice notes")
    month.click()
    expect(page.get_by_role("heading", name="Thursday, 1 February 2024")).to_be_in_viewport()
    expect(month).to_have_attribute("aria-current", "true")


def test_days_head_their_notes(open_page: OpenPage) -> None:
    page = open_page(sample())
    expect(page.get_by_role("heading", level=3)).to_have_text(
        ["Sunday, 31 December 2023", "Monday, 1 January 2024", "Date unknown"]
    )


def test_a_note_to_one_person_is_to_them_and_one_to_a_group_in_it(open_page: OpenPage) -> None:
    own = {"sender": "Robin", "sender_jid": OWNER, "from_me": True}
    page = open_page([note(1), note(2, **own), note(3, chat="Family", chat_jid=FAMILY, **own)])
    lines = page.locator(".note .line")
    expect(lines.nth(0)).not_to_contain_text("to Mum")
    expect(lines.nth(1)).to_contain_text("Robin to Mum")
    expect(lines.nth(2)).to_contain_text("Robin in Family")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".keepsake .entry").nth(1)).to_contain_text("to Mum")


def test_two_chats_of_one_name_are_distinguished(open_page: OpenPage) -> None:
    page = open_page([note(1), note(2, chat_jid="15550103@s.whatsapp.net")])
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text(
        ["All voice notes2", "Mum15550103@s.whatsapp.net1", "Mum15550101@s.whatsapp.net1"]
    )
