"""The pages of a sign-in in the browser, with the headings and buttons of Google's pages.
See https://support.google.com/accounts/answer/7455163.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} (emulator)</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: .5rem }}
</style></head>
<body><h1>{title}</h1>
<p>This is gdrive-wa's emulator, not Google.</p>
"""
_CONSENT = """<p>A program asks for access to:</p>
<ul>{scopes}</ul>
<form method="post">{accounts}
<p><button name="decision" value="allow">Allow</button><button name="decision"
value="deny">Deny</button></p></form></body></html>
"""
_BLOCKED = """<p>{why}</p><p>Error {status}: {word}</p></body></html>
"""
_UNVERIFIED = """<p>The app asks for access to sensitive data in your account. Until Google has
verified it, use it only if you know who made it.</p>
<details><summary>Advanced</summary><p><a href="{further}">Go to {app} (unsafe)</a></p></details>
<p><a href="/">Back to safety</a></p></body></html>
"""
_TESTED = """<p>You were given access to an app that is being tested. Continue only if you know who
invited you.</p>
<p><a href="{further}">Continue</a></p><p><a href="/">Back to safety</a></p></body></html>
"""
APP = "My backup"
"""The name of every app."""


def consent_page(scopes: Iterable[str], emails: Iterable[str], chosen: str) -> str:
    """The page that asks for consent to `scopes`; `chosen` is one of `emails`."""
    accounts = "".join(
        f'<p><label><input type="radio" name="account" value="{html.escape(email)}"'
        f"{' checked' if email == chosen else ''}> {html.escape(email)}</label></p>"
        for email in emails
    )
    listed = "".join(f"<li>{html.escape(scope)}</li>" for scope in scopes)
    return _page("Sign in", _CONSENT, scopes=listed, accounts=accounts)


def blocked_page(word: str, status: int, why: str) -> str:
    """An error page, which never redirects back to the program."""
    title = "Access blocked"
    if word == "access_denied":
        title = f"Access blocked: {APP} has not completed the Google verification process"
    return _page(title, _BLOCKED, why=html.escape(why), status=status, word=html.escape(word))


def warning_page(further: str, *, tested: bool) -> str:
    """The page about an app that Google has not verified.

    Args:
        further: the address that its link leads to.
        tested: the app is being tested, and the account is one of its test users.
    """
    title, rest = "Google hasn't verified this app", _UNVERIFIED
    return _page(title, _TESTED if tested else rest, further=html.escape(further), app=APP)


def _page(title: str, rest: str, **values: object) -> str:
    return _HEAD.format(title=html.escape(title)) + rest.format(**values)
