"""A person and a browser: opens the address, looks at the page, presses a button.

It uses only ``http.client``, so that its requests do not appear in the logs of the program's
libraries.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Act = Callable[[str], None]


def visit(url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Send one request; return status, redirect and page."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    target = f"{parts.path or '/'}?{parts.query}"
    try:
        if form is None:
            connection.request("GET", target)
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", target, urlencode(form), kind)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        connection.close()


def decide(
    decision: str, account: str = "alex@example.org", *, codes: list[str] | None = None
) -> Act:
    """Presses ``allow`` or ``deny`` on the consent page, and follows where it leads; notes the
    code that Google gave in `codes`."""

    def act(url: str) -> None:
        status, _, page = visit(url)
        assert status == 200
        assert f'value="{decision}"' in page
        status, back, _ = visit(url, {"decision": decision, "account": account})
        assert status == 302
        if codes is not None:
            codes.extend(parse_qs(urlsplit(back).query).get("code", []))
        visit(back)

    return act


def comes_back_with(**answers: str) -> Act:
    """Goes straight back to the program, with invented parameters."""

    def act(url: str) -> None:
        asked = parse_qs(urlsplit(url).query)
        state = {"state": asked["state"][0]} if answers.get("state") == "right" else {}
        visit(f"{asked['redirect_uri'][0]}?{urlencode({**answers, **state})}")

    return act


class Browser:
    """In place of the result of :func:`webbrowser.get`; :meth:`join` raises its errors."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self._thread: threading.Thread | None = None
        self.trouble: list[BaseException] = []
        self.opened: list[str] = []

    def open(self, url: str, **_: Any) -> bool:
        self.opened.append(url)
        self._thread = threading.Thread(target=self._run, args=(url,))
        self._thread.start()
        return True

    def _run(self, url: str) -> None:
        try:
            self._act(url)
        except BaseException as error:  # noqa: BLE001 - raised again where the test can see it
            self.trouble.append(error)

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        if self.trouble:
            raise self.trouble[0]
