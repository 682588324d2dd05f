"""What of a Python function travels with a job: itself by value, the script that runs it, and cloudpickle.

So an agent needs a python3 of the same minor version and nothing else, unless the function imports something.
"""

from __future__ import annotations

import importlib
import io
import linecache
import site
import sys
import sysconfig
import threading
from collections import ChainMap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Callable, Union

import cloudpickle

from .files import JobFile, bytes_file, package_file

RUNNER = "pq_runner.py"
FUNCTION = "function.pickle"
SOURCE_BYTES_MAX = 1 << 20
ModuleLike = Union[str, ModuleType]

_pickling = threading.Lock()  # what cloudpickle takes by value is set for the whole process
_fixed: list[JobFile] = []


def expected_version() -> str:
    """Of the Python that a pickled function runs under."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def command(python: str, fold: str) -> tuple[str, ...]:
    return (python, "-u", RUNNER, expected_version(), fold)


def files_of(function: Callable[..., Any], modules: Iterable[ModuleLike]) -> list[JobFile]:
    files = [*_fixed_files(), bytes_file(FUNCTION, pickled(function))]
    entries = [_place_of(module) for module in modules]
    return [*files, package_file("modules", entries)] if entries else files


def _fixed_files() -> list[JobFile]:
    if not _fixed:
        place = Path(cloudpickle.__file__).parent
        runner = Path(__file__).with_name("runner.py").read_bytes()
        _fixed.extend([bytes_file(RUNNER, runner), package_file("cloudpickle", _children(place))])
    return list(_fixed)


def _children(directory: Path) -> list[tuple[str, Path]]:
    return [(child.name, child) for child in directory.iterdir()]


def pickled(function: Callable[..., Any]) -> bytes:
    """The function and the lines of its file, for tracebacks."""
    with _pickling, _by_value(function):
        content = io.BytesIO()
        _Pickler(content).dump((function, _sources_of(function)))
    return content.getvalue()


def _code_with_its_file(code: CodeType) -> tuple[Any, ...]:
    """cloudpickle from 3.1 on hides which file a function is from, without which tracebacks show no lines."""
    make, parts, *rest = cloudpickle.CloudPickler.dispatch_table[CodeType](code)
    return (make, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts), *rest)


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]  # it has no types
    dispatch_table = ChainMap({CodeType: _code_with_its_file}, cloudpickle.CloudPickler.dispatch_table)


def _sources_of(function: Callable[..., Any]) -> dict[str, list[str]]:
    code = getattr(function, "__code__", None)
    lines = linecache.getlines(code.co_filename) if code is not None else []
    return {code.co_filename: lines} if code is not None and sum(map(len, lines)) <= SOURCE_BYTES_MAX else {}


@contextmanager
def _by_value(function: Callable[..., Any]) -> Iterator[None]:
    """cloudpickle takes what is in `__main__` by value; here also what is in the function's own package."""
    name = (getattr(function, "__module__", None) or "__main__").partition(".")[0]
    module = sys.modules.get(name)
    if (
        module is None
        or name == "__main__"
        or _is_installed(module)
        or name in cloudpickle.list_registry_pickle_by_value()
    ):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _is_installed(module: ModuleType) -> bool:
    """Of Python itself or of a package that was installed: an agent may have it too."""
    file = getattr(module, "__file__", None)
    if file is None:
        return not hasattr(module, "__path__")  # built in; a folder without __init__.py is somebody's own
    here = Path(file).resolve()
    places = [sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [*site.getsitepackages(), site.getusersitepackages()]
    inside = any(Path(place).resolve() in here.parents for place in places if place)
    return inside or any(part in ("site-packages", "dist-packages") for part in here.parts)


def _place_of(module: ModuleLike) -> tuple[str, Path]:
    """The name and the file or the directory of a module or of a whole package."""
    found = importlib.import_module(module) if isinstance(module, str) else module
    if "." in found.__name__:
        found = importlib.import_module(found.__name__.partition(".")[0])
    file = getattr(found, "__file__", None)
    if file is None and hasattr(found, "__path__"):
        return found.__name__, Path(next(iter(found.__path__)))
    if file is None or not file.endswith(".py"):
        raise ValueError(
            f"the module {found.__name__} has no Python source that could be sent: install it on the agents"
        )
    path = Path(file)
    return (found.__name__, path.parent) if path.name == "__init__.py" else (path.name, path)
