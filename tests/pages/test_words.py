"""What is said: its words, its source, and finding them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from gdrive_wa.pages.page_words import TICKS, encode_numbers, encode_words, unsigned
from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.people import note
from tests.pages.rich import LONG, SAID, rich

TIME = "document.querySelector('audio').currentTime"


@pytest.mark.parametrize(
    ("numbers", "text"), [((), ""), ((0, 31), "0V"), ((32,), "W1"), ((1024,), "WW1")]
)
def test_small_numbers_take_one_character(numbers: tuple[int, ...], text: str) -> None:
    assert encode_numbers(numbers) == text


@pytest.mark.parametrize(("number", "positive"), [(0, 0), (-1, 1), (1, 2), (-2, 3), (2**40, 2**41)])
def test_negative_numbers_are_counted_in_between(number: int, positive: int) -> None:
    assert unsigned(number) == positive


def test_words_between_blanks_need_no_places() -> None:
    starts, places = encode_words("so it is", [(0, 1, "so"), (0.5, 1, " it"), (1, 2, "is ")])
    assert starts == encode_numbers([0, TICKS // 2, TICKS // 2])
    assert places == ""


def test_words_without_blanks_keep_their_places() -> None:
    _, places = encode_words(
        "\u304a\u306f\u3088\u3046", [(0, 1, "\u304a\u306f"), (1, 2, "\u3088\u3046")]
    )
    assert places == encode_numbers([0, 2, 0, 2])


def test_a_word_that_the_transcript_lacks_is_left_out() -> None:
    starts, places = encode_words("one two", [(0, 1, "one"), (1, 2, "absent"), (2, 3, "two")])
    assert starts == encode_numbers([0, 2 * TICKS])
    assert places == ""


@pytest.mark.browser
class TestOnThePage:
    def test_a_pressed_word_plays_from_there(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        play_over_and_over(page)
        page.get_by_text("tomatoes", exact=True).click()
        until(page, f"{TIME} > 3.9")
        expect(page.locator(".word.now")).to_have_count(1)
        page.keyboard.press("Space")
        page.keyboard.press(",")
        until(page, f"{TIME} < 4.3")

    def test_the_word_that_plays_is_marked(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        page.get_by_text("soup", exact=True).click()
        page.evaluate("document.querySelector('audio').pause()")
        page.locator(".note .seek").first.fill("0.7")
        expect(page.locator(".word.now")).to_have_text("back")

    def test_says_who_wrote_it_down(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        expect(page.locator(".source").nth(0)).to_contain_text("speech model tiny.en")
        expect(page.locator(".source").nth(1)).to_contain_text("Transcript by WhatsApp")

    def test_words_of_any_letters_keep_their_places(self, open_page: OpenPage) -> None:
        words = ((0.0, 1.0, "\U0001f388\u304a"), (1.0, 2.0, "\u306f"))
        page = open_page([note(1, transcript="\U0001f388\u304a\u306f!", words=words)])
        expect(page.locator(".word")).to_have_text(["\U0001f388\u304a", "\u306f"])
        expect(page.locator(".words")).to_have_text("\U0001f388\u304a\u306f!")

    def test_a_found_word_is_shown_in_its_sentence(self, open_page: OpenPage) -> None:
        said = LONG.replace("old tree", "crooked tree", 1)
        page = open_page([replace(rich()[1], transcript=said), *rich()[:1]])
        page.get_by_role("searchbox").fill("CROOKED")
        expect(page.locator("mark")).to_have_text("crooked")
        shown = page.locator(".words").text_content() or ""
        assert "We sat under the crooked tree for an hour." in shown
        assert len(shown) < 80
        page.get_by_role("button", name="Show all of it").click()
        expect(page.locator(".words")).to_have_text(said)

    def test_the_words_around_a_note_are_found_and_shown(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        fold = page.get_by_role("button", name="3 messages around this note")
        expect(page.get_by_text("On my way")).to_have_count(0)
        fold.click()
        expect(fold).to_be_focused()
        before = page.get_by_role("list", name="Messages before this note")
        expect(before.get_by_role("listitem")).to_have_text(
            ["Robin16:51Is the oven hot?", "Mum16:56Video"]
        )
        fold.click()
        page.get_by_role("searchbox").fill("basket")
        expect(page.locator(".note")).to_have_count(1)
        expect(page.locator("mark")).to_have_text("basket")
        expect(page.locator(".reply")).to_contain_text("What is for lunch?")
        expect(page.locator(".reactions")).to_contain_text("Robin")
        assert page.locator(".words").text_content() == SAID
