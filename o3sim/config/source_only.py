"""Import local modules from their text alone.

Bytecode in a ``__pycache__`` that came with a folder may be of anything: Python takes it unread where its
header says so. What is read, hashed and allowed is the text, so the text is what runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from o3sim.config.local_modules import NOT_LOCAL, is_local


class _FromText(SourceFileLoader):
    def path_stats(self, path: Any) -> Any:
        """Say nothing of the file's age: then no bytecode is looked for, or written."""
        raise OSError(f"{path}: only its text counts")


class _LocalFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a local module as Python does, to be loaded from its text; leave others to Python."""
        if fullname.partition(".")[0] in NOT_LOCAL:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or type(spec.loader) is not SourceFileLoader:
            return None
        if not is_local(Path(spec.origin)):
            return None
        spec.loader = _FromText(fullname, spec.origin)
        return spec


_FINDER = _LocalFinder()


def import_local_from_text() -> None:
    """From now on import local modules from their text."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _FINDER)  # after finders such as pytest's
