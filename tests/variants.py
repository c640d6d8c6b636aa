"""Many small variants of one case within one test: each a byte shorter, or with another bit set.

A test for each of them would take longer to set up than to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Variant = TypeVar("Variant")

FAILURES = (Exception, pytest.fail.Exception)
"""What a failing check raises: ``pytest.raises`` that saw nothing raised, for one, is a
``BaseException``."""


def check_each(variants: Iterable[Variant], check: Callable[[Variant], object]) -> None:
    """Check every variant, whichever of them fail; then name all that did.

    Raises:
        AssertionError: some failed, or there was none to check. The first failure is its cause.
    """
    checked, failed = 0, dict[str, BaseException]()
    for variant in variants:
        checked += 1
        try:
            check(variant)
        except FAILURES as error:
            failed[repr(variant)] = error
    assert checked, "there was nothing to check"
    if failed:
        lines = [f"{name}: {type(error).__name__}: {error}" for name, error in failed.items()]
        first = next(iter(failed.values()))
        raise AssertionError("\n".join([f"{len(failed)} of {checked} failed", *lines])) from first
