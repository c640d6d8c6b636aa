"""Names that look like markup, script or a path."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import OpenPage
from tests.pages.people import note

pytestmark = pytest.mark.browser

NAMES = {
    "climbing": "../../x",
    "absolute": "/etc/x",
    "drive letter": "C:\\x",
    "share": "\\\\host\\x",
    "climbing inside": "a/../../b",
    "climbing backwards": "..\\x",
    "NUL": "a\x00b",
    "newline": "a\nb\r\nc",
    "device": "CON",
    "device with suffix": "aux.opus",
    "trailing dot and space": "name. ",
    "300 bytes": "n" * 300,
    "5 000 bytes": "m" * 5000,
    "emoji": "👩‍👩‍👧‍👦🎈",
    "direction override": "\u202egnp.exe",
    "composed": "Zo\u00eb",
    "decomposed": "Zoe\u0308",
    "upper case": "A.opus",
    "lower case": "a.opus",
    "empty": "",
    "dot": ".",
    "dots": "..",
    "option": "-rf",
    "home": "~root",
    "encoded": "%2e%2e%2f",
    "script end": "</script><img src=x onerror=alert(1)>",
    "script": "<script>alert(1)</script>",
    "noscript end": "</noscript><img src=x onerror=alert(1)>",
    "comment": "<!--<script>",
    "attribute": '" onmouseover="alert(1)" autofocus onfocus="alert(1)',
    "single quotes": "' onclick='alert(1)",
    "template": "{{ 7 * 7 }}{% raw %}${alert(1)}",
    "link": "javascript:alert(1)",
    "remote": "//evil.example/x.opus",
    "remote picture": '<img src="http://evil.example/x">',
    "sql": '"; DROP TABLE jid;--',
    "style end": "</style><style>*{display:none}",
    "title end": "</title><script>alert(1)</script>",
    "line separators": "a\u2028b\u2029c",
    "lone surrogate": "a\ud800b",
    "object": "__proto__",
    "method": "constructor",
}

OURS = {
    *("html", "head", "meta", "title", "link", "style", "body", "script", "noscript"),
    *("header", "main", "nav", "section", "form", "div", "p", "span", "ul", "ol", "li"),
    *("h1", "h2", "h3", "dl", "dt", "dd", "dialog", "aside", "bdi", "time", "kbd", "code"),
    *("a", "button", "label", "input", "select", "option", "svg", "path", "audio"),
}
"""Every kind of element that the page itself makes."""


def elements(page: Page) -> dict[str, int]:
    counts: dict[str, int] = page.evaluate(
        """() => {
            const counts = {};
            for (const one of document.querySelectorAll("*")) {
                counts[one.localName] = (counts[one.localName] || 0) + 1;
                for (const { name } of one.attributes) if (name.startsWith("on")) counts[name] = 1;
            }
            return counts;
        }"""
    )
    return counts


def shown(name: str) -> str:
    return name.replace("\ud800", "?").strip() or "(no name)"


def test_are_shown_as_they_are_and_nothing_else_happens(open_page: OpenPage) -> None:
    notes = [
        note(
            number,
            chat=name,
            chat_jid=f"1555{number:04}@s.whatsapp.net" if number % 2 else "",
            sender=name,
            sender_jid=None,
            transcript=name,
            message_id=name,
            file=None,
        )
        for number, name in enumerate(NAMES.values())
    ]
    page = open_page(notes, title="".join(NAMES.values()))
    assert set(elements(page)) == OURS
    assert elements(page)["script"] == 1  # the one with the data is removed once it is read
    for number, name in enumerate(NAMES.values()):
        page.keyboard.press("j")
        row = page.locator(f'.note[data-note="{number}"]')
        expect(row).to_be_focused()
        assert row.locator(".speaker").text_content() == shown(name)
        if name:
            assert row.locator(".words").text_content() == name.replace("\ud800", "?")
    page.get_by_role("searchbox").fill("alert")
    page.keyboard.press("Enter")
    expect(page.locator(".note")).to_have_count(sum("alert" in name for name in NAMES.values()))
    assert set(elements(page)) <= {*OURS, "mark"}


def test_chats_with_such_names_open_and_are_found_again(open_page: OpenPage) -> None:
    notes = [
        note(number, chat=name, chat_jid="", message_id=name)
        for number, name in enumerate(NAMES.values())
    ]
    page = open_page(notes)
    newest_first = list(enumerate(NAMES.values()))[::-1]
    for place, (number, name) in enumerate(newest_first, 1):
        page.get_by_role("navigation").get_by_role("link").nth(place).click()
        expect(page.get_by_role("heading", level=2)).to_have_text(shown(name))
        row = page.locator(f'.note[data-note="{number}"]')
        row.get_by_role("button", name="Star").click()
        page.keyboard.press("j")  # the address now names this note
    page.reload()
    expect(page.get_by_role("heading", level=2)).to_have_text(shown(newest_first[-1][1]))
    page.get_by_role("navigation").get_by_role("link").first.click()
    page.get_by_role("button", name="Starred", exact=True).click()
    expect(page.locator(".count")).to_contain_text(f"{len(NAMES)} voice notes")


def test_files_with_such_names_lead_nowhere_else(open_page: OpenPage) -> None:
    notes = [note(number, file=name) for number, name in enumerate(NAMES.values())]
    notes += [
        note(100 + number, file=f"Voice notes/{name}") for number, name in enumerate(NAMES.values())
    ]
    page = open_page(notes, files=False, viewport={"width": 1280, "height": 20_000})
    folder = page.url.rpartition("/")[0]
    expect(page.locator(".note")).to_have_count(len(notes))
    targets = page.locator("a.open").evaluate_all("links => links.map((link) => link.href)")
    assert len(targets) >= 60
    for target in targets:
        assert target.startswith(f"{folder}/")
        assert len(target) > len(f"{folder}/")


def test_without_scripts_they_are_text_too(open_page: OpenPage) -> None:
    notes = [
        note(number, chat=name, sender=name, transcript=name, file=None)
        for number, name in enumerate(NAMES.values())
    ]
    page = open_page(notes, title="".join(NAMES.values()), java_script_enabled=False)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    expect(page.locator("ol.plain > li")).to_have_count(len(NAMES))
