"""Photos on the page: of people, and of the messages around a note."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import OpenPage, until
from tests.pages.people import FAMILY, MUM, ZOE, sample
from tests.pages.rich import message, rich
from tests.pictures import JPEG, png

pytestmark = pytest.mark.browser

LOADED = "[...document.querySelectorAll('img.face')].every((it) => it.naturalWidth > 0)"


def test_people_and_chats_with_a_photo_show_it_everywhere(open_page: OpenPage) -> None:
    page = open_page(sample(), photos={MUM: JPEG, ZOE: png(0, 90, 0), "nobody@x": png(9, 9, 9)})
    until(page, LOADED)
    faces = page.locator(".note img.face")
    expect(faces).to_have_count(5)
    expect(page.locator(".note").nth(1).locator(".face")).to_have_attribute("data-initials", "R")
    link = page.get_by_role("link", name="Mum")
    expect(link.locator("img.face")).to_be_visible()
    addresses = {one.get_attribute("src") for one in faces.all()}
    assert len(addresses) == 2  # decoded once, however many notes there are
    page.locator(".note").first.locator("button.play").click()
    expect(page.locator(".player img.face")).to_be_visible()
    artwork = page.evaluate("navigator.mediaSession.metadata.artwork[0].src")
    assert artwork == link.locator("img.face").get_attribute("src")


def test_a_photo_that_the_browser_cannot_show_gives_way_to_the_initials(
    open_page: OpenPage,
) -> None:
    lossless = JPEG.replace(b"\xff\xc0", b"\xff\xc3", 1)  # a kind that browsers do not show
    page = open_page(sample(), photos={MUM: lossless, FAMILY: png(1, 1, 1)})
    expect(page.locator(".note").first.locator("span.face")).to_have_attribute("data-initials", "M")
    expect(page.get_by_role("link", name="Family").locator("img.face")).to_be_visible()


def test_messages_keep_their_order_their_times_and_their_senders(open_page: OpenPage) -> None:
    first, second, *others = rich()
    mum, zoe, robin = (
        message(who, at, "hello") for who, at in (("Mum", -500_000), ("Zoë", 7), ("Robin", -3))
    )
    first = replace(first, before=(zoe, replace(mum, sent_at=None)), after=(mum, robin))
    page = open_page([first, replace(second, before=(robin, zoe)), *others])
    for number, shown in (
        (0, ["Zoë 17:07 hello", "Mum hello", "Mum 11:40 hello", "Robin 16:57 hello"]),
        (1, ["Robin 16:57 hello", "Zoë 17:07 hello"]),
    ):
        row = page.locator(".note").nth(number)
        row.locator("button.fold").click()
        found = [" ".join(one.split()) for one in row.locator(".messages li").all_inner_texts()]
        assert found == shown


def test_a_photo_near_a_note_is_shown_when_asked_for(open_page: OpenPage, tmp_path: Path) -> None:
    first, *others = rich()
    name = "Media/WhatsApp Images/IMG 1#\u00e9.jpg"
    picture = replace(message("Mum", -2, "the tomatoes", kind="image"), file=name)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(JPEG)
    page = open_page([replace(first, before=(*first.before, picture)), *others])
    row = page.locator(".note").first
    expect(row.locator("img.photo")).to_have_count(0)
    row.get_by_role("button", name="4 messages around this note").click()
    shown = row.get_by_role("img", name="Photo")
    expect(shown).to_be_visible()
    until(page, "document.querySelector('img.photo').naturalWidth === 480")
    expect(row.get_by_text("the tomatoes")).to_be_visible()
    box = shown.bounding_box()
    assert box is not None
    assert box["height"] <= 16 * 17 + 1
    expect(shown.locator("..")).to_have_attribute("href", re.compile("IMG%201%23%C3%A9.jpg$"))
