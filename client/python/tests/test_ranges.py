"""Numbers and ranges as people write them, never rounded."""

from __future__ import annotations

from typing import Any

import pytest

from pq.ranges import parse_integer, to_integer, to_range


@pytest.mark.parametrize(
    "text, number",
    [
        ("0", 0),
        ("10000000", 10**7),
        ("10_000_000", 10**7),
        ("1e7", 10**7),
        ("1.5e7", 15_000_000),
        ("1.50e1", 15),
        ("0.5e1", 5),
        ("100e-2", 1),
        ("0e-9", 0),
        ("0.0", 0),
        ("2^40", 2**40),
        ("2^64-1", 2**64 - 1),
        ("1-2+3", 2),
        ("1^999999999999", 1),
        ("0^5", 0),
        ("5^0", 1),
        ("18446744073709551615", 2**64 - 1),
        ("9007199254740993", 2**53 + 1),
    ],
)
def test_integers(text: str, number: int) -> None:
    assert parse_integer(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1.5", "1e", "e7", "1__0", "_1", "1_", "0x10", "2^64", "1e20", "1e999999999", "2^999", "1-2",
     "1 ", "1,000", "1e-1", "2^2^2", "1+", "π", "١"],
)  # fmt: skip
def test_what_is_not_exactly_an_integer_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_integer(text)


@pytest.mark.parametrize(
    "given, begin, end",
    [
        ("1e7:6e7", 10**7, 6 * 10**7),
        ("1e7:+5", 10**7, 10**7 + 5),
        ("0:2^64-1", 0, 2**64 - 1),
        ((0, 2**64 - 1), 0, 2**64 - 1),
        ((1e7, "6e7"), 10**7, 6 * 10**7),
        (range(5, 9), 5, 9),
    ],
)
def test_ranges(given: Any, begin: int, end: int) -> None:
    assert to_range(given) == (begin, end)


@pytest.mark.parametrize(
    "given",
    ["5", "5:5", "6:5", "5:", ":5", (5, 5), (-1, 5), (0, 2**64), "1:+2^64-1", range(0, 9, 2), (0.5, 2), (0, 1e18)],
)
def test_no_ranges(given: Any) -> None:
    with pytest.raises(ValueError):
        to_range(given)


@pytest.mark.parametrize("given", [5, None, (1, 2, 3), [1, 2], (None, 2)])
def test_what_is_of_another_type(given: Any) -> None:
    with pytest.raises(TypeError):
        to_range(given)


def test_integers_of_other_libraries() -> None:
    class Index:
        def __index__(self) -> int:
            return 7

    numbers: tuple[Any, ...] = (Index(), True, 3.0)
    assert [to_integer(number) for number in numbers] == [7, 1, 3]
