"""pq: compute over ranges of integers on machines that may vanish.

    import pq

    @pq.kernel
    def count_primes(lo, hi): ...

    total = count_primes.over(10_000_000, 60_000_000)

    with pq.Client() as client:
        job = client.submit("1e7:6e7", kernel="twins")
        print(job.result())
"""

from .client import Client, init
from .errors import Error, HeadUnreachable, JobCancelled, JobFailed, Refused
from .functions import Kernel, kernel, remote
from .job import Job, as_completed, get
from .ranges import Range
from .status import AgentStatus, FailedSpan, JobStatus, LogEntry

__all__ = [
    "AgentStatus",
    "Client",
    "Error",
    "FailedSpan",
    "HeadUnreachable",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobStatus",
    "Kernel",
    "LogEntry",
    "Range",
    "Refused",
    "as_completed",
    "get",
    "init",
    "kernel",
    "remote",
]
__version__ = "0.1.0"
