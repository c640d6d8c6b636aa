"""The player: silence, sleep, the queue, the media keys; and the keepsake on paper."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.people import note, sample
from tests.pages.rich import LONG, SAID, rich

pytestmark = pytest.mark.browser

TIME = "document.querySelector('audio').currentTime"
PAUSED = "document.querySelector('audio').paused"
WATCH = """() => {
    window.jumps = [];
    const audio = document.querySelector("audio");
    let last = 0;
    audio.addEventListener("timeupdate", () => { last = audio.currentTime; });
    audio.addEventListener("seeked", () => window.jumps.push(audio.currentTime));
}"""
QUICK = """() => {
    const wait = window.setTimeout;
    window.setTimeout = (then, time, ...more) => wait(then, time / 1000, ...more);
}"""
SPY = """
    window.keys = {};
    const set = navigator.mediaSession.setActionHandler.bind(navigator.mediaSession);
    navigator.mediaSession.setActionHandler = (name, answer) => {
        window.keys[name] = answer;
        set(name, answer);
    };
    const state = navigator.mediaSession.setPositionState.bind(navigator.mediaSession);
    navigator.mediaSession.setPositionState = (position) => {
        window.position = position;
        state(position);
    };
"""


def play(page: Page, number: int) -> None:
    page.locator(f'.note[data-note="{number}"] button.play').click()


def current(page: Page) -> int:
    return int(page.locator(".note.current").get_attribute("data-note") or -1)


def queue(page: Page) -> None:
    page.get_by_role("button", name="Queue and playing").click()


class TestSilence:
    """The third note is loud for 1.9 s, silent to 4.7 s, and loud to its end at 6 s."""

    def test_is_skipped_when_asked_for(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        page.evaluate(WATCH)
        play(page, 2)
        page.evaluate("document.querySelector('audio').pause()")  # or a slow machine is too late
        queue(page)
        page.get_by_role("checkbox", name="Skip silence").check()
        page.keyboard.press("Escape")
        page.evaluate("const it = document.querySelector('audio'); it.currentTime = 0; it.play()")
        until(page, "window.jumps.some((seconds) => seconds > 2)")
        jump = page.evaluate("window.jumps.find((seconds) => seconds > 2)")
        assert jump == pytest.approx(50 / 64 * 6 - 0.15, abs=0.1)
        page.reload()
        queue_of = page.locator("dialog.queue")
        queue(page)
        expect(queue_of.get_by_role("checkbox", name="Skip silence")).to_be_checked()

    def test_is_heard_otherwise(self, open_page: OpenPage) -> None:
        page = open_page(rich())
        page.evaluate(WATCH)
        play(page, 2)
        page.locator('.note[data-note="2"] .seek').fill("1.8")
        until(page, f"{TIME} > 2.4")
        assert page.evaluate(TIME) < 4.4
        assert len(page.evaluate("window.jumps")) == 1  # to where it was told to


class TestSleep:
    def test_stops_after_the_minutes(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play_over_and_over(page)
        play(page, 0)
        page.evaluate(QUICK)
        queue(page)
        page.get_by_role("combobox", name="Stop playing after").select_option(label="5 minutes")
        until(page, PAUSED)
        expect(page.locator(".announcer")).to_have_text("Stopped, as you asked.")
        expect(page.get_by_role("combobox", name="Stop playing after")).to_have_value("0")

    def test_stops_at_the_end_of_the_note(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play(page, 0)
        queue(page)
        page.get_by_role("combobox", name="Stop playing after").select_option(label="This note")
        expect(page.get_by_role("checkbox", name="Keep playing")).to_be_checked()
        page.keyboard.press("Escape")
        page.locator('.note[data-note="0"] .seek').fill("5.9")
        until(page, "document.querySelector('audio').ended")
        expect(page.locator(".announcer")).to_have_text("Stopped, as you asked.")
        assert current(page) == 0

    def test_can_be_called_off(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play_over_and_over(page)
        play(page, 0)
        page.evaluate(QUICK)
        queue(page)
        sleep = page.get_by_role("combobox", name="Stop playing after")
        sleep.select_option(label="15 minutes")
        sleep.select_option(label="Off")
        page.wait_for_timeout(1500)
        assert not page.evaluate(PAUSED)


class TestQueue:
    def test_shows_what_comes_and_plays_what_is_pressed(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play_over_and_over(page)
        play(page, 1)
        queue(page)
        coming = page.locator(".coming button")
        expect(coming).to_have_text(
            [re.compile(name) for name in ("Robin", "Mum", "Zoë", "Mum", "Unk")]
        )
        expect(coming.first).to_have_attribute("aria-current", "true")
        coming.nth(2).click()
        expect(page.locator(".player .who")).to_have_text("Zoë Żółć")
        expect(coming).to_have_count(3)
        expect(coming.first).to_be_focused()

    def test_follows_while_it_is_open(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        play(page, 0)
        page.locator('.note[data-note="0"] .seek').fill("5.8")
        queue(page)
        expect(page.locator(".coming [aria-current]")).to_contain_text("Robin")
        assert current(page) == 1

    def test_goes_in_the_order_of_the_list(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.get_by_role("combobox", name="Order").select_option(label="Newest first")
        play(page, 3)
        queue(page)
        expect(page.locator(".coming button")).to_have_count(3)
        expect(page.locator(".coming button").nth(1)).to_contain_text("Robin")


class TestMediaKeys:
    @pytest.fixture
    def page(self, open_page: OpenPage) -> Page:
        page = open_page(sample())
        page.add_init_script(SPY)
        page.reload()
        play_over_and_over(page)
        play(page, 0)
        until(page, f"{TIME} > 0.1")
        return page

    def press(self, page: Page, key: str, **details: Any) -> None:
        page.evaluate(f"window.keys.{key}({json.dumps({'action': key, **details})})")

    def test_the_system_is_told_what_plays(self, page: Page) -> None:
        about = page.evaluate(
            "(({ title, artist, album }) => ({ title, artist, album }))"
            "(navigator.mediaSession.metadata)"
        )
        assert about == {
            "title": "Mum",
            "artist": "Mum",
            "album": "Sunday, 31 December 2023, 17:00",
        }
        assert page.evaluate("navigator.mediaSession.playbackState") == "playing"
        assert page.evaluate("window.position.duration") == pytest.approx(6, abs=0.2)
        self.press(page, "nexttrack")
        assert page.evaluate("navigator.mediaSession.metadata.title") == "Robin"

    def test_they_play_and_pause_and_never_the_other_way_round(self, page: Page) -> None:
        for _ in range(2):
            self.press(page, "pause")
            until(page, PAUSED)
        assert page.evaluate("navigator.mediaSession.playbackState") == "paused"
        for _ in range(2):
            self.press(page, "play")
            until(page, f"!{PAUSED}")
        self.press(page, "stop")
        until(page, PAUSED)

    def test_they_go_to_other_notes_and_other_seconds(self, page: Page) -> None:
        self.press(page, "nexttrack")
        assert current(page) == 1
        self.press(page, "previoustrack")
        assert current(page) == 0
        self.press(page, "pause")
        self.press(page, "seekto", seekTime=2.5)
        assert page.evaluate(TIME) == pytest.approx(2.5, abs=0.05)
        self.press(page, "seekforward")
        assert page.evaluate(TIME) == pytest.approx(6.1, abs=0.2)
        self.press(page, "seekbackward", seekOffset=3)
        assert page.evaluate(TIME) == pytest.approx(3.1, abs=0.2)


class TestPrint:
    def test_prints_who_when_and_what_and_names_each_file(self, open_page: OpenPage) -> None:
        page = open_page(rich(), title="For Robin")
        page.locator(".note .star").first.click()
        page.evaluate(
            """addEventListener("beforeprint", () => {
                const shown = (it) => getComputedStyle(it).display !== "none";
                window.printed = document.querySelector(".keepsake").innerText;
                window.others = [...document.body.children].filter(shown).map((it) => it.className);
            })"""
        )
        page.emulate_media(media="print")
        assert page.pdf().startswith(b"%PDF-")
        text = page.evaluate("window.printed")
        assert text.startswith("For Robin\n\n31 Dec 2023 \u2013 9 Jan 2025 · 5 voice notes · 30 s")
        assert "Sunday, 31 December 2023" in text
        assert "Mum · 17:00 · 0:06 ★" in text
        assert SAID in text
        assert LONG in text
        assert re.search(r"^Voice notes/1.opus$|^1.opus$", text, re.MULTILINE)
        assert text.count(".opus") == 5
        assert page.evaluate("window.others") == ["keepsake"]
        page.emulate_media(media="screen")
        expect(page.locator(".keepsake")).to_be_empty()
        expect(page.locator(".note")).to_have_count(5)

    def test_prints_only_the_list_that_is_shown(self, open_page: OpenPage) -> None:
        page = open_page([*sample(), note(2000, transcript="Happy new year")])
        page.get_by_role("link", name="Family").click()
        page.evaluate(
            """addEventListener("beforeprint", () => {
                window.printed = document.querySelector(".keepsake").innerText;
            })"""
        )
        page.pdf()
        text = page.evaluate("window.printed")
        assert "Family" in text
        assert "Forty tomatoes!" in text
        assert "Happy new year" not in text
