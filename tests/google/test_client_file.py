"""Files of Google's console, and files that users confuse with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gdrive_wa.core.errors import UsageError
from gdrive_wa.google.client_file import OAuthClient, read_client

GOOD = {
    "client_id": "5550100-a.apps.googleusercontent.com",
    "project_id": "voice-notes",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "client_secret": "GOCSPX-x",
    "redirect_uris": ["http://localhost"],
}


def without(*names: str) -> dict[str, object]:
    return {key: value for key, value in GOOD.items() if key not in names}


def read(folder: Path, content: object) -> OAuthClient:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "client.json").write_text(text, "utf-8")
    return read_client(folder / "client.json")


def refused(folder: Path, content: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(folder, content)
    assert "client.json'" in caught.value.message
    assert "GOCSPX" not in caught.value.message + caught.value.hint
    return caught.value


def test_a_desktop_client(tmp_path: Path) -> None:
    client = read(tmp_path, {"installed": GOOD})
    assert client.client_id == GOOD["client_id"]
    assert client.client_secret.reveal() == "GOCSPX-x"
    assert client.redirects
    assert "GOCSPX" not in repr(client)


def test_with_the_mark_that_windows_editors_write(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + json.dumps({"installed": GOOD}))


def test_a_file_that_another_program_wrote_again_in_utf_16(tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text(json.dumps({"installed": GOOD}), "utf-16")
    assert read_client(tmp_path / "client.json").client_secret.reveal() == "GOCSPX-x"


def test_a_limited_input_client_is_tried_and_remembered(tmp_path: Path) -> None:
    """Its file differs only by what it lacks, and so may a file that was typed by hand."""
    assert not read(tmp_path, {"installed": without("redirect_uris")}).redirects


def test_a_web_client(tmp_path: Path) -> None:
    error = refused(tmp_path, {"web": GOOD})
    assert "is a web client" in error.message
    assert "'Desktop app'" in error.hints[0]


@pytest.mark.parametrize(
    "secret", [None, "", " ", "****", "****abcd", "\u2022\u2022\u2022\u2022abcd", 5]
)
def test_a_client_without_its_secret(tmp_path: Path, secret: object) -> None:
    fields = without("client_secret")
    if secret is not None:
        fields["client_secret"] = secret
    error = refused(tmp_path, {"installed": fields})
    assert "the client secret is missing" in error.message
    assert "only when it is made" in error.hints[0]
    assert "'Add secret'" in error.hints[0]
    assert "'Desktop app'" in error.hints[1]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"type": "service_account", "private_key": "x", "client_email": "a@b"}, "service account"),
        ({"type": "authorized_user", "refresh_token": "x", "client_id": "y"}, "a stored login"),
        ({"type": "external_account"}, "a configuration"),
    ],
)
def test_another_file_of_googles_is_recognised(tmp_path: Path, content: object, name: str) -> None:
    error = refused(tmp_path, content)
    assert name in error.message
    assert "'Desktop app'" in error.hints[0]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "5",
        "{}",
        '{"installed": 5}',
        '{"installed": {"client_id": 5, "client_secret": "x"}}',
        '{"installed": {"client_id": " ", "client_secret": "x"}}',
        "GOCSPX-x",
        "[" * 9999,
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_a_file_without_a_client(tmp_path: Path, content: str) -> None:
    error = refused(tmp_path, content)
    assert "is not an OAuth client file" in error.message
    assert "'Desktop app'" in error.hints[0]


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no OAuth client file named") as caught:
        read_client(tmp_path / "nowhere.json")
    assert "--client-secrets" in caught.value.hints[0]
    assert "restore --folder" in caught.value.hints[1]
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_client(tmp_path)
