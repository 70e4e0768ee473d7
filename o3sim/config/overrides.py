"""Models of which every key may be left out: what a part of a machine states in place of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, create_model, model_serializer

from o3sim.config.model import StrictModel


class Overrides(StrictModel):
    """Some keys of a model; only those that were stated are in its plain values."""

    @model_serializer(mode="wrap")
    def _only_stated(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if key in self.model_fields_set}


def overrides_of(
    name: str, model: type[StrictModel], module: str, without: tuple[str, ...] = (), **other: Any
) -> type[Overrides]:
    """Make the model of any of the keys of another model, with the same types and bounds.

    Parameters
    ----------
    name : str
        What the new model is called.
    model : type of StrictModel
    module : str
        Where the new model will stand, under that name.
    without : tuple of str
        Keys that may not be stated.
    **other
        Types that take the place of the model's own, by key.
    """
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        if key not in without:
            stated = other.get(key, field.annotation)
            kind = Annotated[(stated, *field.metadata)] if field.metadata else stated
            fields[key] = (kind, Field(default=None, description=field.description))
    made: type[Overrides] = create_model(
        name, __base__=Overrides, __module__=module, __doc__=model.__doc__, **fields
    )
    return made


def laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the keys that are stated, unit by unit.

    >>> laid_over({"pe": {"count": 4, "contexts": 1}, "name": "x"}, {"pe": {"count": 2}})
    {'pe': {'count': 2, 'contexts': 1}, 'name': 'x'}
    """
    both = {
        key: {**value, **over[key]} if isinstance(value, Mapping) and key in over else over.get(key, value)
        for key, value in base.items()
    }
    return {**both, **{key: value for key, value in over.items() if key not in base and value}}
