"""Published claims: quoted in ``claims.yaml`` with their sources, never mixed with our figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from o3sim.config.load import load_model
from o3sim.config.model import StrictModel

CLAIMS_FILE = Path(__file__).with_name("claims.yaml")

Text = Annotated[str, Field(min_length=1)]


class Claim(StrictModel):
    """One figure that somebody else printed.

    Attributes
    ----------
    published, within : float
        The figure and how near a measured one must be, both in ``unit``.
    better : {"higher", "lower", "neither"}
        On which side of the published figure a measured one may lie as far as it likes.
    """

    says: Text
    published: float
    unit: Text
    within: Annotated[float, Field(ge=0)]
    better: Literal["higher", "lower", "neither"] = "neither"
    source: Text

    def holds_for(self, measured: float) -> bool:
        """Return whether a measured figure is near enough to the published one, or better.

        Examples
        --------
        >>> claim = Claim(says="speed-up", published=2.2, unit="x", within=0.2, better="higher", source="s")
        >>> claim.holds_for(2.0), claim.holds_for(1.9), claim.holds_for(3.0)
        (True, False, True)
        """
        above = measured - self.published
        if self.better == "higher" and above > 0:
            return True
        if self.better == "lower" and above < 0:
            return True
        return abs(above) <= self.within * (1 + 1e-12)


class Claims(StrictModel):
    """All claims, by the key that the checks use."""

    claims: dict[str, Claim]


def load_claims() -> dict[str, Claim]:
    """Read the claims, in the order in which they are reported."""
    return load_model(CLAIMS_FILE, Claims).claims
