"""What all configuration models have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from o3sim.config.marks import Conflict, Document
from o3sim.errors import InputError


class StrictModel(BaseModel):
    """A frozen model without unknown keys, silent conversions, infinities or NaN."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse in one line: no part of a machine ever changes."""
        try:
            super().__setattr__(name, value)
        except ValidationError:
            raise InputError(
                f"{name}: no part of a machine ever changes; another is made by"
                ' `architecture.with_({"pe.count": 32})`'
            ) from None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; with changes that pydantic would not check, refuse to.

        Raises
        ------
        InputError
            If there is an ``update``.
        """
        if update:
            raise InputError(
                f"{type(self).__name__}.model_copy(update=...) checks nothing; an architecture is changed by"
                ' `architecture.with_({"pe.count": 32})`, other models are made anew by `model_validate`'
            )
        return super().model_copy(deep=deep)


class CrossCheckedModel(StrictModel):
    """A model whose keys depend on one another.

    :func:`o3sim.config.load.load_model` asks for the problems beside the model's own checks, so that
    everything is reported at once.
    """

    @classmethod
    @abstractmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield what does not go together in the plain values, complete or not."""

    @classmethod
    def inherit(cls, document: Document) -> None:
        """Drop of a document what it inherits and cannot have; nothing, unless a model says otherwise."""

    @model_validator(mode="after")
    def _check_cross_fields(self) -> Self:
        problems = list(self.cross_field_problems(self.model_dump(by_alias=True)))
        if problems:
            text = "; ".join(str(problem) for problem in problems)
            raise PydanticCustomError("cross_field", "{text}", {"text": text})
        return self
