"""What an outcome has to look like before a journal is believed: every column, its type and its range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, cast, get_args, get_type_hints

from pydantic import Field, ValidationError, create_model

from o3sim.config.model import StrictModel
from o3sim.results.columns import AGREEMENT, BY_AREA, PIPELINE_NUMBERS, RESIDENT_NUMBERS, SLOWEST_STAGE
from o3sim.results.measures import Measures
from o3sim.results.pipeline import PipelineFigures, StageFigures
from o3sim.results.resident import ResidentFigures
from o3sim.runs.tasks import PointOutcome

_MOST = 2**62
"""Beyond any count or figure; what is larger is no result."""

_SHARES = ("accuracy", AGREEMENT, "utilisation")


class _Failed(StrictModel):
    number: int = Field(ge=0, lt=_MOST)
    error: str = Field(min_length=1)
    columns: dict[str, Any] = Field(max_length=0)
    layers: list[Any] = Field(max_length=0)


def outcome_of(values: Mapping[str, Any]) -> PointOutcome:
    """Return the outcome that a line of a journal holds.

    Raises
    ------
    ValueError
        If it is none: a column is missing, unknown, of another type or out of range.
    """
    model = _Failed if values.get("error") else _ran()
    try:
        model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None
    return PointOutcome(**values)


@cache
def _ran() -> type[StrictModel]:
    """Make the model of an outcome with figures, from where these are declared."""
    measures = dict(_columns(Measures))
    some = dict([*_columns(PipelineFigures, "pipeline."), *_columns(ResidentFigures, "resident.")])
    names = *PIPELINE_NUMBERS, SLOWEST_STAGE, *RESIDENT_NUMBERS
    optional = {AGREEMENT: float, **{name: some[name] for name in names}}
    stages = {name: kind for name, kind in _columns(StageFigures, "stage.") if name != "stage.name"}
    by_area = dict.fromkeys(BY_AREA, float | None)
    needed = {"images": int, "accuracy": float | None, "synthetic": str, **by_area, **measures}
    totals = _model("Totals", needed, optional)
    layer = _model("LayerRow", {"layer": str, **measures}, stages)
    made: Any = create_model(
        "Ran",
        __base__=StrictModel,
        number=(Annotated[int, Field(ge=0, lt=_MOST)], ...),
        error=(Annotated[str, Field(max_length=0)], ...),
        columns=(totals, ...),
        layers=(Annotated[list[layer], Field(min_length=1)], ...),  # type: ignore[valid-type, arg-type]  # made
    )
    return cast("type[StrictModel]", made)


def _columns(cls: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the columns that a class declares, with their types; figures in figures have dotted keys."""
    for name, kind in get_type_hints(cls).items():
        if is_dataclass(kind):
            yield from _columns(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, kind


def _model(name: str, needed: Mapping[str, Any], optional: Mapping[str, Any]) -> type[StrictModel]:
    keys = {key: (_ranged(key, kind), ...) for key, kind in needed.items()}
    more = {key: (_ranged(key, kind), Field(default=None)) for key, kind in optional.items()}
    made: Any = create_model(name, __base__=StrictModel, **{**keys, **more})  # type: ignore[call-overload]  # any keys
    return cast("type[StrictModel]", made)


def _ranged(key: str, kind: Any) -> Any:
    if isinstance(kind, UnionType):
        return _ranged(key, get_args(kind)[0]) | None
    if kind in (int, float):
        return Annotated[kind, Field(ge=0, le=1 if key in _SHARES else _MOST)]
    return kind
