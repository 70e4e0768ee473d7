"""From a sweep file to its points, each a valid machine that its network fits; or all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeVar

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import beside
from o3sim.config.change_keys import unknown_key, why_not
from o3sim.config.changes import ChangeError
from o3sim.config.controls import control_of, name_of
from o3sim.config.expressions import Expression, ExpressionError, parse
from o3sim.config.flat import flattened, nested
from o3sim.config.identity import Identities
from o3sim.config.load import check, load_architecture, load_document
from o3sim.config.marks import Document, KeyPath, Problem, placed
from o3sim.config.named_files import FILE_KEYS, file_problems
from o3sim.errors import ConfigError, InputError
from o3sim.network.layer import Sized
from o3sim.runs.sizes import check_fit
from o3sim.studies.names import Readable, value_before
from o3sim.studies.sweep.config import Scalar, Sweep, values_of

Loaded = TypeVar("Loaded")

MOST_PLACES = 10_000_000
"""Places of the axes, kept by the conditions or not, that are looked at: some minutes' worth."""

MOST_LISTED = 1_000_000
"""Values of one axis, which are listed."""

MOST_PROBLEMS = 20
"""Problems that are printed; the rest are counted."""


@dataclass(frozen=True)
class Point:
    """One design point.

    Attributes
    ----------
    number : int
        From 0, in the order of the sweep.
    architecture : Architecture
    workload : str
        Name of its network.
    axes : dict of str to scalar
        What the axes say here, by dotted key.
    architecture_sha256 : str
        What the machine computes with (:mod:`o3sim.config.identity`).
    """

    number: int
    architecture: Architecture
    workload: str
    axes: dict[str, Scalar]
    architecture_sha256: str

    @property
    def label(self) -> str:
        """Name it for people."""
        values = ", ".join(f"{key}={value}" for key, value in self.axes.items())
        return f"{self.architecture.name} on {self.workload}{', ' if values else ''}{values}"


@dataclass
class Expansion:
    """The points of a sweep.

    Attributes
    ----------
    left_out, repeated : int
        Places where a condition does not hold, and places equal in everything to an earlier point.
    identities : Identities
        Hashes of the points' machines, with the files that they are made from.
    """

    points: list[Point] = field(default_factory=list)
    left_out: int = 0
    repeated: int = 0
    identities: Identities = field(default_factory=Identities)


@dataclass(frozen=True)
class SweepFile:
    """A sweep with the document that it was read from.

    Attributes
    ----------
    path : Path
        Files that it names are relative to this one.
    raw : bytes
        What it was read from.
    """

    sweep: Sweep
    document: Document
    path: Path
    raw: bytes

    def each(self, key: str, load: Callable[[str], Loaded]) -> list[Loaded]:
        """Load all that a list of names stands for.

        Raises
        ------
        ConfigError
            With what is wrong with any of them.
        """
        found: list[Loaded] = []
        problems: list[str] = []
        for number, name in enumerate(getattr(self.sweep, key)):
            try:
                with placed(self.document, (key, number)):
                    found.append(load(beside(self.path, name)))
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(list(dict.fromkeys(problems)))
        return found


def load_sweep(path: Path) -> SweepFile:
    """Read a sweep file.

    Raises
    ------
    ConfigError
        With everything that is wrong in it.
    """
    document = load_document(path)
    return SweepFile(check(document, Sweep), document, path, path.read_bytes())


def expand(file: SweepFile, networks: Mapping[str, Sequence[Sized]]) -> Expansion:
    """Make all points, validated, before any of them runs.

    Parameters
    ----------
    networks : mapping of str to sequence of Sized
        The layers of each network, by workload name, in the order of the sweep.

    Raises
    ------
    ConfigError
        With all problems, each at the place in the sweep file that it comes from.
    InputError
        If there are too many points, or none.
    """
    return _Expander(file, networks).run()


class _Expander:
    def __init__(self, file: SweepFile, networks: Mapping[str, Sequence[Sized]]) -> None:
        self.file, self.sweep = file, file.sweep
        self.networks = networks
        self.found = Expansion()
        self.problems: dict[str, None] = {}
        self.seen: set[tuple[str, str, str]] = set()
        self.derived = {key: parse(text) for key, text in self.sweep.derived.items()}
        self.where = [parse(text) for text in self.sweep.where]
        self.fits: dict[tuple[str, str], str] = {}
        self.files: dict[tuple[str, str], list[str]] = {}

    def run(self) -> Expansion:
        self._check_places()
        groups = self._groups()
        bases = self.file.each("architectures", load_architecture)
        self._check_names(bases)
        for base, workload in product(bases, self.networks):
            values = flattened(base.model_dump(mode="json"))
            self._check_keys(base, values)
            for place in product(*groups):
                self._add(
                    base, values, workload, {key: value for part in place for key, value in part.items()}
                )
        self._raise_problems()
        if not self.found.points:
            left_out = f"{self.found.left_out:,}"
            raise InputError(f"{self.file.path}: no points: `where` leaves out all {left_out} combinations")
        return self.found

    def _check_places(self) -> None:
        """Refuse more combinations than can be looked at, before any is made."""
        sizes = [len(values_of(axis)) for axis in self.sweep.axes.values()]
        sizes += [len(values_of(next(iter(group.values())))) for group in self.sweep.zipped]
        places = len(self.sweep.architectures) * len(self.networks) * prod(sizes)
        if places > MOST_PLACES:
            found = f"{places:,}" if places < 10**18 else "over 10^18"
            raise InputError(f"{self.file.path}: {found} combinations; at most {MOST_PLACES:,} are looked at")
        if max(sizes, default=0) > MOST_LISTED:
            raise InputError(
                f"{self.file.path}: {max(sizes):,} values of an axis; at most {MOST_LISTED:,} are listed"
            )

    def _groups(self) -> list[list[dict[str, Scalar]]]:
        """Return the axes, each as the values that its keys take together."""
        groups = [[{key: value} for value in values_of(axis)] for key, axis in self.sweep.axes.items()]
        for zipped in self.sweep.zipped:
            columns = [values_of(axis) for axis in zipped.values()]
            groups.append([dict(zip(zipped, row, strict=True)) for row in zip(*columns, strict=True)])
        for path, group in zip(self._group_paths(), groups, strict=True):
            if not group:
                raise ConfigError(
                    [str(Problem(self.file.document.nearest(path).value, path, "has no values"))]
                )
        return groups

    def _group_paths(self) -> Iterator[KeyPath]:
        yield from (("axes", key) for key in self.sweep.axes)
        yield from (("zipped", number) for number in range(len(self.sweep.zipped)))

    def _check_names(self, bases: list[Architecture]) -> None:
        """Refuse controls that there are not, and machines that rows could not be told apart by."""
        names = [base.name for base in bases]
        for number, name in enumerate(names):
            if name in names[:number]:
                self._problem(("architectures", number), f"a second architecture called `{name}`")
        for number, control in enumerate(self.sweep.controls):
            try:
                derived = [name_of(base, control) for base in bases]
            except InputError as error:
                self._problem(("controls", number), str(error))
                continue
            for name in derived:
                if name in names:
                    self._problem(("controls", number), f"a second architecture called `{name}`")
            names += derived

    def _check_keys(self, base: Architecture, values: Mapping[str, Any]) -> None:
        """Refuse keys that the machine does not have."""
        stated: list[tuple[KeyPath, str]] = [(("axes", key), key) for key in self.sweep.axes]
        stated += [(("zipped", n, key), key) for n, group in enumerate(self.sweep.zipped) for key in group]
        stated += [(("derived", key), key) for key in self.derived]
        read: list[tuple[KeyPath, str]] = []
        for key, expression in self.derived.items():
            read += [(("derived", key), name) for name in expression.keys]
        for number, condition in enumerate(self.where):
            read += [(("where", number), name) for name in condition.keys]
        keys = {key for _, key in stated}
        nested_values = base.model_dump(mode="json")
        for path, key in stated:
            hints = len(self.problems) < MOST_PROBLEMS  # which take their time
            if what := why_not(key, nested_values, Architecture, keys, hints):
                self._problem(path, what)
        known = Readable(values, ())
        for path, key in read:
            if key not in known:
                self._problem(path, unknown_key(key, known if len(self.problems) < MOST_PROBLEMS else ()))
        self._raise_problems()

    def _add(
        self, base: Architecture, values: dict[str, Any], workload: str, axes: dict[str, Scalar]
    ) -> None:
        """Add the point of one place, unless a condition or an earlier point stands against it."""
        try:
            layers = self.networks[workload]
            now = self._with_derived({**values, **axes}, layers)
            if not all(condition.value(Readable(now, layers)) for condition in self.where):
                self.found.left_out += 1
                return
        except ExpressionError as error:
            self._problem(self._place_of(str(error)), f"{error} (at {_stated(axes)})")
            return
        architecture = self._validated(base, now, axes)
        if architecture is None or not self._fits(architecture, workload, axes):
            return
        machine = self.found.identities.of(architecture)
        key = (workload, architecture.name, machine)
        if key in self.seen:
            self.found.repeated += 1
            return
        self.seen.add(key)
        self._append(architecture, workload, axes, machine)
        self._add_controls(architecture, workload, axes)

    def _add_controls(self, architecture: Architecture, workload: str, axes: dict[str, Scalar]) -> None:
        """Add the controls of a point, also where they are those of another place: each has its own row."""
        for number, name in enumerate(self.sweep.controls):
            try:
                control = control_of(architecture, name)
            except ConfigError as error:
                for problem in error.problems:
                    self._problem(("controls", number), f"{problem} (at {_stated(axes)})")
                continue
            if self._fits(control, workload, axes):
                self._append(control, workload, axes, self.found.identities.of(control))

    def _append(
        self, architecture: Architecture, workload: str, axes: dict[str, Scalar], machine: str
    ) -> None:
        if len(self.found.points) == self.sweep.most_points:
            raise InputError(
                f"{self.file.path}: more than {self.sweep.most_points:,} points; most_points can be raised"
            )
        self.found.points.append(Point(len(self.found.points), architecture, workload, axes, machine))

    def _with_derived(self, values: dict[str, Any], layers: Sequence[Sized]) -> dict[str, Any]:
        for key, expression in self.derived.items():
            values[key] = value_of_kind(expression, Readable(values, layers), value_before(values, key))
        return values

    def _validated(
        self, base: Architecture, values: dict[str, Any], axes: dict[str, Scalar]
    ) -> Architecture | None:
        try:
            architecture = Architecture.of(nested(values), [*axes, *self.derived])
        except ChangeError as error:
            refusals = [(refusal.key, refusal.what) for refusal in error.refusals]
            architecture = None
        else:
            named = [key for key in FILE_KEYS if key in values]
            refusals = [(key, what) for key in named for what in self._problems_of_file(key, values[key])]
        for key, what in refusals:
            self._problem(self._path_of(key), f"{what} (at {_stated(axes)}, {base.name})")
        return None if refusals else architecture

    def _problems_of_file(self, key: str, value: str) -> list[str]:
        """Look for a file that a key names, once for all points."""
        if (key, value) not in self.files:
            self.files[key, value] = list(file_problems(key, value))
        return self.files[key, value]

    def _path_of(self, key: str) -> KeyPath:
        """Return the place in the sweep file that states an architecture key."""
        if key in self.sweep.axes:
            return ("axes", key)
        if key in self.derived:
            return ("derived", key)
        for number, group in enumerate(self.sweep.zipped):
            if key in group:
                return ("zipped", number, key)
        return ("axes",) if self.sweep.axes else ()

    def _place_of(self, message: str) -> KeyPath:
        for key, expression in self.derived.items():
            if message.startswith(f"`{expression.text}`"):
                return ("derived", key)
        for number, condition in enumerate(self.where):
            if message.startswith(f"`{condition.text}`"):
                return ("where", number)
        return ()

    def _fits(self, architecture: Architecture, workload: str, axes: dict[str, Scalar]) -> bool:
        """Check that the network fits the buffers and that the energy table is there, once for each size."""
        size = architecture.model_dump_json(
            include={
                "pe",
                "activation_buffer",
                "weight_buffer",
                "energy",
                "organization",
                "pruning",
                "stages",
            }
        )
        key = (workload, size)
        if key not in self.fits:
            try:
                check_fit(architecture, workload, self.networks[workload])
                self.fits[key] = ""
            except InputError as error:
                self.fits[key] = str(error)
        refusal = self.fits[key]
        if refusal:
            self._problem((), f"{refusal} (at {_stated(axes)}, {architecture.name} on {workload})")
        return not refusal

    def _problem(self, path: KeyPath, what: str) -> None:
        self.problems[str(Problem(self.file.document.nearest(path).value, path, what))] = None

    def _raise_problems(self) -> None:
        if not self.problems:
            return
        found = list(self.problems)
        more = len(found) - MOST_PROBLEMS
        raise ConfigError(found[:MOST_PROBLEMS] + ([f"... and {more:,} more problems"] if more > 0 else []))


def value_of_kind(expression: Expression, values: Readable, before: Any) -> Any:
    """Evaluate; a comparison becomes a switch only where a switch stood before."""
    found = expression.value(values)
    if isinstance(found, bool) and not isinstance(before, bool):
        raise ExpressionError(f"`{expression.text}`: is true or false, and the key is not a switch")
    return found


def _stated(axes: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{key}={value}" for key, value in axes.items()) or "the architecture as it is"
