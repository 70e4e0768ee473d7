"""Compare the engines on as many cases as asked for: ``scripts/differential --cases 5000 --seed 1``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.config.dispatch import CAROUSEL
from o3sim.runs.pipeline.links import connections
from tests.compiled.engines import AnyCase, disagreement
from tests.compiled.every_way import AnyStrategy, ways
from tests.compiled.fast_cases import fast_cases, fast_counter_cases, fast_sum_cases
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture
from tests.machine.strategies import StageCase
from tests.runs.pipeline.graphs import IMAGES, PipelineCase

PROGRESS_S = 5.0
KINDS: dict[str, AnyStrategy] = {
    **ways(),
    "fast": fast_cases(),
    "fast-banked": fast_cases(in_banks=True),
    "fast-windows": fast_counter_cases(),
    "fast-sums": fast_sum_cases(),
}
"""What cases are drawn from."""


class Search:
    """Look for a case that the engines disagree on; the last one kept is the smallest found."""

    def __init__(self, kinds: list[str], wanted: int, number: int) -> None:
        self.cases = st.one_of(*(KINDS[kind] for kind in kinds))
        self.wanted = wanted
        self.number = number
        self.done = 0
        self.failed: tuple[AnyCase, str] | None = None
        self._started = self._told = time.monotonic()

    def run(self) -> None:
        """Draw and compare; where they disagree Hypothesis goes on with ever smaller cases."""
        quiet = settings(
            max_examples=self.wanted,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
        )
        try:
            seed(self.number)(quiet(given(self.cases)(self.compare)))()
        except Exception:
            if self.failed is None:
                raise

    def compare(self, case: AnyCase) -> None:
        """Compare one case."""
        try:
            difference = disagreement(case)
        except Exception as error:  # an engine that breaks disagrees as well
            self.failed = case, f"{type(error).__name__}: {error}"
            raise
        if difference is not None:
            self.failed = case, difference
            raise AssertionError
        self.done += 1
        self._tell()

    def _tell(self) -> None:
        """Report progress every few seconds."""
        now = time.monotonic()
        if now - self._told < PROGRESS_S:
            return
        self._told = now
        if self.failed is None:
            left_s = (now - self._started) / self.done * (self.wanted - self.done)
            message = f"{self.done} of {self.wanted} cases agree, about {left_s:.0f} s left"
        else:
            message = "a case differs; making it smaller"
        print(message, file=sys.stderr, flush=True)


def described(case: AnyCase) -> Iterator[str]:
    """Write a case down: what its machine has that the bench's has not, and its layers."""
    yield from described_machine(case.architecture)
    if isinstance(case, PipelineCase):
        yield from described_pipeline(case)
    if isinstance(case, StageCase):
        yield f"  a stage of a pipeline; rows are there from cycles {list(case.row_cycles)} on"
        yield f"  and room for what they put out from {list(case.room_cycles)} on"
    for number, layer in enumerate(case.profiles):
        yield f"  layer {number}: scores={layer.scores} {layer.geometry}"
        if layer.geometry.makes_sums:
            yield f"    sums of {layer.geometry.sum_bits} bits; adds {layer.geometry.addend}"
        if case.architecture.scheduler.dispatch == CAROUSEL and layer.matches_of is not None:
            words = layer.matches_of(case.architecture.pe.width_edges)
            yield f"    matches {words.matches.ravel().tolist()}"
            yield f"    most mismatches {words.most_mismatches.tolist()}"
        yield f"    decision {layer.decision.ravel().tolist()}"
        yield f"    outcome {layer.outcome.ravel().tolist()}"


def described_pipeline(case: PipelineCase) -> Iterator[str]:
    """Write down the stages of a pipeline, what they take from others, and the FIFOs between."""
    yield f"  a pipeline on {IMAGES} images, of which the first is below; seed {case.seed}"
    for number, stage in enumerate(case.architecture.stages):
        yield f"  stages[{number}] = {stage.model_dump()}"
    for link in connections(case.layers):
        yield f"  stage {link.reader} takes from {link.writer}: {link.fifo}, values of {link.value_bits} bits"


def described_machine(machine: Architecture) -> Iterator[str]:
    """Write down what a machine has that the bench's has not."""
    bench = (carousel if machine.scheduler.dispatch == CAROUSEL else architecture)().model_dump()
    for unit, keys in machine.model_dump().items():
        base = bench.get(unit)
        if isinstance(keys, dict) and isinstance(base, dict):
            yield from (
                f"  {unit}.{key} = {value!r}" for key, value in keys.items() if base.get(key) != value
            )


def main() -> int:
    """Compare, report, and say by the exit status whether the engines agree."""
    parser = argparse.ArgumentParser(prog="scripts/differential", description=__doc__)
    parser.add_argument("--cases", type=int, default=5000, help="how many to draw (5000)")
    parser.add_argument("--seed", type=int, default=0, help="other cases for each (0)")
    kinds = {"nargs": "+", "choices": KINDS, "default": list(KINDS), "metavar": "KIND"}
    parser.add_argument("--kinds", **kinds, help=f"which to draw, of {', '.join(KINDS)} (all)")
    arguments = parser.parse_args()
    search = Search(arguments.kinds, arguments.cases, arguments.seed)
    search.run()
    if search.failed is None:
        print(f"{search.done} cases: the engines agree")
        return 0
    case, difference = search.failed
    print(f"after {search.done} cases the engines differ; smallest case found, seed {arguments.seed}:")
    print("\n".join(described(case)))
    print(f"{difference}\n(- is the SimPy machine, + the compiled engine)")
    return 1


if __name__ == "__main__":
    sys.exit(main())
