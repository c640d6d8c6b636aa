"""Every request gets an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.emulation.fields import BadFieldsError, parse_fields, select
from gdrive_wa.emulation.http import Request
from gdrive_wa.emulation.media import serve_bytes
from gdrive_wa.emulation.query import BadQueryError, parse_query

FILE: dict[str, Any] = {"name": "a", "parents": ["p"], "trashed": False, "size": "3"}
WORDS = st.sampled_from(
    [
        "name",
        "parents",
        "trashed",
        "none",
        "in",
        "contains",
        "and",
        "or",
        "not",
        "(",
        ")",
        "'a'",
        "=",
        "!=",
        "<",
        ">=",
        "true",
        "false",
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)))
def test_a_search_is_understood_or_refused(text: str) -> None:
    try:
        wanted = parse_query(text)
    except BadQueryError:
        return
    assert wanted(FILE) in (True, False)


@given(st.one_of(st.text(), st.text(alphabet="ab,()/*")))
def test_a_selection_of_fields_is_understood_or_refused(text: str) -> None:
    try:
        mask = parse_fields(text)
    except BadFieldsError:
        return
    select({"a": {"b": [1]}, "b": [{"a": 2}]}, mask)


@pytest.mark.parametrize("depth", [50, 100_000])
def test_depth_is_bounded(depth: int) -> None:
    with pytest.raises(BadQueryError):
        parse_query("(" * depth)
    with pytest.raises(BadFieldsError):
        parse_fields("a(" * depth)


@given(st.one_of(st.text(), st.from_regex(r"bytes=\d{0,30}-\d{0,30}")), st.binary(max_size=50))
def test_any_range_gives_the_bytes_that_it_says(asked: str, content: bytes) -> None:
    request = Request("GET", "/", "/", {}, {"range": asked})
    answer = serve_bytes(request, content, mime_type="text/plain")
    if answer.status == 206:
        first, last = answer.headers["Content-Range"].split(" ")[1].split("/")[0].split("-")
        assert answer.body == content[int(first) : int(last) + 1]
        assert answer.body
    elif answer.status == 200:
        assert answer.body == content
    else:
        assert (answer.status, answer.body) == (416, b"")
