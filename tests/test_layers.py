"""The package's block diagram: which folder may import from which, all arrows downwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "o3sim"
DESIGN = PACKAGE.parent / "docs" / "design.md"
MOST_ENTRIES = 23

ARROWS: dict[str, str] = {
    "cli": "rtl checks report studies trace runs results energy area "
    "profile train formats network workers config files errors",
    "extend": "trace machine contract errors",
    "api": "studies runs results network config errors",
    "rtl": "checks trace runs contract network config files errors",
    "checks": "report trace runs results energy contract profile network config files errors",
    "report": "studies trace runs results energy area contract profile network config files errors",
    "studies": "runs results energy area contract profile network config files errors",
    "trace": "runs contract profile network config files errors",
    "runs": "results energy area machine compiled contract profile network workers config errors",
    "results": "energy area contract config files errors",
    "area": "contract network config errors",
    "energy": "area contract network config errors",
    "machine": "contract profile network config errors",
    "compiled": "contract profile network config errors",
    "contract": "profile network config errors",
    "train": "profile formats network config files errors",
    "profile": "formats network config files errors",
    "formats": "network config files errors",
    "network": "config files errors",
    "workers": "files errors",
    "config": "files errors",
    "files": "errors",
    "errors": "",
}  # fmt: skip
"""From each folder or file at the top, what it may import. A new arrow is a decision: write it here."""


@cache
def imports() -> dict[str, frozenset[str]]:
    """Return what each module of the package imports of it, at its top or inside functions."""
    return {name: frozenset(_imported(path)) for name, path in _modules().items()}


@cache
def _modules() -> dict[str, Path]:
    named = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("o3sim"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("o3sim"):
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                yield within if within in _modules() else str(node.module)


def _top(module: str) -> str:
    return module.split(".")[1] if "." in module else module


@pytest.mark.parametrize("folder", ARROWS)
def test_arrows_lead_only_where_the_table_says(folder: str) -> None:
    allowed = {folder, *ARROWS[folder].split()}
    astray = [
        f"{module} -> {other}"
        for module, found in imports().items()
        if _top(module) == folder
        for other in found
        if _top(other) not in allowed
    ]
    assert not astray


def test_the_table_has_no_circle_and_names_all_there_is() -> None:
    TopologicalSorter({folder: allowed.split() for folder, allowed in ARROWS.items()}).prepare()
    assert {_top(module) for module in imports()} == {"o3sim", "__main__", *ARROWS}


def test_the_diagram_of_the_documentation_has_the_same_entries_and_all_arrows_lead_down() -> None:
    diagram = DESIGN.read_text().split("```")[1]
    rows = [
        [word for word in re.findall(r"\w+", line[:46]) if word in ARROWS] for line in diagram.splitlines()
    ]
    row_of = {entry: number for number, row in enumerate(rows) for entry in row}
    assert sorted(entry for row in rows for entry in row) == sorted(ARROWS)
    upwards = [
        (entry, other)
        for entry, allowed in ARROWS.items()
        for other in allowed.split()
        if row_of[other] < row_of[entry]
    ]
    assert not upwards


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(imports()).prepare()


def test_few_things_lie_at_the_top() -> None:
    here = {path.name for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "_shipped")}
    assert len(here - {"__init__.py", "__main__.py", "py.typed"}) <= MOST_ENTRIES
