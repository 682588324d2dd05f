"""Python functions as the programs of jobs."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Callable, overload

from . import shipping
from .client import Client, usual_client
from .files import FileLike
from .job import Job
from .ranges import Number, Range, RangeLike, to_integer, to_range
from .shipping import ModuleLike
from .submission import Require, make_submission
from .wire import NAME_BYTES_MAX, Value

Function = Callable[[int, int], Any]
_itself = operator.itemgetter(0)


class Kernel:
    """A function of two integers that pq can compute over any range. Called, it runs here and is itself.

    It must be additive: what it returns for [lo, hi) is the fold of what it returns for the parts of [lo, hi),
    wherever that is cut.
    """

    def __init__(self, function: Function, **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._python: str = options.pop("python")
        self._modules: tuple[ModuleLike, ...] = tuple(options.pop("modules"))
        self._files: tuple[FileLike, ...] = tuple(options.pop("files"))
        self._options = options

    def __call__(self, lo: int, hi: int) -> Any:
        return self.function(lo, hi)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled, it is the plain function: agents have no pq, and functions call each other.
        return _itself, ((self.function,),)

    def over(
        self,
        begin: Number | RangeLike,
        end: Number | None = None,
        *,
        client: Client | None = None,
        timeout: float | None = None,
        progress: bool | None = None,
    ) -> Value | None:
        """Its value over [begin, end), computed by all agents; JobFailed has the traceback of what it raised there.

        Shows progress on stderr unless `progress=False`. TimeoutError after `timeout` seconds, and the job goes on.
        """
        return self.submit(begin, end, client=client).result(timeout, progress)

    def submit(
        self, begin: Number | RangeLike, end: Number | None = None, *, client: Client | None = None
    ) -> Job:
        """The same without waiting."""
        submission = make_submission(
            range=_range_of(begin, end),
            command=shipping.command(self._python, self._options["fold"]),
            files=[*self._files, *shipping.files_of(self.function, self._modules)],
            stream=True,
            **self._options,
        )
        return (client or usual_client())._submit(submission)

    remote = submit
    """Another name of `submit`, by which Ray's users look for it."""


def _range_of(begin: Number | RangeLike, end: Number | None) -> Range:
    if end is None:
        return to_range(begin)  # type: ignore[arg-type]  # what is no range, it refuses by itself
    if isinstance(begin, (tuple, range)):
        raise TypeError(f"give either a range or a begin and an end, not {begin!r} and {end!r}")
    return to_range((to_integer(begin), to_integer(end)))


@overload
def kernel(function: Function) -> Kernel: ...
@overload
def kernel(
    *,
    fold: str = "sum",
    name: str | None = None,
    priority: int = 0,
    step: int | None = None,
    cpus: int = 1,
    require: Require = None,
    python: str = "python3",
    modules: Iterable[ModuleLike] = (),
    files: Iterable[FileLike] = (),
    env: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    timeout: float | str | None = None,
    memory: int | str | None = None,
    attempts: int = 3,
    max_failures: int = 100,
    crash_limit: int | None = 3,
) -> Callable[[Function], Kernel]: ...
def kernel(
    function: Function | None = None,
    *,
    fold: str = "sum",
    name: str | None = None,
    priority: int = 0,
    step: int | None = None,
    cpus: int = 1,
    require: Require = None,
    python: str = "python3",
    modules: Iterable[ModuleLike] = (),
    files: Iterable[FileLike] = (),
    env: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    timeout: float | str | None = None,
    memory: int | str | None = None,
    attempts: int = 3,
    max_failures: int = 100,
    crash_limit: int | None = 3,
) -> Kernel | Callable[[Function], Kernel]:
    """Makes a function of (lo, hi) one that pq computes over ranges: `@pq.kernel`, or with options `@pq.kernel(…)`.

    It travels by value, with what it refers to of its own module. Modules of yours that it imports are named in
    `modules`; installed ones (numpy) must be installed on the agents. `python` is the interpreter there, of the same
    minor version as this one. `fold` joins what the function returns: `sum`, `min`, `max`, or `none` where it returns
    nothing of interest. `step` is how many integers a call gets; without it, as many as take about a second. The
    other options are those of `Client.submit`.
    """

    def decorated(function: Function) -> Kernel:
        if not callable(function):
            raise TypeError(f"{function!r} is not a function: write @pq.kernel, or @pq.kernel(fold='max')")
        return Kernel(
            function,
            fold=fold,
            name=_short(name if name is not None else getattr(function, "__name__", "")),
            priority=priority,
            step=step,
            cpus=cpus,
            require=require,
            python=python,
            modules=modules,
            files=files,
            env=env,
            secrets=secrets,
            timeout=timeout,
            memory=memory,
            attempts=attempts,
            max_failures=max_failures,
            crash_limit=crash_limit,
        )

    return decorated if function is None else decorated(function)


def _short(name: str) -> str:
    return name.encode()[:NAME_BYTES_MAX].decode(errors="ignore")


remote = kernel
"""Another name of `kernel`, by which Ray's users look for it."""
