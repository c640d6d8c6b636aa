"""The page of 20 000 notes with messages around them and words that play, in a real Chromium.

python -m tests.benchmarks page

Time is processor time of the tab: from an empty tab to a page whose notes can be played, and of the
first search, which reads every text. Memory is that of the tab's process.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.pages.page import write_page
from tests.benchmarks.table import BUDGET, Reach, Row, enter, print_budget
from tests.benchmarks.workspace import parse, workspace
from tests.conftest import CHROMIUMS, QUIET

MANY = 20_000
CHATS = 200
AROUND = 3
START = datetime(2016, 1, 1, tzinfo=UTC)
SPACING = timedelta(hours=4)
"""Between two notes: 20 000 of them fill nine years."""
NEEDLE = "rhubarb"
QUIET_SECONDS = 10
"""A tab frees what it no longer needs some time after it was busy."""
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


@dataclass(frozen=True, slots=True)
class Opened:
    """A page in a tab of its own.

    Attributes:
        seconds: until its notes could be played, from the navigation.
        busy: seconds of processor time of the tab's process until then, its start included.
        search: seconds of the first search.
        memory: MB of the tab's process, with what it shares with others (RSS), some quiet seconds
            after that search.
        own: MB of it that no other process has (USS).
        peak: as `memory`, at once after the search.
    """

    seconds: float
    busy: float
    search: float
    memory: float
    own: float
    peak: float


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    options = parse(arguments)
    with workspace(options) as work:
        page = write_page(work.folder, list(make_notes(options.few(MANY))), timezone=UTC)
        size = page.stat().st_size / 1e6
        opened = open_page(page)
    print(
        f"\nthe page: {size:.1f} MB; usable after {opened.seconds:.2f} s, {opened.busy:.2f} s of"
        f" processor time; first search {opened.search:.2f} s; tab {opened.memory:.0f} MB,"
        f" {opened.own:.0f} MB of its own, {opened.peak:.0f} MB right after the search"
    )
    limit = Reach(cpu=1, memory=300)
    BUDGET.append(
        Row("20 000 notes on the page: usable", "1 s", None, opened.busy, opened.memory, limit)
    )
    enter("20 000 notes on the page: the file (MB)", size, Reach(memory=15))


def make_notes(count: int) -> Iterator[VoiceNote]:
    """Notes of nine years in 200 chats: each with its words and three messages on either side."""
    chance = random.Random(1)
    words = [_word(chance) for _ in range(6000)]
    weights = [1 / (place + 3) for place in range(len(words))]
    for number in range(count):
        chat = min(int(chance.expovariate(1 / 25)), CHATS - 1)
        name, jid = f"Person {chat}", f"1555{chat:04}@s.whatsapp.net"
        mine = chance.random() < 0.4
        sent_at = START + number * SPACING
        seconds = min(3 + chance.expovariate(1 / 15), 300)
        said = chance.choices(words, weights, k=int(seconds * 2.4))
        if number == count // 2:
            said[0] = NEEDLE
        yield VoiceNote(
            chat=name,
            chat_jid=jid,
            sender="Robin" if mine else name,
            sender_jid="15550100@s.whatsapp.net" if mine else jid,
            from_me=mine,
            sent_at=sent_at,
            file=f"Voice notes/{name}/{sent_at:%Y-%m-%d %H.%M.%S} {name}.opus",
            duration=round(seconds, 1),
            status=NoteStatus.RESTORED,
            message_id=f"3EB0{chance.getrandbits(64):016X}",
            waveform=tuple(chance.choices(range(101), k=64)),
            transcript=" ".join(said),
            transcript_source="small",
            words=tuple((place / 2.4, place / 2.4 + 0.3, word) for place, word in enumerate(said)),
            before=tuple(_message(chance, words, name, sent_at, -at) for at in (9, 5, 2)),
            after=tuple(_message(chance, words, name, sent_at, at) for at in (1, 4, 8)),
        )


def _message(
    chance: random.Random, words: list[str], name: str, moment: datetime, minutes: int
) -> ContextMessage:
    return ContextMessage(
        sender=chance.choice((name, "Robin")),
        sent_at=moment + timedelta(minutes=minutes),
        text=" ".join(chance.choices(words, k=chance.randrange(1, 12))),
        kind=ContextKind.TEXT,
    )


def _word(chance: random.Random) -> str:
    weights = [len(_LETTERS) - place for place in range(len(_LETTERS))]
    return "".join(chance.choices(_LETTERS, weights, k=chance.randrange(2, 9)))


def open_page(page: Path) -> Opened:
    """Open `page` from disk in a Chromium of its own, and search it."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        raise SystemExit("no Chromium on this machine: install the package chromium")
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *as_root])
        try:
            return _measured(browser, page)
        finally:
            browser.close()


def _measured(browser: Browser, path: Path) -> Opened:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(300_000)
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    page.locator(".note button.play").first.wait_for()
    tab = _tab()
    busy = sum(tab.cpu_times()[:2])
    seconds = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
    )
    search = page.evaluate(
        """word => {
            document.querySelector("#search").value = word;
            const start = performance.now();
            document.querySelector("form.search").requestSubmit();
            return (performance.now() - start) / 1000;
        }""",
        NEEDLE,
    )
    if page.locator(".note").count() != 1:
        raise SystemExit("the search does not find the one note")
    peak = tab.memory_info().rss
    page.wait_for_timeout(QUIET_SECONDS * 1000)
    memory = tab.memory_full_info()
    return Opened(seconds, busy, search, memory.rss / 1e6, memory.uss / 1e6, peak / 1e6)


def _tab() -> psutil.Process:
    """The process of the page: the renderer that has worked most."""
    tabs = [
        each
        for each in psutil.Process().children(recursive=True)
        if "--type=renderer" in each.cmdline()
    ]
    return max(tabs, key=lambda each: sum(each.cpu_times()[:2]))


if __name__ == "__main__":
    main(sys.argv[1:])
    print_budget()
