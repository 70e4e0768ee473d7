"""The space of a search: its parameters, and which of their values make a machine that may be run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from o3sim.config.architecture import Architecture
from o3sim.config.changes import ChangeError
from o3sim.config.expressions import ExpressionError, parse
from o3sim.config.flat import flattened, nested
from o3sim.config.identity import Identities
from o3sim.errors import InputError
from o3sim.runs.point import check_point
from o3sim.studies.names import Readable, value_before
from o3sim.studies.sweep.expand import value_of_kind

if TYPE_CHECKING:
    from o3sim.network.network import Network
    from o3sim.studies.search.config import Explore
    from o3sim.studies.sweep.config import Scalar


@dataclass(frozen=True)
class Candidate:
    """A point of the space that may be run."""

    axes: dict[str, Scalar]
    architecture: Architecture
    architecture_sha256: str


class Space:
    """All combinations of the parameters' values on one base machine.

    Parameters
    ----------
    explore : Explore
    base : Architecture
    network : Network
        What a machine has to fit.

    Attributes
    ----------
    parameters : tuple of Parameter
    limits : list of Expression
        Constraints that read results, and so can be checked only after a run.
    identities : Identities
        Hashes of the machines, with the files that they are made from.
    """

    def __init__(self, explore: Explore, base: Architecture, network: Network) -> None:
        self.parameters = explore.search_parameters()
        self._derived = {key: parse(text) for key, text in explore.derived.items()}
        self._base = flattened(base.model_dump(mode="json"))
        constraints = [parse(text) for text in explore.constraints]
        readable = Readable(self._base, network.layers)
        self._constraints = [each for each in constraints if all(key in readable for key in each.keys)]
        self.limits = [each for each in constraints if each not in self._constraints]
        self._network = network
        self.identities = Identities()

    @property
    def size(self) -> int:
        """Combinations, allowed or not."""
        return prod(len(parameter.values) for parameter in self.parameters)

    def combinations(self) -> Iterator[dict[str, Scalar]]:
        """Yield every combination, the last parameter fastest."""
        keys = [parameter.key for parameter in self.parameters]
        for values in product(*(parameter.values for parameter in self.parameters)):
            yield dict(zip(keys, values, strict=True))

    def candidate(self, axes: Mapping[str, Scalar]) -> Candidate:
        """Make the machine of a combination.

        Raises
        ------
        InputError
            If there is no such machine, a constraint does not hold, or the network does not fit it.
        """
        values = {**self._base, **axes}
        try:
            for key, expression in self._derived.items():
                values[key] = value_of_kind(expression, self._readable(values), value_before(values, key))
            architecture = Architecture.of(nested(values))
            self._check_constraints(self._readable(values))
        except ExpressionError as error:
            raise InputError(str(error)) from None
        except ChangeError as error:
            raise InputError(str(error.refusals[0])) from None
        check_point(architecture, self._network)
        return Candidate(dict(axes), architecture, self.identities.of(architecture))

    def _readable(self, values: Mapping[str, Scalar]) -> Readable:
        return Readable(values, self._network.layers)

    def _check_constraints(self, values: Readable) -> None:
        for constraint in self._constraints:
            if not constraint.value(values):
                raise InputError(f"`{constraint.text}` does not hold")
