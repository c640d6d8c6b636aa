"""What the tests do in every browser: Chromium by Playwright, Firefox by WebDriver BiDi."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.pages.bidi import Bidi

Problems = list[str]

_KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Space": " "}
_WATCH = """(tell) => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        tell(`policy: ${violatedDirective} ${blockedURI}`));
    addEventListener("unhandledrejection", ({ reason }) => tell(`script: ${reason}`));
}"""
_UNTIL = """new Promise((done) => {
    const look = () => {
        if (!(%s)) return;
        watcher.disconnect();
        for (const event of media) removeEventListener(event, look, true);
        done(true);
    };
    const media = ["timeupdate", "playing", "seeked", "pause", "loadedmetadata", "ended", "error"];
    const watcher = new MutationObserver(look);
    watcher.observe(document, {
        subtree: true, childList: true, attributes: true, characterData: true });
    for (const event of media) addEventListener(event, look, true);
    look();
})"""


class Reader(ABC):
    """A page in some browser, and somebody who uses it."""

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise, what it becomes."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Press the middle of the first element with the mouse."""

    @abstractmethod
    def press(self, key: str) -> None:
        """Press a key by its name."""

    @abstractmethod
    def write(self, text: str) -> None:
        """Press the keys of a text."""

    @abstractmethod
    def reload(self) -> None:
        """Load the page again."""

    @abstractmethod
    def leads_to_load(self, action: Callable[[], object]) -> None:
        """Do what makes the page load again, and wait until it has."""

    @abstractmethod
    def pdf(self) -> bytes:
        """The page as it is printed."""

    def until(self, condition: str) -> None:
        """Wait for a JavaScript condition: looks at each change of the page and of its audio."""
        self.evaluate(_UNTIL % condition)

    def text(self, selector: str) -> str:
        """The text of the first element."""
        text: str = self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")
        return text

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        texts: list[str] = self.evaluate(f"{found}.map((it) => it.textContent)")
        return texts


class ChromiumReader(Reader):
    """Chromium; its page is watched by whoever opened it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def evaluate(self, expression: str) -> Any:
        return self._page.evaluate(expression)

    def click(self, selector: str) -> None:
        self._page.locator(selector).first.click()

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def write(self, text: str) -> None:
        self._page.keyboard.type(text)

    def reload(self) -> None:
        self._page.reload()

    def leads_to_load(self, action: Callable[[], object]) -> None:
        with self._page.expect_event("load"):
            action()

    def pdf(self) -> bytes:
        return self._page.pdf()


class FirefoxReader(Reader):
    """A tab of Firefox that shares nothing with other tabs.

    Args:
        bidi: the session.
        page: the page's file.
        locale: the language of the browser.
    """

    def __init__(self, bidi: Bidi, page: Path, locale: str) -> None:
        self._bidi = bidi
        self._user = bidi.command("browser.createUserContext")["userContext"]
        tab = bidi.command("browsingContext.create", type="tab", userContext=self._user)
        self._tab = tab["context"]
        tell = {"type": "channel", "value": {"channel": "problems"}}
        bidi.command(
            "script.addPreloadScript",
            functionDeclaration=_WATCH,
            arguments=[tell],
            contexts=[self._tab],
        )
        bidi.command("emulation.setLocaleOverride", locale=locale, contexts=[self._tab])
        self._in_tab("browsingContext.setViewport", viewport={"width": 1280, "height": 860})
        self._in_tab("browsingContext.navigate", url=page.as_uri(), wait="complete")

    def _in_tab(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._bidi.command(method, context=self._tab, **parameters)

    def evaluate(self, expression: str) -> Any:
        done = self._bidi.command(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((it) => JSON.stringify(it) ?? 'null')",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert done["type"] == "success", done
        return json.loads(done["result"]["value"])

    def click(self, selector: str) -> None:
        quoted = json.dumps(selector)
        self.evaluate(f"document.querySelector({quoted}).scrollIntoView({{ block: 'center' }})")
        locator = {"type": "css", "value": selector}
        (node, *_) = self._in_tab("browsingContext.locateNodes", locator=locator)["nodes"]
        there = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        presses = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": there},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": presses})

    def press(self, key: str) -> None:
        self.write(_KEYS.get(key, key))

    def write(self, text: str) -> None:
        presses = [{"type": way, "value": key} for key in text for way in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keys", "actions": presses})

    def _act(self, actions: dict[str, Any]) -> None:
        self._in_tab("input.performActions", actions=[actions])

    def reload(self) -> None:
        self._in_tab("browsingContext.reload", wait="complete")

    def leads_to_load(self, action: Callable[[], object]) -> None:
        self._bidi.events[:] = [one for one in self._bidi.events if "load" not in one[0]]
        action()
        self._bidi.wait_for("browsingContext.load", self._tab)

    def pdf(self) -> bytes:
        return base64.b64decode(self._in_tab("browsingContext.print")["data"])

    def close(self) -> Problems:
        """Close the tab. What it did that a page from disk must not do."""
        self._in_tab("browsingContext.close")
        self._bidi.command("browser.removeUserContext", userContext=self._user)
        events, self._bidi.events = self._bidi.events, []
        return [text for event in events if (text := _problem(*event))]


def _problem(method: str, content: dict[str, Any]) -> str:
    if method == "log.entryAdded":
        return f"console: {content['text']}"
    if method == "network.beforeRequestSent":
        url = content["request"]["url"]
        return "" if url.startswith(("file:", "data:")) else f"request: {url}"
    if method == "script.message":
        return str(content["data"].get("value"))
    return f"dialog: {content}" if "Prompt" in method else ""
