"""Load custom units, policies and trace writers from the Python files that a user names."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from o3sim.config.custom_code import CodePlace, code_place, code_problems
from o3sim.errors import InputError
from o3sim.files import sha256_of_file

T = TypeVar("T")


def load_class(value: str, base: type[T]) -> type[T]:
    """Load ``FILE.py:Class``: run the file, once for its content, and take the class.

    Parameters
    ----------
    value : str
        Where the class is; a relative file starts at the current folder.
    base : type
        What the class has to extend.

    Raises
    ------
    InputError
        If there is no such class, the file fails, or the class does not extend ``base``.
    """
    place = code_place(value)
    for problem in code_problems(place):
        raise InputError(problem)
    with custom_code_errors([place]):
        module = _module(place.file.resolve(), sha256_of_file(place.file))
    found = getattr(module, place.name, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise InputError(f"{place}: does not extend {base.__module__}.{base.__name__}")
    return found


@lru_cache
def _module(path: Path, digest: str) -> ModuleType:
    """Run a file as a module under a name of its own; ``digest`` keeps changed files apart."""
    name = f"o3sim_custom_{path.stem}_{digest[:12]}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look modules up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def custom_code_errors(places: Iterable[CodePlace]) -> Iterator[None]:
    """Turn an exception that passed through one of these files into an InputError naming the line."""
    files = {str(place.file.resolve()) for place in places}
    try:
        yield
    except (InputError, OSError):  # a closed pipe or a full disk is nobody's code
        raise
    except Exception as error:
        line = _last_line_in(files, error)
        if line is None:
            raise
        raise InputError(f"{line}: {type(error).__name__}: {error}") from error


def _last_line_in(files: set[str], error: BaseException | None) -> str | None:
    """Return ``file:line`` of the innermost call in one of these files, where the error began.

    SimPy raises what a process raised anew, with the original as its cause.
    """
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if str(Path(frame.filename).resolve()) in files]
        if inside:
            return f"{inside[-1].filename}:{inside[-1].lineno}"
        error = error.__cause__
    return None
