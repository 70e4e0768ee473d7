"""Load custom units, policies and trace writers from the Python files that a user names."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from o3sim.config.consent import allowed_content
from o3sim.config.custom_code import CodePlace, code_place, code_problems
from o3sim.config.source_only import import_local_from_text
from o3sim.errors import InputError

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
        If there is no such class, nobody has allowed the file to run (:mod:`o3sim.config.consent`), it
        fails, or the class does not extend ``base``.
    """
    place = code_place(value)
    for problem in code_problems(place):
        raise InputError(problem)
    content = allowed_content(place.file)
    with custom_code_errors([place]):
        module = _module(place.file.resolve(), content.source, content.sha256)
    found = getattr(module, place.name, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise InputError(f"{place}: does not extend {base.__module__}.{base.__name__}")
    return found


@lru_cache
def _module(path: Path, source: bytes, digest: str) -> ModuleType:
    """Run a file's text as a module of its own; ``digest``, of it and its imports, keeps changed files apart.

    It is the text that was allowed: neither the file as it may be by now, nor bytecode that lies beside it.
    """
    name = f"o3sim_custom_{path.stem}_{digest[:12]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    import_local_from_text()
    sys.modules[name] = module  # dataclasses and pickle look modules up there
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user has consented
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
