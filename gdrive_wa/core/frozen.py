"""Copies of frozen dataclasses with other values, made by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


def replace(item: T, /, **changes: object) -> T:
    """A copy of `item`, a dataclass with slots, with `changes`: as ``dataclasses.replace``, in
    half the time, because the fields need not pass through a constructor.

    Raises:
        KeyError: there is no such field.
    """
    kind: Any = type(item)
    plan = _plan(kind)
    new: T = object.__new__(kind)
    for set_value, value in zip(plan.setters, plan.values_of(item), strict=True):
        set_value(new, value)
    for name, value in changes.items():
        plan.by_name[name](new, value)
    if plan.after is not None:
        plan.after(new)
    return new


_Setter = Callable[[Any, Any], None]


class _Plan(NamedTuple):
    """How to copy a class: what reads its fields, sets each, and runs when all are set."""

    values_of: Callable[[Any], tuple[Any, ...]]
    setters: tuple[_Setter, ...]
    by_name: dict[str, _Setter]
    after: Callable[[Any], None] | None


@cache
def _plan(kind: type[Any]) -> _Plan:
    by_name: dict[str, _Setter] = {
        field.name: getattr(kind, field.name).__set__ for field in fields(kind)
    }
    after = getattr(kind, "__post_init__", None)
    return _Plan(attrgetter(*by_name), tuple(by_name.values()), by_name, after)
