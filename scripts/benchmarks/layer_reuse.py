"""Tell which share of a sweep's layers need not be simulated, since an earlier point ran them alike."""

from __future__ import annotations

import sys
from pathlib import Path

from o3sim.contract.plan import plan_groups
from o3sim.contract.reach import layer_timing_key, timing_key, waits_for_no_weights
from o3sim.runs.progress import edges_of_layers
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep

STUDIES = Path(__file__).parents[1] / "studies"


def reuse(plan: Plan) -> tuple[int, int, float]:
    """Count the layers of all points, and those that need not run, in a process that runs them in order.

    Points that share a simulation count once. Images are alike in this.

    Returns
    -------
    layers, reused : int
        Of one image.
    edges_reused : float
        Share of the edges, 0..1, that are of these.
    """
    simulated: set[tuple[str, str]] = set()
    known: set[tuple[str, int, str]] = set()
    layers = reused = 0
    edges = edges_reused = 0
    for point in plan.points:
        machine, network = point.architecture, plan.subjects[point.workload].network
        if (point.workload, timing_key(machine)) in simulated:
            continue
        simulated.add((point.workload, timing_key(machine)))
        cuts = plan_groups(machine, network.layers)
        streams = not all(waits_for_no_weights(machine, cut) for cut in cuts)
        for number, (layer, cut) in enumerate(zip(network.layers, cuts, strict=True)):
            here = edges_of_layers(network)[number]
            layers += 1
            edges += here
            if not waits_for_no_weights(machine, cut) or (number == 0 and streams):
                continue
            timing = layer_timing_key(machine, layer.geometry, cut, scores=layer.scores)
            if (point.workload, number, timing) in known:
                reused += 1
                edges_reused += here
            known.add((point.workload, number, timing))
    return layers, reused, edges_reused / edges


def main() -> None:
    """Print a line for each sweep."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(STUDIES.glob("*.yaml"))
    print(f"{'sweep':20} {'layers':>7} {'reused':>7} {'of edges':>9}")
    for file in files:
        plan = plan_sweep(load_sweep(file))
        layers, reused, edges_reused = reuse(plan)
        print(f"{plan.file.sweep.name:20} {layers:7,} {reused / layers:7.0%} {edges_reused:9.0%}")


if __name__ == "__main__":
    main()
