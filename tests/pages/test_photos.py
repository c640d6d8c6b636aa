"""Photos on the page: of people, and of the messages around a note."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import OpenPage, until
from tests.pages.people import FAMILY, MUM, ZOE, sample
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
