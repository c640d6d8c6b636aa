"""Drive's search language, the ``q`` of files.list, as far as backup tools use it.

'root' in parents and name = 'WhatsApp' and mimeType != '…' and trashed = false
not name contains 'x' or (modifiedTime > '2025-01-01T00:00:00')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

File = Mapping[str, Any]
Test = Callable[[File], bool]


DEEPEST = 50
"""Maximum number of brackets and ``not`` in one query."""


class BadQueryError(Exception):
    """The query is not in the search language."""


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z]+)|(?P<sign><=|>=|!=|[=<>()]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
}


def parse_query(text: str) -> Test:
    """Parse a query into a condition on files.

    Raises:
        BadQueryError: the query is invalid, or uses an unsupported part of the language.
    """
    if not text.strip():
        return lambda _: True
    tokens = _tokens(text)
    if tokens.count("(") + tokens.count("not") > DEEPEST:
        raise BadQueryError("too many brackets")
    parser = _Parser(tokens)
    test = parser.either()
    parser.finish()
    return test


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQueryError(text[at:])
        found.append(match.group().strip())
        at = match.end()
    return found


class _Parser:
    """A recursive descent parser: ``not`` binds most tightly, then ``and``, then ``or``."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    def finish(self) -> None:
        if self._tokens:
            raise BadQueryError(self._tokens[0])

    def either(self) -> Test:
        tests = [self._all()]
        while self._accept("or"):
            tests.append(self._all())
        return lambda file: any(test(file) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._accept("and"):
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        if self._accept("not"):
            test = self._one()
            return lambda file: not test(file)
        if self._accept("("):
            test = self.either()
            self._expect(")")
            return test
        return self._term()

    def _term(self) -> Test:
        first = self._next()
        if first.startswith("'"):
            self._expect("in")
            field, wanted = self._next(), _unquote(first)
            return lambda file: _has(file.get(field), wanted)
        sign = self._next()
        value = self._value()
        if sign == "contains":
            needle = str(value).lower()
            return lambda file: needle in str(file.get(first, "")).lower()
        if sign not in _COMPARE:
            raise BadQueryError(sign)
        compare, absent = _COMPARE[sign], type(value)()
        return lambda file: _fits(compare, file.get(first, absent), value)

    def _value(self) -> str | bool:
        word = self._next()
        if word.startswith("'"):
            return _unquote(word)
        if word not in ("true", "false"):
            raise BadQueryError(word)
        return word.startswith("t")

    def _accept(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise BadQueryError(f"{token} is missing")

    def _next(self) -> str:
        if not self._tokens:
            raise BadQueryError("the query ends too early")
        return self._tokens.pop(0)


def _has(values: object, wanted: str) -> bool:
    return isinstance(values, list) and wanted in values


def _fits(compare: Callable[[Any, Any], bool], have: object, want: object) -> bool:
    return type(have) is type(want) and compare(have, want)


def _unquote(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])
