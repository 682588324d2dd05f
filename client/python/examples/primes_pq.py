"""Counts the primes from 10 000 000 to 60 000 000 with pq."""

import time

import pq


@pq.kernel
def count_primes(lo, hi):
    """In [lo, hi), by a sieve of that segment."""
    is_prime = bytearray([1]) * (hi - lo)
    for n in range(max(lo, 0), min(hi, 2)):
        is_prime[n - lo] = 0
    for p in range(2, int((hi - 1) ** 0.5) + 1):
        first = max(p * p, (lo + p - 1) // p * p)
        is_prime[first - lo :: p] = bytes(len(range(first, hi, p)))
    return sum(is_prime)


began = time.perf_counter()
total = count_primes.over(10_000_000, 60_000_000)
print(f"{total} primes in {time.perf_counter() - began:.1f} s")
