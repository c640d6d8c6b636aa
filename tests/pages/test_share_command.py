"""The command that the page shows to give notes away, run as it is in a real shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.core.model import NoteStatus
from gdrive_wa.jobs.restore import restore
from gdrive_wa.sources import open_folder
from tests.chats.store import MUM, Rows, jids, media, message, modern, path_of
from tests.pages.conftest import watch

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "Mum",
    "Anna Maria",
    'it\'s "here"',
    "$(touch pwned)",
    "`touch pwned`; touch pwned",
    "two\nlines",
    "-rf",
    "--zip",
    "a\\'b\\\\c",
    "\u0645\u0627\u0645\u0627 \u202eabc",
    "*",
    "~",
    "100 % $HOME",
    "Twin",
    "twin",
)
HARD = ("a\n'b'\\\t%s\x1b[0m\\n", "-e '\\''\n", "%%\r\\0101", "plain", "'", "\\''\n'")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One note in each of many groups, in a folder with a name that a shell would act on."""
    folder = tmp_path_factory.mktemp("it's $(touch pwned) & co")
    phone = folder / "WhatsApp"
    (phone / "Databases").mkdir(parents=True)
    groups = [f"15550100-16000000{number:02}@g.us" for number in range(len(NAMES))]
    rows: Rows = [
        message(number, chat_row_id=number, sender_jid_row_id=len(NAMES) + 1)
        for number in range(1, len(NAMES) + 1)
    ]
    modern(
        phone / "Databases" / "msgstore.db",
        rows,
        [media(number, file_hash=None) for number in range(1, len(NAMES) + 1)],
        jid=jids(*groups, MUM),
        chat=[
            {"_id": number, "jid_row_id": number, "subject": name}
            for number, name in enumerate(NAMES, 1)
        ],
    )
    for number in range(1, len(NAMES) + 1):
        path = phone / path_of(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"OggS" + bytes([number]) * 99)
    restore(open_folder(phone), folder / "archive", timezone=UTC)
    return folder / "archive"


@pytest.fixture
def page(browser: Browser, archive: Path, problems: list[str]) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    watch(page, problems)
    page.goto((archive / "index.html").as_uri())
    yield page
    context.close()
    assert problems == []


def open_panel(page: Page, what: str) -> None:
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Give notes to somebody").click()
    page.get_by_role("combobox", name="What to give").select_option(label=what)


def command(page: Page) -> str:
    text: str = page.locator("code.posix").text_content() or ""
    return text


def run(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `text` in a POSIX shell in the empty folder `folder`."""
    programs = folder.parent / f"{folder.name} bin"
    programs.mkdir(exist_ok=True)
    ours = programs / "gdrive-wa"
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gdrive_wa "$@"\n')
    ours.chmod(0o755)
    return subprocess.run(
        ["sh", "-c", text],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{programs}:{os.environ['PATH']}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def given(archive: Path) -> tuple[Path, list[str]]:
    """The one new folder beside the archive, and the chats in it."""
    known = {archive.name, "WhatsApp"}
    (found,) = [path for path in archive.parent.iterdir() if path.name not in known]
    notes = open_archive(found).notes()
    assert all(note.status is NoteStatus.RESTORED for note in notes)
    return found, [note.chat_jid for note in notes]


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_the_shown_command_gives_one_chat_whatever_it_is_called(
    page: Page, archive: Path, tmp_path: Path, number: int
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    open_panel(page, "One chat")
    jid = f"15550100-16000000{number:02}@g.us"
    at = page.evaluate(
        "jid => [...document.querySelectorAll('dialog.share .which option')].map(it => it.value)",
        jid,
    )
    assert len(at) == len(NAMES)
    index = [note.chat_jid for note in open_archive(archive).notes()].index(jid)
    page.get_by_role("combobox", name="Which one").select_option(value=str(index))
    ended = run(command(page), empty)
    assert ended.returncode == 0, (command(page), ended.stderr)
    folder, chats = given(archive)
    assert chats == [jid]
    assert list(empty.iterdir()) == []
    assert not (archive / "pwned").exists()
    subprocess.run(["rm", "-r", str(folder)], check=True)


@pytest.mark.parametrize("text", HARD)
def test_any_text_comes_through_the_shell_as_it_is(browser: Browser, text: str) -> None:
    """The page's own function, with its text through a real shell."""
    source = (ROOT / "gdrive_wa" / "pages" / "assets" / "share.js").read_text("utf-8")
    function = source[source.index("function quotePosix") : source.index("/** For PowerShell")]
    page = browser.new_page()
    quoted = page.evaluate(f"text => {{ {function}; return quotePosix(text); }}", text)
    page.close()
    assert not [one for one in quoted if ord(one) < 32]
    show = 'import sys; sys.stdout.buffer.write(sys.argv[1].encode("utf-8", "surrogateescape"))'
    ended = subprocess.run(
        ["sh", "-c", f"{sys.executable} -c '{show}' {quoted}"], capture_output=True, check=True
    )
    assert ended.stdout.decode() == text.rstrip("\n")


def test_stars_of_the_page_are_given_away_with_the_file_that_it_saves(
    page: Page, archive: Path, tmp_path: Path
) -> None:
    empty, downloads = tmp_path / "empty", tmp_path / "T\u00e9l\u00e9chargements"
    empty.mkdir()
    page.locator(".note .star").nth(2).click()
    open_panel(page, "The starred notes")
    assert "--starred --stars gdrive-wa-stars-" in command(page)
    refused = run(command(page), empty, XDG_DOWNLOAD_DIR=str(downloads))
    assert refused.returncode == 2
    assert "no file named 'gdrive-wa-stars-" in refused.stderr
    assert "hint: on the page, choose 'Save to a file'" in refused.stderr
    with page.expect_download() as download:
        page.locator("dialog.share").get_by_role("button", name="Save to a file").click()
    download.value.save_as(downloads / download.value.suggested_filename)
    ended = run(command(page), empty, XDG_DOWNLOAD_DIR=str(downloads))
    assert ended.returncode == 0, ended.stderr
    folder, chats = given(archive)
    assert chats == ["15550100-1600000002@g.us"]
    subprocess.run(["rm", "-r", str(folder)], check=True)


def test_the_stars_of_whatsapp_need_no_file(page: Page) -> None:
    open_panel(page, "The starred notes")
    assert command(page).endswith("--starred")
    assert page.locator("dialog.share .save-stars").is_hidden()
