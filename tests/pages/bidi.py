"""Firefox as Debian ships it, driven by its own protocol: WebDriver BiDi, JSON over a web socket.

Playwright drives only a Firefox that it has changed itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

FIREFOXES = ("firefox-esr", "firefox")
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
}
EVENTS = [
    *("log.entryAdded", "script.message", "network.beforeRequestSent", "browsingContext.load"),
    "browsingContext.userPromptOpened",
]
PATIENCE = 120.0
"""Seconds until an answer counts as never coming."""

_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class BidiError(Exception):
    """Firefox refused a command."""


class Bidi:
    """A session: commands and their answers, and the events between them.

    Attributes:
        events: those that nobody has asked for yet, as pairs of name and content.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.events: list[tuple[str, dict[str, Any]]] = []

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while (message := self._receive()).get("id") != self._last:
            self.events.append((message["method"], message["params"]))
        if message["type"] == "error":
            raise BidiError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def wait_for(self, method: str, context: str) -> None:
        """Wait for the next event of this name in a tab."""
        while True:
            for event in self.events:
                if event[0] == method and event[1].get("context") == context:
                    self.events.remove(event)
                    return
            message = self._receive()
            self.events.append((message["method"], message["params"]))

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE))
        return message


def find_firefox() -> str | None:
    """The path of Firefox on this machine; None when there is none."""
    return next(filter(None, map(shutil.which, FIREFOXES)), None)


@contextmanager
def running_firefox(program: str, home: Path) -> Iterator[Bidi]:
    """A Firefox of its own, which knows nothing of anybody's profile.

    Args:
        program: its path.
        home: an empty folder for its profile and all else that it writes.
    """
    profile = home / "profile"
    profile.mkdir()
    lines = (f'user_pref("{name}", {json.dumps(value)});\n' for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    options = ("--headless", "--no-remote", "--remote-debugging-port", "0", "--profile")
    with ExitStack() as closing:
        process = closing.enter_context(
            subprocess.Popen(
                [program, *options, str(profile), "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env={**foreign, "HOME": str(home)},
            )
        )
        closing.callback(process.kill)
        address = _address(process.stderr)
        bidi = Bidi(closing.enter_context(connect(f"{address}/session", max_size=None)))
        bidi.command("session.new", capabilities={})
        bidi.command("session.subscribe", events=EVENTS)
        yield bidi
        bidi.command("browser.close")
        process.wait(PATIENCE)


def _address(messages: IO[str] | None) -> str:
    said = []
    for line in messages or ():
        if (found := _ADDRESS.search(line)) is not None:
            Thread(target=deque, args=(messages, 0), daemon=True).start()  # or its pipe fills up
            return found[1]
        said.append(line)
    raise BidiError(f"Firefox did not start: {''.join(said)}")
