"""Understand what users paste as the cookie of a sign-in and as an e-mail address.

Text that cannot be the cookie is refused before it is sent. No error repeats a pasted secret.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.ways import EMBEDDED_SETUP

_COOKIE = re.compile(r"oauth2_\d+/[A-Za-z0-9_-]+")
_WRAPPED = re.compile(r"oauth2_\d+/[A-Za-z0-9_ \r\n-]+")
_NAMED = re.compile(r"\boauth_token\s*[=:]\s*([^;,]*)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+")
_IN_BRACKETS = re.compile(r"[^<>]*<([^<>]*)>")
_QUOTES = " \t\r\n\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_COPY_IT = (
    f"sign in at {EMBEDDED_SETUP}, and copy the value of the cookie named oauth_token;"
    " it begins with oauth2_4/"
)
_OTHERS: tuple[tuple[str, str, str], ...] = (
    (r"aas_et/", "a master token", _COPY_IT),
    (
        r"ya29\.",
        "an access token",
        "to use an access token, set GDRIVE_WA_ACCESS_TOKEN to it; you need no login then",
    ),
    (r"1//", "a refresh token", _COPY_IT),
    (r"https?:", "an address", _COPY_IT),
    (r"(__Secure-|__Host-|(H|S|L|OS|AP|SAP)?S?ID\b|NID\b|g\.a0)", "another cookie", _COPY_IT),
    (r"[^@\s]+@[^@\s]+\.\w+$", "an e-mail address", _COPY_IT),
)
"""Other things that people paste: how each begins, its name, and what to do."""


def parse_cookie(pasted: Secret) -> Secret:
    """The value of the cookie ``oauth_token`` in the pasted text.

    The text may also contain the cookie's name, quotes, spaces or a whole line of cookies, and may
    be percent-encoded.

    Raises:
        UsageError: the text is not that cookie.
    """
    text = pasted.reveal()
    if "%2F" in text.upper():
        text = unquote(text)
    named = _NAMED.search(text)
    value = (named[1] if named else text.partition(";")[0]).strip(_QUOTES)
    if _WRAPPED.fullmatch(value):
        return Secret("".join(value.split()))
    if found := _COOKIE.search(text):
        return Secret(found[0])
    if named and value and not re.search(r"\s", value):  # Google may change how it begins
        return Secret(value)
    raise _not_a_cookie(value)


def parse_account(pasted: str) -> str:
    """The e-mail address in the pasted text.

    Raises:
        UsageError: the text is not an e-mail address.
    """
    brackets = _IN_BRACKETS.fullmatch(pasted.strip())
    text = (brackets[1] if brackets else pasted).strip(_QUOTES).removeprefix("mailto:")
    if _ADDRESS.fullmatch(text):
        return text
    whole = f"{text}@gmail.com" if re.fullmatch(r"[A-Za-z][\w.+-]*", text) else "you@gmail.com"
    raise UsageError(
        f"{pasted!r} is not an e-mail address",
        hint=f"give the whole address of the phone's Google account, such as {whole}",
    )


def _not_a_cookie(value: str) -> UsageError:
    if not value:
        return UsageError("the oauth_token cookie is empty", hint=_COPY_IT)
    for pattern, name, advice in _OTHERS:
        if re.match(pattern, value):
            return UsageError(f"this is {name}, not the oauth_token cookie", hint=advice)
    return UsageError(
        "this is not the oauth_token cookie",
        hint=(_COPY_IT, "if it is a password, do not paste it here: this program asks for none"),
    )
