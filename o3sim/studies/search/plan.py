"""Read a search and all that it names, and check it before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import suggest
from o3sim.config.expressions import parse
from o3sim.config.flat import flattened
from o3sim.config.load import check, load_architecture, load_document
from o3sim.config.marks import KeyPath, Problem
from o3sim.config.with_changes import architecture_of
from o3sim.errors import MOST_PROBLEMS, ConfigError
from o3sim.network.load import WorkloadFiles, load_workload
from o3sim.results.columns import AGREEMENT, PIPELINE_NUMBERS
from o3sim.runs.case import Case, case_of
from o3sim.runs.sizes import check_sizes
from o3sim.studies.names import Readable, settable_keys
from o3sim.studies.search.config import Explore
from o3sim.studies.search.objectives import COLUMNS
from o3sim.studies.search.space import Space

SIZES = frozenset(
    ("activation_buffer.size_kbit", "weight_buffer.size_kbit", "pe.width_edges", "organization")
)
"""Keys on which it depends whether a network fits a machine."""


@dataclass(frozen=True, eq=False)
class SearchPlan:
    """A search, read and checked.

    Attributes
    ----------
    path : Path
        Its file.
    explore : Explore
    base : Architecture
    subject : Case
    space : Space
    """

    path: Path
    explore: Explore
    base: Architecture
    subject: Case
    space: Space


def plan_search(path: Path) -> SearchPlan:
    """Read a search file, and what it names.

    Raises
    ------
    InputError
        With everything that is wrong in it (``ConfigError``), or in what it names.
    """
    explore, base, files = _checked(path)
    subject = _subject(path, explore, files)
    return SearchPlan(path, explore, base, subject, Space(explore, base, subject.network))


def check_search(path: Path) -> None:
    """Check what :func:`plan_search` does, without making what is synthetic.

    Raises
    ------
    InputError
        With everything that is wrong in it (``ConfigError``), or in what it names.
    """
    explore, _, files = _checked(path)
    if isinstance(files.parameters, Path):
        _subject(path, explore, files)


def _checked(path: Path) -> tuple[Explore, Architecture, WorkloadFiles]:
    """Read a search and what it names, and check all that is known before parameters are."""
    document = load_document(path)
    explore = check(document, Explore)
    base = load_architecture(_beside(path, explore.architecture))
    for find in (_unknown, _bad_values):
        problems = [Problem(document.nearest(path).value, path, what) for path, what in find(explore, base)]
        if problems:
            raise ConfigError([str(problem) for problem in problems])
    files = load_workload(_beside(path, explore.workload))
    if not SIZES & {*explore.parameters, *explore.derived}:
        check_sizes([base], files)
    return explore, base, files


def _subject(path: Path, explore: Explore, files: WorkloadFiles) -> Case:
    image_file = None if explore.images.file is None else path.parent / explore.images.file
    return case_of(files, image_file, explore.images.count)


def _beside(path: Path, name: str) -> str:
    """Return a file named in the search as a path from its folder; a shipped name as it is."""
    candidate = path.parent / name
    return str(candidate) if candidate.is_file() else name


def _unknown(explore: Explore, base: Architecture) -> Iterator[tuple[KeyPath, str]]:
    """Yield every name that stands for nothing, with its place."""
    readable = Readable(flattened(base.model_dump(mode="json")), 1)
    settable = settable_keys(base)
    unknown = [key for key in explore.parameters if key not in settable]
    for number, key in enumerate(unknown):
        hint = suggest(key, settable) if number < MOST_PROBLEMS else ""
        yield ("parameters", key), f"no architecture key `{key}`{hint}"
    for key, text in explore.derived.items():
        yield from _missing(("derived", key), [key], settable, "architecture key")
        yield from _missing(("derived", key), parse(text).keys, readable, "architecture key")
    columns = dict.fromkeys([*COLUMNS, *_columns_of_some(explore, base)])
    known = [*readable, *columns]
    for number, text in enumerate(explore.constraints):
        yield from _missing(("constraints", number), parse(text).keys, known, "architecture key or column")
    for text in explore.objectives:
        yield from _missing(("objectives", text), parse(text).keys, columns, "column of numbers")


def _columns_of_some(explore: Explore, base: Architecture) -> Iterator[str]:
    """Yield the columns of numbers that only some machines have, if any machine here may be one of them."""
    stated = {*explore.parameters, *explore.derived}
    if base.is_pipelined or "organization" in stated:
        yield from PIPELINE_NUMBERS
    if base.pruning.speculative or "pruning.speculative" in stated:
        yield AGREEMENT


def _bad_values(explore: Explore, base: Architecture) -> Iterator[tuple[KeyPath, str]]:
    """Yield values that a key can have in no machine at all; what only goes ill together is not run."""
    keys = flattened(base.model_dump(mode="json"))
    for parameter in explore.search_parameters():
        for value in parameter.values:
            try:
                architecture_of({**keys, parameter.key: value})
            except ValidationError as error:
                for detail in error.errors():
                    if ".".join(map(str, detail["loc"])).startswith(parameter.key):
                        yield ("parameters", parameter.key), f"{value}: {detail['msg']}"


def _missing(
    path: KeyPath, names: Iterable[str], known: Collection[str], what: str
) -> Iterator[tuple[KeyPath, str]]:
    for name in names:
        if name not in known:
            yield path, f"no {what} `{name}`{suggest(name, known)}"
