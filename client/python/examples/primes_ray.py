"""Counts the primes from 10 000 000 to 60 000 000 with Ray."""

import time

import ray


@ray.remote
def count_primes(lo, hi):
    """In [lo, hi), by a sieve of that segment."""
    is_prime = bytearray([1]) * (hi - lo)
    for n in range(max(lo, 0), min(hi, 2)):
        is_prime[n - lo] = 0
    for p in range(2, int((hi - 1) ** 0.5) + 1):
        first = max(p * p, (lo + p - 1) // p * p)
        is_prime[first - lo :: p] = bytes(len(range(first, hi, p)))
    return sum(is_prime)


ray.init()
began = time.perf_counter()
chunk = 1_000_000
chunks = [count_primes.remote(lo, min(lo + chunk, 60_000_000)) for lo in range(10_000_000, 60_000_000, chunk)]
total = sum(ray.get(chunks))
print(f"{total} primes in {time.perf_counter() - began:.1f} s")
