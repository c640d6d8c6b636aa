"""The page in Chromium and in Firefox, from disk: the same tests in both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gdrive_wa.pages.page import write_page
from tests.pages.bidi import Bidi
from tests.pages.conftest import OpenReader
from tests.pages.people import sample
from tests.pages.readers import FirefoxReader, Reader
from tests.pages.rich import LONG, SAID, rich

pytestmark = pytest.mark.browser

AUDIO = "document.querySelector('audio')"
TIME = f"{AUDIO}.currentTime"
PRESSED = "document.querySelectorAll('.star[aria-pressed=\"true\"]').length"


def play(reader: Reader, number: int = 0) -> None:
    reader.evaluate(f"{AUDIO}.loop = true")  # a slow test never finds it over
    reader.click(f'.note[data-note="{number}"] button.play')
    reader.until(f"{TIME} > 0.3 && !{AUDIO}.paused")


def search(reader: Reader, words: str) -> None:
    reader.click("#search")
    reader.write(words)
    reader.press("Enter")


def choose(reader: Reader, selector: str, value: str) -> None:
    reader.evaluate(
        f"""(() => {{
            const choice = document.querySelector("{selector}");
            choice.value = "{value}";
            choice.dispatchEvent(new Event("change"));
        }})()"""
    )


def test_opens_from_disk_and_shows_every_note(open_reader: OpenReader) -> None:
    reader = open_reader(sample())
    assert reader.evaluate("location.protocol") == "file:"
    assert reader.evaluate("document.querySelectorAll('.note').length") == 7
    assert reader.text(".count") == "7 voice notes \u00b7 36 s \u00b7 1 without a recording"
    assert reader.texts(".timeline h3")[:2] == [
        "Sunday, 31 December 2023",
        "Monday, 1 January 2024",
    ]
    assert reader.texts(".note time")[:2] == ["17:00", "18:00"]


def test_search_finds_a_sentence(open_reader: OpenReader) -> None:
    said = LONG.replace("old tree", "crooked tree", 1)
    reader = open_reader([replace(rich()[1], transcript=said), *rich()[:1]])
    search(reader, "CROOKED")
    assert reader.texts("mark") == ["crooked"]
    assert "We sat under the crooked tree for an hour." in reader.text(".words")
    assert len(reader.texts(".note")) == 1


def test_a_note_plays(open_reader: OpenReader) -> None:
    reader = open_reader(sample())
    play(reader)
    reader.until(f"{TIME} > 1")
    assert reader.evaluate("document.querySelectorAll('.note.current:not(.gone)').length") == 1
    assert reader.evaluate(f"{AUDIO}.duration") == pytest.approx(6, abs=0.5)
    assert reader.text(".player .who") == "Mum"
    reader.press("Space")
    assert reader.evaluate(f"{AUDIO}.paused")


def test_a_pressed_word_plays_from_there(open_reader: OpenReader) -> None:
    reader = open_reader(rich())
    reader.evaluate(f"{AUDIO}.loop = true")
    place = SAID.split().index("tomatoes")
    reader.click(f'.word[data-word-at="{place}"]')
    reader.until(f"{TIME} > {place * 0.3 - 0.1} && !{AUDIO}.paused")
    reader.until("document.querySelector('.word.now') !== null")
    reader.evaluate(f"{AUDIO}.pause()")
    reader.evaluate(f"{AUDIO}.currentTime = {place * 0.3 + 0.1}")
    reader.press(",")
    reader.until(f"Math.abs({TIME} - {(place - 1) * 0.3}) < 0.1")


def test_place_and_stars_survive_a_reload(open_reader: OpenReader) -> None:
    reader = open_reader(sample())
    reader.click('.note[data-note="3"] .star')
    play(reader, 3)
    reader.evaluate(f"{AUDIO}.pause()")
    reader.evaluate(f"{AUDIO}.currentTime = 2.5")
    reader.until(f"{AUDIO}.seeking === false && {TIME} > 2.4")
    reader.reload()
    reader.until(f"{TIME} > 2.3 && {TIME} < 3")
    assert reader.evaluate(f"{AUDIO}.paused")
    assert reader.evaluate(PRESSED) == 2  # one by WhatsApp
    assert reader.evaluate("document.querySelector('.note.current').dataset.note") == "3"


def test_another_language_is_chosen_and_remembered(open_reader: OpenReader) -> None:
    reader = open_reader(sample(), locale="tr-TR")
    assert reader.text(".heading h2") == "Tüm sesli mesajlar"
    reader.leads_to_load(lambda: choose(reader, "#language", "ar"))
    for _ in range(2):
        assert reader.text(".heading h2") == "كل الرسائل الصوتية"
        assert reader.evaluate("document.documentElement.dir") == "rtl"
        assert reader.evaluate(
            "document.querySelector('main').offsetLeft < document.querySelector('nav').offsetLeft"
        )
        reader.reload()


def test_plurals_are_those_of_the_catalogues(open_reader: OpenReader) -> None:
    reader = open_reader(sample(), locale="ar-EG")
    (text,) = reader.texts(".count")
    assert text == "\u0667 رسائل صوتية، \u0663\u0666 ث، واحدة بلا تسجيل"


def test_prints_only_the_keepsake(open_reader: OpenReader) -> None:
    reader = open_reader(rich())
    reader.evaluate(
        """void addEventListener("beforeprint", () => {
            window.printed = document.querySelector(".keepsake").textContent; })"""
    )
    assert reader.pdf().startswith(b"%PDF")
    assert SAID in reader.evaluate("window.printed")
    shown = reader.evaluate(
        """(() => {
            for (const { cssRules } of document.styleSheets) for (const { media } of cssRules)
                if (media?.mediaText === "print") media.mediaText = "all";
            dispatchEvent(new Event("beforeprint"));
            return [...document.body.children]
                .filter((it) => it.getClientRects().length).map((it) => it.className);
        })()"""
    )
    assert shown == ["keepsake"]


def test_a_damaged_file_is_named_and_a_sound_one_is_not(
    open_reader: OpenReader, tmp_path: Path, problems: list[str]
) -> None:
    reader = open_reader(sample())
    (tmp_path / "Voice notes" / "2.opus").write_bytes(b"not a recording")
    reader.click('.note[data-note="1"] button.play')
    reader.until("document.querySelector('.note[data-note=\"1\"].gone') !== null")
    assert "could not play the file" in reader.text('.note[data-note="1"] .reason')
    play(reader, 0)
    reader.until(f"{TIME} > 1")
    assert "could not play the file" not in reader.text('.note[data-note="0"]')
    problems[:] = [one for one in problems if "Failed to load resource" not in one]


def test_what_a_page_from_disk_must_not_do_is_noticed_in_firefox(
    firefox: Bidi, tmp_path: Path
) -> None:
    reader = FirefoxReader(firefox, write_page(tmp_path, []), "en-GB")
    reader.evaluate("console.error('an error')")
    reader.evaluate("setTimeout(() => { window.nothing.at.all; })")
    reader.evaluate(
        """new Promise((done) => {
            addEventListener("securitypolicyviolation", () => done());
            document.body.append(Object.assign(new Image(), { src: "https://example.com/x.png" }));
        })"""
    )
    noticed = reader.close()
    for problem in ("console: an error", "window.nothing is undefined", "policy: img-src"):
        assert any(problem in one for one in noticed), (problem, noticed)
