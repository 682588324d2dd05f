"""Half-open ranges of integers from 0 to 2^64-1, and the ways in which people write them. Never rounded."""

from __future__ import annotations

import operator
import re
from typing import NamedTuple, SupportsIndex, Union

Number = Union[SupportsIndex, float, str]
RangeLike = Union[str, range, tuple[Number, Number]]

LARGEST = 2**64 - 1
_FLOAT_EXACT_MAX = 2.0**53
_DIGITS = r"[0-9](?:_?[0-9])*"
_TERM = re.compile(
    rf"(?P<whole>{_DIGITS})"
    rf"(?:\^(?P<power>{_DIGITS})|(?:\.(?P<fraction>{_DIGITS}))?(?:[eE](?P<shift>[+-]?{_DIGITS}))?)"
)
_HELP = "write an integer such as 10000000, 10_000_000, 1e7, 2^40 or 2^64-1"


class Range(NamedTuple):
    """[begin, end), as Python's range(begin, end)."""

    begin: int
    end: int

    @property
    def width(self) -> int:
        return self.end - self.begin

    def __str__(self) -> str:
        return f"{self.begin}:{self.end}"


def parse_integer(text: str) -> int:
    """`1e7`, `10_000_000`, `2^40`, and sums and differences of these; ValueError if it is not exactly an integer."""
    total, sign, at = 0, 1, 0
    while True:
        term = _TERM.match(text, at)
        if term is None:
            raise ValueError(f"{text!r} is not an integer: {_HELP}")
        total += sign * _value_of(term, text)
        at = term.end()
        if at == len(text):
            break
        if text[at] not in "+-":
            raise ValueError(f"{text!r} is not an integer from {text[at:]!r} on: {_HELP}")
        sign = 1 if text[at] == "+" else -1
        at += 1
    return _within_bounds(total, text)


def _value_of(term: re.Match[str], text: str) -> int:
    whole = int(term["whole"])
    if term["power"] is not None:
        exponent = int(term["power"])
        if whole > 1 and exponent > 128:
            raise ValueError(f"{text!r} is past 2^64-1, the largest integer that pq counts")
        return int(whole ** min(exponent, 128))
    fraction = (term["fraction"] or "").replace("_", "")
    mantissa = (str(whole) + fraction).rstrip("0")
    if mantissa in ("", "0"):
        return 0
    shift = int(term["shift"] or "0") + len(str(whole)) - len(mantissa)
    if shift < 0:
        raise ValueError(f"{term.group()!r} is not an integer: write a whole number such as 2 or 1.5e7")
    if shift > 40:
        raise ValueError(f"{text!r} is past 2^64-1, the largest integer that pq counts")
    return int(mantissa) * int(10**shift)


def _within_bounds(number: int, shown: object) -> int:
    if number < 0:
        raise ValueError(f"{shown!r} is below 0, the smallest integer that pq counts")
    if number > LARGEST:
        raise ValueError(f"{shown!r} is past 2^64-1, the largest integer that pq counts")
    return number


def to_integer(number: Number) -> int:
    """Exactly that number; a float only if it is whole and no neighbour of it could have been meant."""
    if isinstance(number, str):
        return parse_integer(number)
    if isinstance(number, float):
        if not number.is_integer() or abs(number) > _FLOAT_EXACT_MAX:
            raise ValueError(
                f"{number!r} is not exactly an integer: write an int such as 10**18, or a text such as '1e18'"
            )
        return _within_bounds(int(number), number)
    return _within_bounds(operator.index(number), number)


def parse_range(text: str) -> Range:
    """`A:B` or `A:+WIDTH`."""
    first, colon, second = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} has no ':': write BEGIN:END such as 1e7:6e7, or BEGIN:+WIDTH")
    begin = parse_integer(first)
    if second.startswith("+"):
        return _checked(begin, begin + parse_integer(second[1:]), text)
    return _checked(begin, parse_integer(second), text)


def to_range(given: RangeLike) -> Range:
    """From "1e7:6e7", (begin, end), or range(begin, end)."""
    if isinstance(given, str):
        return parse_range(given)
    if isinstance(given, range):
        if given.step != 1:
            raise ValueError(f"{given!r} has a step of {given.step}: pq computes over every integer of a range")
        return _checked(_within_bounds(given.start, given), _within_bounds(given.stop, given), given)
    if isinstance(given, tuple) and len(given) == 2:
        return _checked(to_integer(given[0]), to_integer(given[1]), given)
    raise TypeError(f"{given!r} is not a range: give '1e7:6e7', (begin, end) or range(begin, end)")


def _checked(begin: int, end: int, shown: object) -> Range:
    _within_bounds(end, shown)
    if begin >= end:
        raise ValueError(f"{shown!r} is {'empty' if begin == end else 'reversed'}: a range ends before its end")
    return Range(begin, end)
