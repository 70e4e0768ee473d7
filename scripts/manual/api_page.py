"""The page of the Python API: docstrings of all that is public, for Sphinx."""

from __future__ import annotations

import inspect

import o3sim
from o3sim import extend

_TOP = """\
# The Python API

What scripts, notebooks and custom units may rely on; [From Python](../api.md) shows the one at work,
[Extending o3sim](../extending.md) the other.
"""


def api_page() -> str:
    """Write the page."""
    names = [name for name in o3sim.__all__ if not name.startswith("__")]
    more = [name for name in extend.__all__ if name not in names]
    sections = [*_section("`o3sim`", "o3sim", names), *_section("`o3sim.extend`", "o3sim.extend", more)]
    return "\n".join([_TOP, *sections])


def _section(title: str, module: str, names: list[str]) -> list[str]:
    return [f"## {title}\n", *(_entry(module, name) for name in names)]


def _entry(module: str, name: str) -> str:
    value = getattr(extend if module == "o3sim.extend" else o3sim, name)
    kind = "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else "autodata"
    options = "\n   :members:" if kind == "autoclass" else ""
    return f"### `{name}`\n\n```{{eval-rst}}\n.. {kind}:: {module}.{name}{options}\n```\n"
