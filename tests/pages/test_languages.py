"""The page's words: every language whole, idiomatic in its plurals, and in its own direction."""

# ruff: noqa: RUF001 - words of many languages

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gdrive_wa.core.context import ContextKind, Reply
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages import languages
from gdrive_wa.pages.languages import LANGUAGES, catalogue
from tests.pages.conftest import OpenPage, play_over_and_over, until
from tests.pages.people import note, sample
from tests.pages.rich import message, rich

ASSETS = Path(languages.__file__).parent / "assets"
TEXTS = catalogue()
ENGLISH = TEXTS["en"]
OTHERS = [tag for tag in LANGUAGES if tag != "en"]
SCRIPTS = {"ar": "\u0600-\u06ff", "hi": "\u0900-\u097f"}
"""The letters of the languages that are not written in Latin ones."""

SAME_IN = {
    "chats": {"de", "es"},
    "inChat": {"de", "it"},
    "kindContact": {"fr"},
    "kindDocument": {"fr"},
    "kindOther": {"fr"},
    "kindPhoto": {"fr"},
    "kindSticker": {"de", "es", "fr", "it"},
    "kindVideo": {"de", "id", "it", "tr"},
    "noteName": set(OTHERS),
    "positionHere": {"fr"},
    "shortHours": {"es", "fr", "it", "pt-BR"},
    "shortMinutes": {"es", "fr", "it", "pt-BR"},
    "shortSeconds": {"de", "es", "fr", "it", "pt-BR"},
    "when": set(OTHERS),
}
"""Texts that are written in these languages as in English."""

NAMES = re.compile(r"\{\w+\}|--\w+|WhatsApp|Firefox|Chrome|gdrive-wa")
ENGLISH_WORDS = re.compile(
    r"\b(the|this|that|of|with|from|and|not|is|are|your|notes?|messages?|recordings?|file)\b",
    re.IGNORECASE,
)
FOREIGN = {"fr": {"file", "message", "messages", "note", "notes"}, "it": {"file"}}
"""Words that only look English."""


SEARCHES = {
    "ar-EG": {
        "٣١ ديسمبر ٢٠٢٣": 4,
        "31 ديسمبر": 4,
        "امي": 1,
        "جدّة": 1,
        "غير معروف": 1,
    },
    "hi-IN": {"१ जनवरी": 2, "माँ": 1, "मां": 1, "मा": 1, "मी": 0, "कमरे मे": 1},
    "tr-TR": {"1 ocak": 2, "ISIK": 1},
    "id-ID": {"1 Januari 2024": 2},
    "it-IT": {"1 gennaio": 2},
}
"""How many notes a search finds, by locale."""


def forms(text: str | dict[str, str]) -> dict[str, str]:
    return {"": text} if isinstance(text, str) else text


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_the_catalogues_are_those_that_the_page_offers() -> None:
    assert {path.stem for path in (ASSETS / "languages").iterdir()} == set(LANGUAGES)
    assert {"en", "de", "es", "pt-BR", "fr", "it", "hi", "id", "ar", "tr"} == set(LANGUAGES)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_text_is_lacking_empty_or_left_over(tag: str) -> None:
    assert list(TEXTS[tag]) == list(ENGLISH)
    for key, text in TEXTS[tag].items():
        assert isinstance(text, dict) == isinstance(ENGLISH[key], dict), key
        assert all(form.strip() for form in forms(text).values()), key


@pytest.fixture(scope="module")
def plurals(browser: Browser) -> dict[str, dict[str, list[int]]]:
    """The categories of each language, each with its numbers below 300."""
    page = browser.new_page()
    found: dict[str, dict[str, list[int]]] = page.evaluate(
        """tags => Object.fromEntries(tags.map((tag) => {
            const rules = new Intl.PluralRules(tag);
            const found = Object.fromEntries(
                rules.resolvedOptions().pluralCategories.map((category) => [category, []]));
            for (let n = 0; n < 300; n += 1) found[rules.select(n)].push(n);
            return [tag, found];
        }))""",
        list(LANGUAGES),
    )
    page.close()
    return found


@pytest.mark.parametrize("tag", LANGUAGES)
def test_plurals_are_those_of_the_language(
    tag: str, plurals: dict[str, dict[str, list[int]]]
) -> None:
    numbers = plurals[tag]
    for key, text in TEXTS[tag].items():
        if not isinstance(text, dict):
            continue
        assert set(text) == set(numbers), key
        for category, form in text.items():  # a form for one number may say it as a word
            spoken = {"n"} if tag == "ar" and len(numbers[category]) == 1 else set()
            assert places(form) | spoken == places(forms(ENGLISH[key])["other"]) | spoken, category


@pytest.mark.parametrize("tag", LANGUAGES)
def test_values_have_the_same_names_everywhere(tag: str) -> None:
    for key, text in TEXTS[tag].items():
        if isinstance(text, str):
            assert places(text) == places(str(ENGLISH[key])), key


@pytest.mark.parametrize("tag", OTHERS)
def test_no_english_is_left(tag: str) -> None:
    same = {key for key, text in TEXTS[tag].items() if text == ENGLISH[key]}
    assert same == {key for key, tags in SAME_IN.items() if tag in tags} - _translated(tag)
    for key, text in TEXTS[tag].items():
        for form in forms(text).values():
            rest = NAMES.sub("", form)
            words = {word.lower() for word in ENGLISH_WORDS.findall(rest)} - FOREIGN.get(tag, set())
            assert not words, (key, form)
            if tag in SCRIPTS:
                assert not re.search("[A-Za-z]", rest), (key, form)


def _translated(tag: str) -> set[str]:
    return {"noteName", "when"} if tag == "ar" else set()  # its comma is another


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    code = "".join(path.read_text("utf-8") for path in sorted(ASSETS.glob("*.js")))
    markup = (ASSETS / "page.html").read_text("utf-8")
    in_markup = set(re.findall(r'data-(?:word|label|hint)="(\w+)"', markup))
    asked = set(re.findall(r'\b(?:t|parts)\("(\w+)"', code))
    assert (in_markup | asked) - set(ENGLISH) == set()
    quoted = set(re.findall(r'"(\w+)"', code))
    assert set(ENGLISH) - in_markup - quoted - {"name"} == set()


def test_the_markup_is_in_english_until_the_script_runs() -> None:
    markup = (ASSETS / "page.html").read_text("utf-8")
    shown = re.findall(r'data-word="(\w+)">([^<]*)<', markup)
    named = re.findall(r'aria-label="([^"]*)" data-label="(\w+)"', markup)
    hinted = re.findall(r'placeholder="([^"]*)" data-hint="(\w+)"', markup)
    pairs = [*shown, *((key, text) for text, key in (*named, *hinted))]
    assert len(pairs) > 60
    assert {key: text for key, text in pairs if ENGLISH[key] != text} == {}
    untouched = re.sub(r"<(noscript|style|script)>.*?</\1>|\{%.*?%\}", "", markup, flags=re.DOTALL)
    for element in re.findall(r"<([^>]*aria-label=[^>]*)>", untouched):
        assert "data-label" in element


def catalogue_text(tag: str) -> str:
    texts = (text for key, text in TEXTS[tag].items() if key != "name")
    return " ".join(form for text in texts for form in forms(text).values())


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text))


def wordless() -> list[VoiceNote]:
    """Notes of all kinds in which nobody says a word, or has a name other than a number."""
    plain = [
        replace(one, sender="1", chat="2" if one.chat_jid else one.chat, transcript=None)
        for one in sample()
    ]
    said = replace(rich()[0], sender="1", chat="2", transcript="3 4", words=((0, 1, "3"),))
    unknown = replace(plain[6], sender="Unknown", chat="Unmatched")
    quiet = [replace(message("5", 1, "6"), kind=kind) for kind in ContextKind]
    spoken = replace(said, before=tuple(quiet), after=(), reply_to=Reply(sender="7", text="8"))
    return [replace(spoken, reactions=()), *plain, unknown]


@pytest.mark.browser
@pytest.mark.slow
class TestOnThePage:
    @pytest.mark.parametrize(
        ("locale", "tag", "heading"),
        [
            ("it-CH", "it", "Tutti i messaggi vocali"),
            ("hi-IN", "hi", "सभी वॉइस मैसेज"),
            ("in-ID", "id", "Semua pesan suara"),
            ("ar-EG", "ar", "كل الرسائل الصوتية"),
            ("tr", "tr", "Tüm sesli mesajlar"),
            ("pt-PT", "pt-BR", "Todas as mensagens de voz"),
            ("ja-JP", "en", "All voice notes"),
        ],
    )
    def test_is_the_readers(self, open_page: OpenPage, locale: str, tag: str, heading: str) -> None:
        page = open_page(sample(), locale=locale)
        expect(page.get_by_role("heading", level=2).first).to_have_text(heading)
        expect(page.locator("html")).to_have_attribute("lang", tag)
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if tag == "ar" else "ltr")
        assert page.title() == TEXTS[tag]["voiceNotes"]

    def test_a_title_of_ones_own_stays(self, open_page: OpenPage) -> None:
        page = open_page(sample(), locale="it-IT", title="Nonna")
        assert page.title() == "Nonna"
        expect(page.get_by_role("heading", level=1)).to_have_text("Nonna")

    def test_can_be_chosen_and_is_remembered(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.get_by_role("button", name="More").click()
        choice = page.get_by_role("combobox", name="Language")
        expect(choice.locator("option")).to_have_text(
            [str(TEXTS[tag]["name"]) for tag in LANGUAGES]
        )
        choice.select_option("ar")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        page.reload()
        expect(page.get_by_role("heading", level=2).first).to_have_text("كل الرسائل الصوتية")

    @pytest.mark.parametrize("tag", OTHERS)
    def test_shows_nothing_in_english(self, open_page: OpenPage, tag: str) -> None:
        page = open_page(wordless(), locale=tag)
        page.locator("button.play").first.click()
        page.locator("button.fold").first.click()
        page.evaluate(
            """() => {
                for (const it of document.querySelectorAll("dialog")) it.show();
                for (const it of document.querySelectorAll("code, #language")) it.remove();
            }"""
        )
        english, own = words_of(catalogue_text("en")), words_of(catalogue_text(tag))
        assert words_of(page.evaluate("document.body.innerText")) & (english - own) == set()

    @pytest.mark.parametrize("tag", LANGUAGES)
    def test_nothing_is_cut_on_the_narrowest_phone(self, open_page: OpenPage, tag: str) -> None:
        page = open_page(rich(), locale=tag, viewport={"width": 320, "height": 640})
        page.locator("button.play").first.click()
        for name in ("tools", "queue", "more", "share", "help"):
            page.evaluate("name => document.querySelector(`dialog.${name}`).show()", name)
        assert (
            page.evaluate(
                """() => [
                    ...document.querySelectorAll("html, dialog, .player, .where, .note, .row")]
                .filter((it) => it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0)
                .map((it) => it.outerHTML.slice(0, 200))"""
            )
            == []
        )

    def test_arabic_counts_as_arabic_does(self, open_page: OpenPage) -> None:
        lengths = {
            1: "ثانية واحدة",
            2: "ثانيتان",
            5: "٥ ثوانٍ",
            11: "١١ ثانية",
            62: "دقيقة واحدة وثانيتان",
        }
        notes = [note(number, duration=seconds) for number, seconds in enumerate(lengths, 1)]
        page = open_page(notes, locale="ar-EG")
        sliders = page.locator(".note .seek")
        for index, spoken in enumerate(lengths.values()):
            ends = re.compile(f" من {spoken}$")
            expect(sliders.nth(index)).to_have_attribute("aria-valuetext", ends)
        page = open_page([note(1)], locale="ar-EG")
        expect(page.locator(".count")).to_contain_text("رسالة صوتية واحدة")

    def test_dates_and_numbers_are_of_the_readers_country(self, open_page: OpenPage) -> None:
        page = open_page(sample(), locale="ar-SA")  # whose own calendar is another
        expect(page.locator(".timeline h3").first).to_have_text("الأحد، ٣١ ديسمبر ٢٠٢٣")
        expect(page.locator(".years .year").first).to_have_text("٢٠٢٣")
        expect(page.locator(".note time").first).to_have_text("٥:٠٠ م")
        expect(page.locator(".note .length").first).to_have_text("٠:٠٦")

    @pytest.mark.parametrize("locale", SEARCHES)
    def test_search_reads_the_letters_of_the_language(
        self, open_page: OpenPage, locale: str
    ) -> None:
        notes = sample()
        notes[1] = replace(notes[1], transcript="أُمّي في بيت جده. Işık söndü. माँ कमरे में हैं।")
        page = open_page(notes, locale=locale)
        found = {}
        for words in SEARCHES[locale]:
            page.get_by_role("searchbox").fill(words)
            page.keyboard.press("Enter")
            found[words] = page.locator(".note").count()
        assert found == SEARCHES[locale]

    @pytest.mark.parametrize(
        ("key", "code"),
        [("ت", "KeyJ"), ("र", "KeyJ"), ("\u043e", "KeyJ")],
    )
    def test_keys_work_on_keyboards_of_other_letters(
        self, open_page: OpenPage, key: str, code: str
    ) -> None:
        page = open_page(sample())
        press = """([key, code]) => document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key, code, bubbles: true }))"""
        page.evaluate(press, [key, code])
        expect(page.locator('.note[data-note="0"] button.play')).to_be_focused()
        page.evaluate(press, ["ö", "Comma"])  # a Latin letter is itself
        page.evaluate(press, ["؟", "Slash"])
        expect(page.locator("dialog.help")).to_be_visible()

    def test_an_older_firefox_shows_simpler_initials(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        page.add_init_script("delete Intl.Segmenter")
        page.reload()
        expect(page.locator(".note .face").first).to_have_attribute("data-initials", "M")

    def test_initials_are_whole_letters_and_never_a_word(self, open_page: OpenPage) -> None:
        names = ("मीरा देवी", "محمد علي", "Mia Rossi", "", "👩‍👩‍👧 x")
        notes = [
            note(i, sender=name, sender_jid=f"1555010{i}@s.whatsapp.net")
            for i, name in enumerate(names, 1)
        ]
        page = open_page(notes)
        faces = page.locator(".note .face")
        shown = [one.get_attribute("data-initials") for one in faces.all()]
        assert shown[:4] == ["मीदे", "م\u200cع", "MR", "?"]


def box(page: Page, selector: str) -> Any:
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return found


@pytest.mark.browser
class TestRightToLeft:
    def test_is_the_mirror_of_left_to_right(self, open_page: OpenPage) -> None:
        page = open_page(rich(), locale="ar")
        width = page.evaluate("document.documentElement.clientWidth")
        for start, end in ((".chats", "main"), ("main", ".years-home"), ("h1", ".search")):
            assert box(page, start)["x"] > box(page, end)["x"]
        note_box, play = box(page, ".note"), box(page, ".note .play")
        assert play["x"] > note_box["x"] + note_box["width"] / 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_time_runs_from_left_to_right(self, open_page: OpenPage) -> None:
        page = open_page(rich(), locale="ar")
        play_over_and_over(page)
        page.locator("button.play").first.click()
        page.evaluate("document.querySelector('audio').pause()")
        for order in (
            (".transport .before", ".transport .toggle", ".transport .after"),
            (".scrubber", ".clock"),
        ):
            edges = [box(page, f".player {one}")["x"] for one in order]
            assert edges == sorted(edges)
        wave = box(page, ".note.current .seek")
        page.mouse.click(wave["x"] + wave["width"] / 4, wave["y"] + wave["height"] / 2)
        page.evaluate("document.querySelector('audio').pause()")
        place = "document.querySelector('audio').currentTime"
        until(page, f"{place} > 1 && {place} < 2.5")
        page.keyboard.press("ArrowRight")
        until(page, f"{place} > 5.5")

    def test_what_has_played_stands_left_of_the_whole(self, open_page: OpenPage) -> None:
        page = open_page(sample(), locale="ar-EG")
        page.locator("button.play").first.click()
        page.evaluate("document.querySelector('audio').pause()")
        expect(page.locator(".note.current .length")).to_have_text(
            re.compile("^٠:٠[٠-٦]\u200e / \u200e٠:٠٦$")
        )

    def test_names_of_the_other_direction_stay_whole(self, open_page: OpenPage) -> None:
        page = open_page([*sample(), note(40, sender="\u200fأمي", sender_jid="1@s.whatsapp.net")])
        options = page.locator("#speaker option")
        expect(options.filter(has_text="أمي")).to_have_text("\u2068\u200fأمي\u2069")
        expect(options.filter(has_text="Robin").first).to_have_text("Robin (this phone)")
        arabic = open_page(sample(), locale="ar")
        expect(arabic.locator("#speaker option").nth(1)).to_have_text(
            "\u2068Robin\u2069 (هذا الهاتف)"
        )
        for place in ("h1 > bdi", ".speaker", ".chats .name > bdi", ".note .in > bdi"):
            assert arabic.locator(place).first.evaluate("it => it.localName") == "bdi"
