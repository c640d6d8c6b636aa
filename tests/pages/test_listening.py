"""Playing, in a real Chromium, from a page that lies on disk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.people import MUM, note, sample

pytestmark = pytest.mark.browser

PLACE = "document.querySelector('audio').currentTime"


def row(page: Page, number: int) -> Locator:
    return page.locator(f'.note[data-note="{number}"]')


def play_button(page: Page, number: int) -> Locator:
    return row(page, number).locator("button.play")


def wait_until_past(page: Page, seconds: float) -> None:
    until(page, f"{PLACE} > {seconds}")


def is_paused(page: Page) -> bool:
    paused: bool = page.evaluate("document.querySelector('audio').paused")
    return paused


def test_plays_a_recording_and_shows_the_progress(open_page: OpenPage) -> None:
    page = open_page(sample())
    play_over_and_over(page)
    play_button(page, 0).click()
    wait_until_past(page, 0.2)
    expect(play_button(page, 0)).to_have_accessible_name(
        "Pause Mum, Sunday, 31 December 2023, 17:00"
    )
    expect(row(page, 0).locator(".length")).to_have_text(re.compile("0:0[1-6] / 0:06"))
    expect(page.get_by_role("region", name="Player")).to_contain_text("Mum")
    play_button(page, 0).click()
    assert is_paused(page)


@pytest.mark.parametrize(
    "name", ["a#b.opus", "a%20b?c.opus", "-rf.opus", "🎈 é.opus", "%2e%2e%2f.opus", "javascript:1"]
)
def test_plays_whatever_the_file_is_called(open_page: OpenPage, name: str) -> None:
    page = open_page([note(1, file=f"Voice notes/{name}/{name}")])
    play_button(page, 0).click()
    wait_until_past(page, 0.1)


def test_pressing_the_waveform_plays_from_there(open_page: OpenPage) -> None:
    page = open_page([note(1, whatsapp_path="mum.opus")])
    page.evaluate(
        """() => {
            const audio = document.querySelector("audio");
            const play = audio.play.bind(audio);
            audio.play = () => { window.asked = audio.currentTime; return play(); };
            audio.addEventListener("playing", () => { window.started ??= audio.currentTime; });
        }"""
    )
    wave = row(page, 0).locator(".seek")
    box = wave.bounding_box()
    assert box is not None
    wave.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    until(page, "window.started !== undefined")
    assert page.evaluate("window.asked") == pytest.approx(3, abs=0.3)
    assert page.evaluate("window.started") > 2.7  # the event arrives later
    page.evaluate("document.querySelector('audio').pause()")
    until(
        page,
        """(() => {
            const audio = document.querySelector("audio");
            const rest = document.querySelector(".played").style.clipPath.split(" ")[1];
            return Math.abs(1 - parseFloat(rest) / 100 - audio.currentTime / audio.duration) < 0.01;
        })()""",
    )


def test_a_note_without_a_waveform_has_a_plain_bar(open_page: OpenPage) -> None:
    page = open_page(sample())
    expect(row(page, 3).locator("path.bar")).to_have_count(1)
    expect(row(page, 0).locator("path.bar")).to_have_count(0)


def test_continues_with_the_next_note_and_skips_missing_ones(open_page: OpenPage) -> None:
    page = open_page(sample(), hash_=f"#chat={MUM}")
    play_over_and_over(page)
    play_button(page, 1).click()
    row(page, 1).locator(".seek").fill("4.5")
    page.evaluate(
        """() => {
            const audio = document.querySelector("audio");
            audio.addEventListener("ended", () => { audio.loop = true; });  // what comes next
            audio.loop = false;
        }"""
    )
    expect(play_button(page, 3)).to_have_accessible_name(
        "Pause Mum, Sunday, 31 December 2023, 20:00"
    )
    expect(play_button(page, 3)).to_be_focused()
    expect(play_button(page, 1)).to_have_accessible_name(
        "Play Robin, Sunday, 31 December 2023, 18:00"
    )


def test_stops_at_the_end_of_a_note_when_asked_to(open_page: OpenPage) -> None:
    page = open_page(sample())
    play_button(page, 0).click()
    page.get_by_role("button", name="Queue and playing").click()
    page.get_by_role("checkbox", name="Keep playing").uncheck()
    page.keyboard.press("Escape")
    row(page, 0).locator(".seek").fill("5.9")
    until(page, "document.querySelector('audio').ended")
    expect(page.locator(".note.current")).to_have_attribute("data-note", "0")


def test_stays_within_the_chat_that_it_plays(open_page: OpenPage) -> None:
    page = open_page(sample(), hash_=f"#chat={MUM}")
    play_over_and_over(page)
    play_button(page, 3).click()
    expect(page.get_by_role("button", name="Next note")).to_be_disabled()
    page.get_by_role("link", name="Family").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Family")
    expect(page.get_by_role("button", name="Next note")).to_be_disabled()
    page.get_by_role("button", name="Previous note").click()
    expect(page.locator(".player .who")).to_have_text("Robin")
    page.get_by_role("button", name="Show in the list: Robin").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Mum")
    expect(play_button(page, 1)).to_be_focused()


def test_speeds_up_and_remembers_it(open_page: OpenPage) -> None:
    page = open_page(sample())
    play_button(page, 0).click()
    for speed in ("1.25", "1.5", "2", "0.75", "1", "1.25", "1.5", "2"):
        page.get_by_role("button", name="Speed").click()
        expect(page.get_by_role("button", name=f"Speed {speed}")).to_have_text(f"{speed}\u00d7")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2
    page.reload()
    play_button(page, 1).click()
    wait_until_past(page, 0.1)
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2


def test_a_missing_file_is_reported_at_its_note(open_page: OpenPage, problems: list[str]) -> None:
    page = open_page([note(1, whatsapp_path="README.md")])
    play_button(page, 0).click()
    expect(row(page, 0)).to_contain_text("This browser could not play the file")
    expect(page.locator(".announcer")).to_contain_text("could not play")
    problems[:] = [one for one in problems if "Failed to load resource" not in one]


class TestKeyboard:
    def test_space_plays_and_pauses(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play_over_and_over(page)
        page.keyboard.press("Space")
        wait_until_past(page, 0.1)
        expect(row(page, 0)).to_have_class("note current")
        page.keyboard.press("Space")
        assert is_paused(page)

    def test_j_and_k_move_and_space_plays_the_focused_note(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play_over_and_over(page)
        page.keyboard.press("j")
        expect(play_button(page, 0)).to_be_focused()
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(row(page, 2)).to_be_focused()  # missing: the note itself, it has nothing to press
        page.keyboard.press("k")
        expect(play_button(page, 1)).to_be_focused()
        page.keyboard.press("Space")
        wait_until_past(page, 0.1)
        expect(page.locator(".player .who")).to_have_text("Robin")

    def test_arrows_go_five_seconds(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.keyboard.press("Space")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(PLACE) == 0
        page.keyboard.press("ArrowRight")
        assert page.evaluate(PLACE) == 5
        page.keyboard.press("ArrowRight")
        assert page.evaluate(PLACE) == pytest.approx(6.1, abs=0.2)
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(PLACE) == pytest.approx(1.1, abs=0.2)

    def test_letters_in_the_search_box_are_letters(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("j k s")
        expect(page.get_by_role("searchbox")).to_have_value("j k s")
        assert is_paused(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("searchbox")).to_have_value("")

    @pytest.mark.parametrize("leave", ["Enter", "Escape"])
    def test_a_search_is_left_by_keyboard_and_its_matches_are_played(
        self, open_page: OpenPage, leave: str
    ) -> None:
        page = open_page(sample())
        page.keyboard.press("/")
        page.keyboard.type("robin")
        page.keyboard.press(leave)
        if leave == "Escape":
            expect(page.get_by_role("searchbox")).to_have_value("")
            page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(play_button(page, 1 if leave == "Enter" else 0)).to_be_focused()
        page.keyboard.press("Space")
        wait_until_past(page, 0.1)

    def test_browser_shortcuts_stay_the_browsers(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.evaluate(
            "addEventListener('keydown', (event) => { window.kept = !event.defaultPrevented; })"
        )
        page.keyboard.press("Control+j")
        assert page.evaluate("window.kept")


class TestAddress:
    def test_remembers_chat_and_note(self, open_page: OpenPage) -> None:
        page = open_page(sample(), hash_=f"#chat={MUM}")
        expect(page.get_by_role("heading", level=2)).to_have_text("Mum")
        play_button(page, 3).click()
        until(page, "location.hash.includes('3EB0000000000004')")
        page.reload()
        expect(page.get_by_role("heading", level=2)).to_have_text("Mum")
        expect(play_button(page, 3)).to_be_focused()

    def test_back_returns_to_the_chat_before(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        for chat in ("Mum", "Family"):
            page.get_by_role("link", name=chat).click()
            expect(page.get_by_role("heading", level=2)).to_have_text(chat)
        page.go_back()
        expect(page.get_by_role("heading", level=2)).to_have_text("Mum")
        expect(page.get_by_role("link", name="Mum")).to_have_attribute("aria-current", "true")

    @pytest.mark.parametrize(
        "hash_", ["#chat=unknown", "#x", "#%", "#chat=%00&note=<b>", "#note=1"]
    )
    def test_nonsense_shows_everything(self, open_page: OpenPage, hash_: str) -> None:
        page = open_page(sample(), hash_=hash_)
        expect(page.get_by_role("heading", level=2)).to_have_text("All voice notes")
