"""How the layers of a network share a machine: what differs between organizations, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from o3sim.config.architecture import PIPELINED, SEQUENTIAL
from o3sim.config.consent import check_consent
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.runs.engines import engine_name, run_on_engine
from o3sim.runs.pipeline.stream import Pipeline
from o3sim.runs.speculation import check_speculation

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.layer_runs import KnownLayers
    from o3sim.contract.program import LayerProgram
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile
    from o3sim.results.pipeline import PipelineFigures


class Runner(Protocol):
    """Runs images, one after another, on an architecture.

    Attributes
    ----------
    architecture : Architecture
    machines : sequence of Architecture
        The machine that each layer runs on.
    runs_together : bool
        Whether what a layer does may depend on layers after it, so that an image needs all of them.
    """

    architecture: Architecture
    machines: Sequence[Architecture]
    runs_together: bool

    def run_image(
        self,
        profiles: Iterable[LayerProfile],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        known: KnownLayers | None = None,
    ) -> ImageRun:
        """Run the next image; observers are shown the events of a window.

        Layers that are known need not run again, if nobody observes.

        Raises
        ------
        InputError
            If custom units go wrong.
        MachineError
            If an invariant of the machine does not hold.
        """

    def program(self, profile: LayerProfile, layer: int) -> LayerProgram:
        """Lay out the ops of a layer as its machine does."""

    def figures(self, layers: Sequence[LayerCounters]) -> PipelineFigures | None:
        """Return the figures that only a pipeline has, once it has run its images."""


class Sequential:
    """All layers take turns on one machine, which starts empty with every image.

    Parameters
    ----------
    architecture : Architecture
    network : Network
        Shapes suffice.
    engine : str, optional
        As for :func:`o3sim.runs.engines.engine_name`.

    Raises
    ------
    InputError
        If the network does not fit, or the engine cannot run the machine.
    """

    runs_together = False

    def __init__(self, architecture: Architecture, network: Network, engine: str | None = None) -> None:
        engine_name(architecture, engine)
        self.architecture, self._network, self._engine = architecture, network, engine
        self._cuts = plan_groups(architecture, network.layers)
        self.machines: Sequence[Architecture] = (architecture,) * len(network.layers)

    def run_image(
        self,
        profiles: Iterable[LayerProfile],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        known: KnownLayers | None = None,
    ) -> ImageRun:
        """Run an image; as :meth:`Runner.run_image`."""
        watched = (observers, window) if observers else ()
        known = None if observers else known
        return run_on_engine(
            self.architecture, self._network, profiles, *watched, wanted=self._engine, known=known
        )

    def program(self, profile: LayerProfile, layer: int) -> LayerProgram:
        """Lay out the ops of a layer."""
        from o3sim.contract.carousel.ops import layer_ops
        from o3sim.contract.program import build_program

        first_group = sum(len(cut) for cut in self._cuts[:layer])
        lay_out = layer_ops if self.architecture.scheduler.dispatch == CAROUSEL else build_program
        return lay_out(profile, self._cuts[layer], first_group, self.architecture)

    def figures(self, layers: Sequence[LayerCounters]) -> None:
        """Return None: there is no pipeline."""


ORGANIZATIONS: dict[str, type[Sequential | Pipeline]] = {SEQUENTIAL: Sequential, PIPELINED: Pipeline}


def runner_of(architecture: Architecture, network: Network, engine: str | None = None) -> Runner:
    """Make what runs images of a network on an architecture, having checked that it can.

    Parameters
    ----------
    architecture : Architecture
    network : Network
        Shapes and bounds suffice.
    engine : str, optional
        As for :func:`o3sim.runs.engines.engine_name`.

    Raises
    ------
    InputError
        If the network does not fit the machine, has no bounds to call outcomes by where the machine
        does, the engine does not exist or cannot run the machine, or its code is not allowed to run.
    """
    check_consent(architecture)
    check_speculation(architecture, network.name, network.layers)
    return ORGANIZATIONS[architecture.organization](architecture, network, engine)
