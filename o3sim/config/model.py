"""What all configuration models have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A frozen model without unknown keys, silent conversions, infinities or NaN.

    A model whose keys depend on one another says so in a class method
    ``cross_field_problems(data)`` that takes the plain values, complete or not, and yields a
    :class:`~o3sim.config.marks.Conflict` for each thing wrong;
    :func:`o3sim.config.load.load_model` calls it beside the model's own checks so that everything
    is reported at once.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
