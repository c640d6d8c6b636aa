"""What a sign-in reads: pasted text, an OAuth client's file, and what the token endpoint says."""

from __future__ import annotations

import json

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Secret
from gdrive_wa.google.android_refusals import Answer
from gdrive_wa.google.client_file import read_client
from gdrive_wa.google.oauth_errors import read_answer
from gdrive_wa.google.pasted import parse_account, parse_cookie
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of

CLIENT = {
    "installed": {
        "client_id": "EXAMPLE.apps.googleusercontent.com",
        "client_secret": "EXAMPLE-SECRET",
        "redirect_uris": ["http://localhost"],
    }
}
SAMPLES = (
    b"oauth2_4/0AX4XfWh_EXAMPLE-value",
    b"oauth_token=oauth2_4%2F0AEXAMPLE; path=/; SID=x",
    "\u201coauth2_4/0AEXAMPLE value\u201d".encode(),
    b"Anna Example <anna@example.org>",
    b"mailto:anna@example.org",
    b"https://accounts.google.com/",
    json.dumps(CLIENT).encode(),
    b"\xef\xbb\xbf" + json.dumps({"web": {}}).encode(),
    json.dumps({"type": "authorized_user", "refresh_token": "EXAMPLE"}).encode(),
    json.dumps({"error": "invalid_grant", "error_subtype": "invalid_rapt"}).encode(),
    json.dumps({"error": "access_denied", "error_description": "no."}).encode(),
    b"Error=BadAuthentication\nUrl=https://accounts.google.com/x\nErrorDetail=no",
    b"Token=aas_et/EXAMPLE\nEmail=anna@example.org\nissueAdvice=consent",
)


def try_one(data: bytes) -> object:
    """Each reader answers, or refuses in words that do not hold the secret."""
    text = data.decode("utf-8", "surrogateescape")
    ended = []
    for attempt in (
        lambda: parse_cookie(Secret(text)),
        lambda: parse_account(text),
        lambda: read_client(file_of(data, "client.json")),
        lambda: _answer(data),
        lambda: _phones_answer(text),
    ):
        try:
            attempt()
            ended.append("fine")
        except GdriveWaError as error:
            json.dumps([error.message, *error.hints]).encode()
            ended.append(type(error).__name__)
    return ended


def _answer(body: bytes) -> None:
    for status in (0, 400, 401, 503):
        answer = read_answer(status, body)
        answer.sign_in_error()
        answer.renewal_error("anna@example.org")


def _phones_answer(text: str) -> None:
    lines = (line.partition("=") for line in text.splitlines())
    fields = {name: value for name, _, value in lines}
    for status in (200, 403, 503):
        Answer(status, fields).error("anna@example.org", "again")


def main(arguments: list[str]) -> int:
    return fuzz("sign_in", SAMPLES, try_one, arguments)
