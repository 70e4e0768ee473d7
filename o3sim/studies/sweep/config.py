"""The sweep model: which machines, networks and images, and what is varied. ``docs/sweeps.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, Tag

from o3sim.config.expressions import ExpressionError, parse
from o3sim.config.marks import Conflict, KeyPath
from o3sim.config.model import CrossCheckedModel, StrictModel

Text = Annotated[str, Field(min_length=1)]
Scalar = bool | int | float | str

MOST_POINTS = 100_000
"""Points of a sweep unless it asks for more; a table of them is some 300 MB."""


MOST_VALUES = 100_000_000
"""Values of an axis: no key of a machine has more."""

LEAST_FACTOR = 1.0001
"""Of values at equal ratios: some 400,000 of them lead from 1 to the largest number there is."""


class Steps(StrictModel):
    """Whole numbers at equal distances: ``from``, ``from + step``, ... up to ``to``."""

    start: Annotated[int, Field(alias="from")]
    to: int
    step: Annotated[int, Field(ge=1)]

    @property
    def count(self) -> int:
        """How many numbers there are; ``len`` of a range refuses more than memory can address."""
        return max(0, (self.to - self.start) // self.step + 1)

    def values(self) -> Sequence[Scalar]:
        """Return the numbers, however many, without listing them."""
        return range(self.start, self.to + 1, self.step)


class Factors(StrictModel):
    """Whole numbers at equal ratios: ``from``, ``from * factor``, ... up to ``to``."""

    start: Annotated[int, Field(alias="from", ge=1)]
    to: int
    factor: Annotated[float, Field(ge=LEAST_FACTOR)]

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return len(self.values())

    def values(self) -> Sequence[Scalar]:
        """Return the numbers, rounded, each once."""
        found: dict[Scalar, None] = {}
        exact = float(self.start)
        while exact < self.to + 1 and round(exact) <= self.to:  # the product may be infinite
            found[round(exact)] = None
            exact *= self.factor
        return list(found)


def _form_of(axis: Any) -> str:
    """Tell the forms of an axis apart by their keys: only what is wrong with the one meant is told."""
    if isinstance(axis, (Mapping, BaseModel)):
        return "factors" if "factor" in (axis if isinstance(axis, Mapping) else vars(axis)) else "steps"
    return "list"


Values = Annotated[
    Annotated[list[Scalar], Field(min_length=1), Tag("list")]
    | Annotated[Steps, Tag("steps")]
    | Annotated[Factors, Tag("factors")],
    Discriminator(_form_of),
]


def count_of(axis: list[Scalar] | Steps | Factors) -> int:
    """Count the values of an axis without listing more than a range says."""
    return len(axis) if isinstance(axis, list) else axis.count


def values_of(axis: list[Scalar] | Steps | Factors) -> Sequence[Scalar]:
    """Return the values of an axis."""
    return axis if isinstance(axis, list) else axis.values()


class SweepImages(StrictModel):
    """The images that every point runs."""

    count: Annotated[int, Field(ge=1)] = Field(default=1, description="From the first on.")
    file: Text | None = Field(
        default=None, description="NPZ file in place of the workloads' own, relative to this file."
    )


class Sweep(CrossCheckedModel):
    """A sweep: every architecture with every workload at every place of the axes."""

    name: Text = Field(description="Name in reports.")
    description: str = Field(default="", description="One line.")
    architectures: Annotated[list[Text], Field(min_length=1)] = Field(
        description="Shipped names, or files relative to this one; each point starts from one of them."
    )
    workloads: Annotated[list[Text], Field(min_length=1)] = Field(
        description="Shipped names, or files relative to this one."
    )
    controls: list[Text] = Field(
        default_factory=list,
        description="Controls of each point's machine, run beside it: `o3sim list` has them.",
    )
    images: SweepImages = SweepImages()
    axes: dict[Text, Values] = Field(
        default_factory=dict, description="Dotted architecture key: a list of values or a range."
    )
    zipped: list[Annotated[dict[Text, Values], Field(min_length=1)]] = Field(
        default_factory=list, description="Groups of keys whose values move together, each group one axis."
    )
    derived: dict[Text, Text] = Field(
        default_factory=dict, description="Dotted architecture key: expression over other keys."
    )
    where: list[Text] = Field(
        default_factory=list, description="Conditions; a point for which one does not hold is left out."
    )
    most_points: Annotated[int, Field(ge=1)] = Field(
        default=MOST_POINTS, description="Refuse to begin with more points than that."
    )

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield keys varied twice, groups of unequal length, and expressions that cannot be read."""
        yield from _varied_twice(data)
        yield from _unequal(data)
        yield from too_many(_axes(data), MOST_VALUES)
        for path, text in _expressions(data):
            try:
                parse(text)
            except ExpressionError as error:
                yield Conflict((path,), str(error))


def _varied_twice(data: Mapping[str, Any]) -> Iterator[Conflict]:
    seen: dict[str, KeyPath] = {}
    for path in _varied(data):
        key = str(path[-1])
        if key in seen:
            yield Conflict((path, seen[key]), "is varied or derived already")
        seen.setdefault(key, path)


def _varied(data: Mapping[str, Any]) -> Iterator[KeyPath]:
    for section in ("axes", "derived"):
        if isinstance(data.get(section), Mapping):
            yield from ((section, key) for key in data[section])
    if isinstance(data.get("zipped"), list):
        for number, group in enumerate(data["zipped"]):
            if isinstance(group, Mapping):
                yield from (("zipped", number, key) for key in group)


def _unequal(data: Mapping[str, Any]) -> Iterator[Conflict]:
    groups = data.get("zipped")
    for number, group in enumerate(groups if isinstance(groups, list) else []):
        if not isinstance(group, Mapping):
            continue
        lengths = {
            key: count_of(axis) for key, values in group.items() if (axis := plain_axis(values)) is not None
        }
        if len(set(lengths.values())) > 1:
            each = ", ".join(f"{key} {length}" for key, length in lengths.items())
            yield Conflict((("zipped", number),), f"keys that move together need as many values each: {each}")


def _axes(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    for path in _varied(data):
        if path[0] != "derived":
            group = data["axes"] if path[0] == "axes" else data["zipped"][path[1]]
            yield path, group[path[-1]]


def too_many(axes: Iterable[tuple[KeyPath, Any]], most: int) -> Iterator[Conflict]:
    """Yield the axes with more values than can be listed."""
    for path, values in axes:
        axis = plain_axis(values)
        if axis is not None and (count := count_of(axis)) > most:
            yield Conflict((path,), f"has {count:,} values; {most:,} at most")


def plain_axis(values: Any) -> list[Any] | Steps | Factors | None:
    """Return an axis as read from YAML, or None if it is none."""
    if isinstance(values, list):
        return values
    for model in (Steps, Factors):
        try:
            return model.model_validate(values)
        except ValueError:
            continue
    return None


def _expressions(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    derived, where = data.get("derived"), data.get("where")
    if isinstance(derived, Mapping):
        yield from ((("derived", key), text) for key, text in derived.items() if isinstance(text, str))
    if isinstance(where, list):
        yield from ((("where", number), text) for number, text in enumerate(where) if isinstance(text, str))
