"""Make and copy frozen dataclasses, fast enough for thousands of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache, update_wrapper
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
_Setter = Callable[[Any, Any], None]


def replace(item: T, /, **changes: object) -> T:
    """A copy of `item`, a dataclass with slots, with `changes`. It does the same as
    ``dataclasses.replace`` in a quarter of the time, because it does not call the constructor.

    Raises:
        KeyError: `changes` has a name that is not a field.
    """
    kind: Any = type(item)
    plan = _plan(kind)
    new: T = plan.copy(item)
    for name, value in changes.items():
        plan.setters[name](new, value)
    if plan.after is not None:
        plan.after(new)
    return new


def quickly_made(kind: type[T]) -> type[T]:
    """Decorate a frozen dataclass with slots and keyword fields only, so that its constructor sets
    the slots directly, which takes two thirds of the time.

    Raises:
        TypeError: a field has a default factory, or is not an argument of the constructor.
    """
    listed: Any = fields(kind)  # type: ignore[arg-type]
    if any(not each.init or each.default_factory is not MISSING for each in listed):
        raise TypeError("only fields with plain defaults can be set directly")
    made: dict[str, Any] = {f"set_{each.name}": getattr(kind, each.name).__set__ for each in listed}
    made |= {f"usual_{each.name}": each.default for each in listed}
    names = (
        each.name if each.default is MISSING else f"{each.name}=usual_{each.name}"
        for each in listed
    )
    lines = [f"    set_{each.name}(self, {each.name})" for each in listed]
    lines += ["    self.__post_init__()"] * hasattr(kind, "__post_init__")
    exec("\n".join([f"def __init__(self, *, {', '.join(names)}):", *lines]), made)  # noqa: S102 # nosec B102
    kind.__init__ = update_wrapper(made["__init__"], kind.__init__)  # type: ignore[method-assign]
    return kind


class _Plan(NamedTuple):
    """How to copy a class: functions to copy all fields, to set each one, and to call last."""

    copy: Callable[[Any], Any]
    setters: dict[str, _Setter]
    after: Callable[[Any], None] | None


@cache
def _plan(kind: type[Any]) -> _Plan:
    setters = {field.name: getattr(kind, field.name).__set__ for field in fields(kind)}
    return _Plan(_copier(kind, setters), setters, getattr(kind, "__post_init__", None))


def _copier(kind: type[Any], setters: dict[str, _Setter]) -> Callable[[Any], Any]:
    """A function that copies each field with a line of its own, because a loop takes twice the
    time. The only variable part of its source is the names of the fields of `kind`.
    """
    lines = [f"    set_{name}(new, item.{name})" for name in setters]
    source = "\n".join(["def copy(item):", "    new = create(kind)", *lines, "    return new"])
    made: dict[str, Any] = {f"set_{name}": setter for name, setter in setters.items()}
    made |= {"create": object.__new__, "kind": kind}
    exec(source, made)  # noqa: S102 # nosec B102
    copier: Callable[[Any], Any] = made["copy"]
    return copier
