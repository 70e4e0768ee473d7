"""The search model: which machine and network, what may be set, what is wanted. ``docs/explore.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from o3sim.config.expressions import ExpressionError, parse
from o3sim.config.marks import Conflict, KeyPath
from o3sim.config.model import CrossCheckedModel
from o3sim.studies.search.parameter import Parameter
from o3sim.studies.sweep.config import (
    SweepImages,
    Text,
    Values,
    count_of,
    plain_axis,
    too_many,
    values_of,
)

MOST_VALUES = 10_000
"""Values of a parameter: each is looked at before the search begins."""

Direction = Literal["minimise", "maximise"]


class Explore(CrossCheckedModel):
    """A search for the best machines on one network, under constraints."""

    name: Text = Field(description="Name in reports.")
    description: str = Field(default="", description="One line.")
    architecture: Text = Field(
        description="Shipped name, or a file relative to this one: all that the parameters do not set."
    )
    workload: Text = Field(description="Shipped name, or a file relative to this one.")
    images: SweepImages = SweepImages()
    parameters: Annotated[dict[Text, Values], Field(min_length=1)] = Field(
        description="Dotted architecture key: a list of values or a range."
    )
    derived: dict[Text, Text] = Field(
        default_factory=dict, description="Dotted architecture key: expression over other keys."
    )
    constraints: list[Text] = Field(
        default_factory=list,
        description="Conditions over architecture keys, peak_edges_per_cycle, on_chip_kbit and"
        " area.lut: what does not meet one is never run. Over columns of the results: what does not"
        " is not on the front.",
    )
    objectives: Annotated[dict[Text, Direction], Field(min_length=1)] = Field(
        description="Column of the results, or expression over columns: minimise or maximise."
    )
    trials: Annotated[int, Field(ge=1)] = Field(description="Different points to run.")
    sampler: Literal["tpe", "nsga2", "random"] = Field(
        default="tpe",
        description="How points are proposed: the Tree-structured Parzen Estimator, NSGA-II, or dice.",
    )
    batch: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=16,
        description="Points proposed at a time, from all that was learned before; processes share them.",
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        default=1, description="Another seed, another search."
    )

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield keys stated twice, parameters without values, and expressions that cannot be read."""
        parameters, derived = (_mapping(data, section) for section in ("parameters", "derived"))
        for key in derived:
            if key in parameters:
                yield Conflict((("derived", key),), "is a parameter already")
        axes: list[tuple[KeyPath, Any]] = [
            (("parameters", key), values) for key, values in parameters.items()
        ]
        for path, values in axes:
            if (axis := plain_axis(values)) is not None and not count_of(axis):
                yield Conflict((path,), "has no values")
        yield from too_many(axes, MOST_VALUES)
        for path, text in _expressions(data):
            try:
                parse(text)
            except ExpressionError as error:
                yield Conflict((path,), str(error))

    def search_parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters with their values, in the order of the file."""
        return tuple(
            Parameter(key, tuple(dict.fromkeys(values_of(values)))) for key, values in self.parameters.items()
        )


def _mapping(data: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    found = data.get(section)
    return found if isinstance(found, Mapping) else {}


def _expressions(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for key, text in _mapping(data, "derived").items():
        if isinstance(text, str):
            yield ("derived", key), text
    for text in _mapping(data, "objectives"):
        yield ("objectives", text), str(text)
    constraints = data.get("constraints")
    for number, text in enumerate(constraints if isinstance(constraints, list) else []):
        if isinstance(text, str):
            yield ("constraints", number), text
