"""Names from a backup: any input gives one harmless name or is refused."""

from __future__ import annotations

import os
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.names import (
    MAX_NAME_BYTES,
    OWN_PREFIX,
    folded_name,
    parts_of,
    safe_name,
    safe_path,
    whole_text,
)
from tests.hostile import HOSTILE

DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"),
}
ANY_TEXT = st.text(st.characters(), max_size=400) | st.sampled_from(HOSTILE)


def assert_harmless(name: str) -> None:
    assert name
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name not in (".", "..")
    assert not set(name) & set('/\\:*?"<>|')
    assert not any(ord(character) < 32 or ord(character) == 127 for character in name)
    assert not any("\u202a" <= character <= "\u202e" for character in name)
    assert not any("\u2066" <= character <= "\u2069" for character in name)
    assert name == name.strip()
    assert not name.endswith(".")
    assert not name.startswith(("-", "~"))
    assert unicodedata.is_normalized("NFC", name)
    assert name.partition(".")[0].strip().upper() not in DEVICES
    assert len(PurePosixPath(name).parts) == 1
    assert len(PureWindowsPath(name).parts) == 1


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_every_hostile_name_becomes_one_harmless_name(name: str) -> None:
    assert_harmless(safe_name(name))


@given(ANY_TEXT)
@example("x" * 199 + ".")
@example("a" + " " * 400 + "b")
@example("con\u0301")
@example("a~" + "." * 300)
@example("x." + "y" * 300)
@example("e\u200b\u0301")
@example("- -x")
@example("con .txt")
@example(". " * 300 + "x")
def test_any_text_becomes_one_harmless_name(text: str) -> None:
    assert_harmless(safe_name(text))


@given(ANY_TEXT)
def test_a_safe_name_stays_what_it_is(text: str) -> None:
    once = safe_name(text)
    assert safe_name(once) == once


@given(ANY_TEXT, st.integers(24, 200))
@example("x" * 30 + "." + "ü" * 16, 24)
def test_a_name_is_never_longer_than_asked(text: str, longest: int) -> None:
    assert len(safe_name(text, max_bytes=longest).encode()) <= longest


@pytest.mark.parametrize(
    "name",
    ["PTT-20240101-WA0001.opus", "Mum", "Grandpa Joe", "Jörg", "母", "👩‍👧", "+1 5550101", "a.b.c"],
)
def test_an_ordinary_name_is_left_alone(name: str) -> None:
    assert safe_name(name) == name
    assert str(safe_path(f"Media/{name}")) == f"Media/{name}"


def test_long_names_that_differ_at_the_end_stay_different() -> None:
    names = {safe_name("x" * 300 + end) for end in ("a", "b", "c.opus", "d.opus")}
    assert len(names) == 4
    assert {name.endswith(".opus") for name in names} == {True, False}


def test_nothing_left_becomes_the_fallback() -> None:
    assert safe_name("...", fallback="15550101") == "15550101"
    assert safe_name("\u202e\u200b") == "unnamed"


@pytest.mark.parametrize(
    "stored",
    [
        "../../x",
        "/etc/x",
        "C:\\x",
        "\\\\host\\x",
        "a/../../b",
        "..\\x",
        "nul\x00byte",
        "",
        ".",
        "..",
    ],
    ids=ascii,
)
def test_a_path_that_leads_out_is_refused(stored: str) -> None:
    with pytest.raises(UnsafeNameError) as caught:
        safe_path(stored)
    assert "\x00" not in caught.value.message
    assert "\n" not in caught.value.message


@given(st.lists(ANY_TEXT, max_size=5), st.sampled_from(["/", "\\"]))
@example(["Media", ".gdrive-wa-0011.tmp"], "/")
@example([".GDRIVE-WA", "manifest.jsonl"], "/")
def test_any_path_is_refused_or_stays_below_its_folder(parts: list[str], between: str) -> None:
    try:
        path = safe_path(between.join(parts))
    except UnsafeNameError:
        return
    assert not path.is_absolute()
    for part in path.parts:
        assert_harmless(part)
        assert not folded_name(part).startswith(OWN_PREFIX)
    assert safe_path(str(path)) == path
    assert "/".join(parts_of(str(path))) == str(path)


USUAL = st.text(st.sampled_from("aA0 ._-(/é"), min_size=1, max_size=12)


@given(st.lists(USUAL | st.sampled_from(["con", "AUX.opus", "nul ", "com1", "conx"]), max_size=4))
def test_the_names_of_a_path_are_those_of_its_parts(parts: list[str]) -> None:
    try:
        path = safe_path("/".join(["Media", *parts]))
    except UnsafeNameError:
        return
    kept = [part for part in "/".join(parts).split("/") if part not in ("", ".")]
    assert path.parts == ("Media", *(safe_path(f"x/{part}").name for part in kept))


@pytest.mark.parametrize(
    "names",
    [("a:b.opus", "a_b.opus"), ("a\nb", "a_b"), ("x" * 300, "x" * 301), ("-a", "a"), ("a.", "a")],
    ids=ascii,
)
def test_names_that_clean_alike_stay_apart_as_paths(names: tuple[str, str]) -> None:
    first, second = (safe_path(f"Media/{name}") for name in names)
    assert folded_name(first) != folded_name(second)


def test_names_equal_in_case_or_unicode_form_are_recognised() -> None:
    assert folded_name("A.opus") == folded_name("a.opus")
    assert folded_name("cafe\u0301") == folded_name("caf\u00e9")
    assert folded_name("stra\u00dfe") == folded_name("STRASSE")
    assert folded_name("a") != folded_name("b")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("PTT-1.opus", "PTT-1.opus"),
        ("Grüße \U0001f600", "Grüße \U0001f600"),
        ("\ud800.opus", "%ud800.opus"),
        (os.fsdecode(b"PTT-\xff.opus"), "PTT-%ff.opus"),
        ("\ude00\ud83d", "%ude00%ud83d"),
    ],
)
def test_half_a_surrogate_pair_is_written_out(text: str, whole: str) -> None:
    assert whole_text(text) == whole
    assert whole_text(text).encode()
    assert safe_name(text).encode()
