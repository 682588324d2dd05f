"""What the totals must be, found without pq.

A k-tuplet belongs to the range that its first member is in. primesieve counts those that are in a range as a
whole; those that begin in it and end past it are added here, by a primality test that is exact below 2^64.
"""

from __future__ import annotations

import subprocess

KERNELS = ("primes", "twins", "triplets", "quadruplets", "quintuplets", "sextuplets")

SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "primes": ((0,),),
    "twins": ((0, 2),),
    "triplets": ((0, 2, 6), (0, 4, 6)),
    "quadruplets": ((0, 2, 6, 8),),
    "quintuplets": ((0, 2, 6, 8, 12), (0, 4, 6, 10, 12)),
    "sextuplets": ((0, 4, 6, 10, 12, 16),),
}

# Computing these anew would take as long as the tests that use them. The first is published (OEIS A006880);
# the second is from `primesieve 1e12 -d 29999999999`.
LONG_JOB = "0:1e11"
LONG_TOTAL = 4_118_054_813
MEDIUM_JOB = "1e12:+3e10"
MEDIUM_TOTAL = 1_085_136_872

_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # enough below 3.3e24


def is_prime(n: int) -> bool:
    """Miller and Rabin's test, exact for every n that pq can count."""
    if n < 2:
        return False
    for p in _WITNESSES:
        if n % p == 0:
            return n == p
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    odd = (n - 1) >> twos
    return all(_passes(n, pow(witness, odd, n), twos) for witness in _WITNESSES)


def _passes(n: int, x: int, twos: int) -> bool:
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


def begins_tuplets(kernel: str, first: int) -> int:
    """How many tuplets of this kernel have `first` as their first member."""
    return sum(all(is_prime(first + d) for d in shape) for shape in SHAPES[kernel])


def counted_one_by_one(kernel: str, begin: int, end: int) -> int:
    """For narrow ranges, at any place."""
    return sum(begins_tuplets(kernel, n) for n in range(begin, end))


def counted_by_primesieve(kernel: str, begin: int, end: int) -> int:
    """For wide ranges: the primesieve program on the whole range, and what straddles its end."""
    k = KERNELS.index(kernel) + 1
    command = ["primesieve", str(begin), str(end - 1), f"--count={k}", "--quiet"]
    inside = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return inside + sum(straddling(shape, begin, end) for shape in SHAPES[kernel])


def straddling(shape: tuple[int, ...], begin: int, end: int) -> int:
    """The tuplets that begin in the range and end past it."""
    firsts = range(max(begin, end - shape[-1]), end)
    return sum(all(is_prime(first + d) for d in shape) for first in firsts)


def twin_primes_after(n: int, count: int) -> list[int]:
    """The first members of the next twin pairs."""
    found: list[int] = []
    while len(found) < count:
        if begins_tuplets("twins", n):
            found.append(n)
        n += 1
    return found
