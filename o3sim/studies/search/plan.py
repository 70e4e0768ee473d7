"""Read a search and all that it names, and check it before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import beside, suggest
from o3sim.config.change_keys import why_not
from o3sim.config.changes import ChangeError
from o3sim.config.consent import check_consent
from o3sim.config.expressions import parse
from o3sim.config.flat import flattened, nested
from o3sim.config.load import check, load_architecture, load_document
from o3sim.config.marks import Document, KeyPath, Problem, placed
from o3sim.config.named_files import file_problems
from o3sim.errors import MOST_PROBLEMS, ConfigError
from o3sim.network.load import WorkloadFiles, load_workload
from o3sim.results.columns import AGREEMENT, PIPELINE_NUMBERS
from o3sim.runs.case import Case
from o3sim.runs.sizes import check_sizes
from o3sim.studies.names import Readable
from o3sim.studies.search.config import Explore
from o3sim.studies.search.objectives import COLUMNS
from o3sim.studies.search.space import Space
from o3sim.studies.subject import subject_of

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
    code : frozenset of str
        SHA-256 of the users' code that may run.
    """

    path: Path
    explore: Explore
    base: Architecture
    subject: Case
    space: Space
    code: frozenset[str] = frozenset()


def plan_search(path: Path) -> SearchPlan:
    """Read a search file, and what it names.

    Raises
    ------
    InputError
        With everything that is wrong in it (``ConfigError``), or in what it names, or with all code that
        is not allowed to run.
    """
    document = load_document(path)
    explore, base, files = _checked(path, document)
    values = (value for parameter in explore.search_parameters() for value in parameter.values)
    code = check_consent(base, more=values)
    subject = subject_of(document, path, explore.images, files)
    return SearchPlan(path, explore, base, subject, Space(explore, base, subject.network), code)


def check_search(path: Path) -> None:
    """Check what :func:`plan_search` does, without making what is synthetic.

    Raises
    ------
    InputError
        With everything that is wrong in it (``ConfigError``), or in what it names.
    """
    document = load_document(path)
    explore, _, files = _checked(path, document)
    if isinstance(files.parameters, Path):
        subject_of(document, path, explore.images, files)


def _checked(path: Path, document: Document) -> tuple[Explore, Architecture, WorkloadFiles]:
    """Read what a search names, and check all that is known before parameters are."""
    explore = check(document, Explore)
    with placed(document, ("architecture",)):
        base = load_architecture(beside(path, explore.architecture))
    for find in (_unknown, _bad_values):
        problems = [Problem(document.nearest(path).value, path, what) for path, what in find(explore, base)]
        if problems:
            raise ConfigError([str(problem) for problem in problems])
    with placed(document, ("workload",)):
        files = load_workload(beside(path, explore.workload))
    if not SIZES & {*explore.parameters, *explore.derived}:
        check_sizes([base], files)
    return explore, base, files


def _unknown(explore: Explore, base: Architecture) -> Iterator[tuple[KeyPath, str]]:
    """Yield every name that stands for nothing, with its place."""
    values = base.model_dump(mode="json")
    readable = Readable(flattened(values), 1)
    stated = [("parameters", key) for key in explore.parameters]
    stated += [("derived", key) for key in explore.derived]
    keys, found = {key for _, key in stated}, 0
    for section, key in stated:
        if what := why_not(key, values, Architecture, keys, hints=found < MOST_PROBLEMS):
            found += 1
            yield (section, key), what
    for key, text in explore.derived.items():
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
        key = parameter.key
        for value in parameter.values:
            yield from ((("parameters", key), what) for what in file_problems(key, value))
            try:
                Architecture.of(nested({**keys, key: value}), [key])
            except ChangeError as error:
                alone = [refusal for refusal in error.refusals if not refusal.between]
                yield from ((("parameters", key), each.what) for each in alone if each.key == key)


def _missing(
    path: KeyPath, names: Iterable[str], known: Collection[str], what: str
) -> Iterator[tuple[KeyPath, str]]:
    for name in names:
        if name not in known:
            yield path, f"no {what} `{name}`{suggest(name, known)}"
