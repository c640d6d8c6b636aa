"""A loop over variants checks all of them, and says which ones failed."""

from __future__ import annotations

import pytest

from tests.variants import check_each


def test_every_variant_is_checked_and_every_failing_one_is_named() -> None:
    checked = []

    def check(size: int) -> None:
        checked.append(size)
        assert size != 2, "two is wrong"
        if size == 6:
            int("six")
        with pytest.raises(ZeroDivisionError):
            1 // (size - 4)

    with pytest.raises(AssertionError) as raised:
        check_each([4, 2, 5, 6], check)
    assert checked == [4, 2, 5, 6]
    message = str(raised.value)
    assert message.startswith("3 of 4 failed\n2: AssertionError: two is wrong")
    assert "\n5: Failed: DID NOT RAISE" in message
    assert "\n6: ValueError: invalid literal" in message
    assert "\n4:" not in message
    assert isinstance(raised.value.__cause__, AssertionError)


def test_variants_that_hold_pass() -> None:
    check_each(range(3), lambda size: size < 3)


def test_a_loop_over_nothing_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="nothing to check"):
        check_each([], print)


def test_ctrl_c_ends_the_loop() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_each([1, 2], interrupt)
