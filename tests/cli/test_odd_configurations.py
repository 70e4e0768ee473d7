"""Configuration files with any value at any place: valid, or refused with their place, and quickly."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.cli.kinds import KINDS
from o3sim.config.catalog import folder
from o3sim.config.extends import load_document
from o3sim.config.yaml_marks import dump_yaml
from o3sim.energy.table import TABLES_FOLDER
from o3sim.errors import MOST_PROBLEMS, ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLES = {
    "architecture": folder("architecture") / "o3bnn-pipelined.yaml",
    "workload": folder("workload") / "vgg16.yaml",
    "sweep": ROOT / "docs/examples/queue-and-pes.yaml",
    "search": ROOT / "docs/examples/explore.yaml",
    "training": folder("workload") / "training" / "fashion-bn-pool.yaml",
    "cluster": ROOT / "docs/examples/slurm.yaml",
    "energy table": TABLES_FOLDER / "asic-45nm.yaml",
}
LABELS = sorted(EXAMPLES)
ODD = [
    None, True, False, 0, -1, 1.5, 2**63 - 1, -(2**63), 1e308, 5e-324, float("inf"), float("nan"),
    "", "x", "\x1b[2J", "=1+1", "\ud7ff" * 70, [], [1], [[1]], ["x", {"type": "conv"}],
    {}, {"a": 1}, {"name": [1]}, {"synthetic": []}, {"from": 1, "to": 2**62, "step": 1},
    {"from": 1, "to": 2**62, "factor": 1.0000000000000002},
]  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value, the outermost left out."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Put a value at a place."""
    data = copy.deepcopy(data)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = copy.deepcopy(value)
    return data


def check(file: Path, label: str, data: Any) -> None:
    file.write_text(dump_yaml(data))
    (kind,) = [kind for kind in KINDS if kind.label == label]
    problems: tuple[str, ...] = ()
    try:
        kind.check(load_document(file))
    except ConfigError as error:
        problems = error.problems
    for problem in problems:
        assert problem.startswith(f"{file}:")
        assert "\n" not in problem
        assert ": :" not in problem


@pytest.mark.parametrize("label", LABELS)
def test_the_examples_are_valid(tmp_path: Path, label: str) -> None:
    (kind,) = [kind for kind in KINDS if kind.label == label]
    assert kind.check(load_document(EXAMPLES[label]))


@pytest.mark.parametrize("label", LABELS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_at_any_place(
    tmp_path_factory: pytest.TempPathFactory, label: str, data: st.DataObject
) -> None:
    document = load_document(EXAMPLES[label]).data
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(sorted(places(document), key=str)))
        document = changed(document, path, data.draw(st.sampled_from(ODD)))
    check(tmp_path_factory.getbasetemp() / "f.yaml", label, document)


@pytest.mark.parametrize("label", LABELS)
def test_what_cannot_be_a_name_at_every_place(tmp_path: Path, label: str) -> None:
    """Rules across keys look names up, and a list is no key of a dictionary."""
    document = load_document(EXAMPLES[label]).data
    for path in places(document):
        check(tmp_path / "f.yaml", label, changed(document, path, []))


@pytest.mark.parametrize("label", LABELS)
def test_thousands_of_problems_are_counted(tmp_path: Path, label: str) -> None:
    (kind,) = [kind for kind in KINDS if kind.label == label]
    document = {**load_document(EXAMPLES[label]).data, **{f"unknown_{number}": 1 for number in range(3000)}}
    file = tmp_path / "f.yaml"
    file.write_text(json.dumps(document))
    with pytest.raises(ConfigError) as caught:
        kind.check(load_document(file))
    assert len(caught.value.problems) == 3000
    *shown, last = str(caught.value).splitlines()
    assert len(shown) == MOST_PROBLEMS
    assert last == "... and 2,950 more"


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("escape", ["\\e[31m", "\\0", "\\r", "\\u202e", "\\x9b1m", "\\x7f"])
def test_escapes_make_no_text_that_a_terminal_obeys(tmp_path: Path, label: str, escape: str) -> None:
    (kind,) = [kind for kind in KINDS if kind.label == label]
    document = {**load_document(EXAMPLES[label]).data, "name": "NAME"}
    file = tmp_path / "f.yaml"
    file.write_text(dump_yaml(document).replace("name: NAME", f'name: "a{escape}b"', 1))
    with pytest.raises(
        ConfigError, match=r"name: character U\+[0-9A-F]{4}, written as an escape, is not text"
    ):
        kind.check(load_document(file))


def test_lines_and_tabs_are_text(tmp_path: Path) -> None:
    document = {**load_document(EXAMPLES["workload"]).data, "description": "two\nlines\tand a tab, é"}
    check(tmp_path / "f.yaml", "workload", document)
