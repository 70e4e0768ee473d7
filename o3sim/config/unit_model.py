"""A unit of a machine: keys that only some machines have, and that are left out of the others' values."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from o3sim.config.model import StrictModel


def of_some(description: str) -> Any:
    """Describe a key that only some ways to dispatch have; None where the machine has no such thing."""
    return Field(default=None, description=description, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    """Leave None, which no file can state, out of a schema."""
    schema.pop("default", None)


class UnitModel(StrictModel):
    """The keys of a unit; those that the machine has not are not in its plain values."""

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}
