"""Text that users paste as a cookie and as an address."""

from __future__ import annotations

import pytest

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.pasted import parse_account, parse_cookie

COOKIE = "oauth2_4/0Ab-cd_EFG123456789"


@pytest.mark.parametrize(
    "pasted",
    [
        COOKIE,
        f"  {COOKIE}\r\n",
        f'"{COOKIE}"',
        f"\u201c{COOKIE}\u201d",
        f"'{COOKIE}';",
        f"oauth_token={COOKIE}",
        f"oauth_token = {COOKIE}; path=/; secure; HttpOnly",
        f'oauth_token:"{COOKIE}"',
        f"Cookie: SID=g.a000abc; oauth_token={COOKIE}; HSID=AbC",
        f"Set-Cookie: oauth_token={COOKIE}; Expires=Fri, 27 Nov 2026 03:00:00 GMT",
        f"oauth_token\t{COOKIE}\taccounts.google.com\t/\tSession\t99",
        f"# Netscape HTTP Cookie File\n.google.com\tTRUE\t/\tTRUE\t0\toauth_token\t{COOKIE}\n",
        f'[{{"name": "oauth_token", "value": "{COOKIE}"}}]',
        f"oauth_token={COOKIE.replace('/', '%2F')}",
        COOKIE.replace("/", "%2f"),
        f"{COOKIE[:15]}\n{COOKIE[15:]}",
        f"oauth_token={COOKIE[:15]} {COOKIE[15:]}",
        f"https://accounts.google.com/x?oauth_token={COOKIE}&y=1",
    ],
)
def test_the_cookie_is_found_in(pasted: str) -> None:
    assert parse_cookie(Secret(pasted)).reveal() == COOKIE


def test_a_named_cookie_with_an_unknown_prefix_is_accepted() -> None:
    assert parse_cookie(Secret("oauth_token=oa3.NewForm; path=/")).reveal() == "oa3.NewForm"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("oauth_token=", "is empty"),
        ("aas_et/AKp-secret", "a master token"),
        ("ya29.a0-secret", "an access token"),
        ("1//0g-secret", "a refresh token"),
        ("https://accounts.google.com/secret", "an address"),
        ("SID=g.a000secret; HSID=A", "another cookie"),
        ("g.a000secret", "another cookie"),
        ("__Secure-1PSID=secret", "another cookie"),
        ("secret@example.org", "an e-mail address"),
        ("secret", "this is not the oauth_token cookie"),
        ("abcd efgh ijkl secret", "this is not the oauth_token cookie"),
        ("oauth2_4/", "this is not the oauth_token cookie"),
    ],
)
def test_something_else_is_named_and_never_repeated(pasted: str, name: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        parse_cookie(Secret(pasted))
    assert "secret" not in caught.value.message + caught.value.hint.replace("client_secrets", "")
    assert caught.value.hints


def test_a_pasted_password_is_answered_with_an_explanation() -> None:
    with pytest.raises(UsageError) as caught:
        parse_cookie(Secret("correct horse"))
    assert "this program asks for none" in caught.value.hints[1]


@pytest.mark.parametrize(
    "given",
    [
        "ann@example.org",
        " ann@example.org\n",
        '"ann@example.org"',
        "mailto:ann@example.org",
        "<ann@example.org>",
        "Ann Lee <ann@example.org>",
    ],
)
def test_an_address_is_found_in(given: str) -> None:
    assert parse_account(given) == "ann@example.org"


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("ann", "ann@gmail.com"),
        ("ann.lee", "ann.lee@gmail.com"),
        ("", "you@gmail.com"),
        ("ann@", "you@gmail.com"),
        ("ann@example", "you@gmail.com"),
        ("ann lee@example.org", "you@gmail.com"),
        ("+1 555 0100", "you@gmail.com"),
        ("ann@example.org, bea@example.org", "you@gmail.com"),
    ],
)
def test_text_that_is_not_an_address_is_refused_with_an_example(given: str, whole: str) -> None:
    with pytest.raises(UsageError, match="is not an e-mail address") as caught:
        parse_account(given)
    assert whole in caught.value.hints[0]
