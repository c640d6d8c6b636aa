"""Stars and places: where the reader stopped, in this browser and in a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gdrive_wa.pages.page import render, write_page
from gdrive_wa.storage.archive_id import archive_id, id_of_notes
from gdrive_wa.storage.tree import Tree
from tests.pages.conftest import OpenPage, until
from tests.pages.people import sample
from tests.pages.test_page import data_of

TIME = "document.querySelector('audio').currentTime"


def test_the_id_of_an_archive_is_kept_when_notes_come(tmp_path: Path) -> None:
    (tmp_path / ".gdrive-wa").mkdir()
    first = archive_id(Tree(tmp_path), ["b", "a"])
    assert first == id_of_notes(["a", "b"])
    assert archive_id(Tree(tmp_path), ["a", "b", "c"]) == first
    shutil.copytree(tmp_path, tmp_path / "copy")
    assert archive_id(Tree(tmp_path / "copy"), []) == first


def test_a_damaged_id_is_replaced_and_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    assert archive_id(Tree(tmp_path), ["a"]) == id_of_notes(["a"])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".gdrive-wa").mkdir()
    (tmp_path / ".gdrive-wa" / "archive-id").write_bytes(b"\xff<script>")
    assert archive_id(Tree(tmp_path), ["a"]) == id_of_notes(["a"])


def test_the_page_holds_the_id(tmp_path: Path) -> None:
    (tmp_path / ".gdrive-wa").mkdir()
    write_page(tmp_path, sample())
    first = data_of((tmp_path / "index.html").read_text("utf-8"))["id"]
    page = write_page(tmp_path, sample()[1:]).read_text("utf-8")
    assert data_of(page)["id"] == first
    assert data_of(render(sample()[1:]))["id"] != first


def stop_somewhere(page: Page) -> None:
    page.get_by_role("link", name="Mum").click()
    page.get_by_role("combobox", name="Speaker").select_option(label="Mum")
    page.locator('.note[data-note="3"] .seek').fill("2.5")
    page.evaluate("document.querySelector('audio').pause()")
    page.locator('.note[data-note="3"] .star').click()


def expect_the_same(page: Page) -> None:
    expect(page.get_by_role("heading", level=2).first).to_have_text("Mum")
    expect(page.get_by_role("combobox", name="Speaker").locator(":checked")).to_have_text("Mum")
    expect(page.locator(".note.current")).to_have_attribute("data-note", "3")
    until(page, f"{TIME} >= 2.4 && {TIME} < 4")
    assert page.evaluate("document.querySelector('audio').paused")
    expect(page.locator('.note[data-note="3"] .star')).to_have_attribute("aria-pressed", "true")


@pytest.mark.browser
class TestOnThePage:
    def test_a_reload_returns_to_the_same_second(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        stop_somewhere(page)
        page.reload()
        expect_the_same(page)

    def test_the_moved_folder_returns_there_tomorrow(
        self, open_page: OpenPage, tmp_path: Path
    ) -> None:
        page = open_page(sample())
        stop_somewhere(page)
        moved = tmp_path / "moved"
        moved.mkdir()
        for name in ("Voice notes", "index.html"):
            shutil.move(tmp_path / name, moved / name)
        page.goto((moved / "index.html").as_uri())
        expect_the_same(page)

    def test_a_file_brings_them_to_another_browser(
        self, open_page: OpenPage, tmp_path: Path
    ) -> None:
        page = open_page(sample())
        stop_somewhere(page)
        page.get_by_role("button", name="More").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save to a file").click()
        path = tmp_path / "stars.json"
        download.value.save_as(path)
        other = open_page(sample())
        other.get_by_role("button", name="More").click()
        other.locator(".places-file").set_input_files(path)
        expect(other.get_by_text("Done: 1 star.")).to_be_visible()
        other.keyboard.press("Escape")
        expect_the_same(other)

    @pytest.mark.parametrize("text", ["", "[]", "{", "\x00", '{"format": "x", "stars": {}}'])
    def test_another_file_is_refused(self, open_page: OpenPage, tmp_path: Path, text: str) -> None:
        page = open_page(sample())
        path = tmp_path / "x.json"
        path.write_text(text)
        page.get_by_role("button", name="More").click()
        page.locator(".places-file").set_input_files(path)
        expect(page.get_by_text("This is not a file with stars.")).to_be_visible()

    def test_a_hostile_file_harms_nothing(self, open_page: OpenPage, tmp_path: Path) -> None:
        page = open_page(sample())
        path = tmp_path / "x.json"
        place = {"address": "javascript:alert(1)", "filters": {"words": 3}, "playing": "__proto__"}
        stars = {"__proto__": [1, 9], "constructor": 1, "x": "<b>", "y": [1, "z"]}
        content = {"format": "gdrive-wa places", "archive": "x", "stars": stars, "place": place}
        path.write_text(json.dumps(content))
        page.get_by_role("button", name="More").click()
        page.locator(".places-file").set_input_files(path)
        expect(page.get_by_text("This file is from another archive.")).to_be_visible()
        page.reload()
        expect(page.locator(".note")).to_have_count(7)

    def test_stars_of_two_windows_are_both_kept(self, open_page: OpenPage) -> None:
        page = open_page(sample())
        other = page.context.new_page()
        other.goto(page.url)
        page.locator(".note").nth(0).get_by_role("button", name="Star").click()
        other.locator(".note").nth(3).get_by_role("button", name="Star").click()
        for one in (page, other):
            one.reload()
            expect(one.locator('.star[aria-pressed="true"]')).to_have_count(3)
