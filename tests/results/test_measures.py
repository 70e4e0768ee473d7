"""The figures of a result: formulas, conservation, sums and means."""

from __future__ import annotations

from math import fsum

import pytest

from o3sim.contract.counters import LayerCounters
from o3sim.energy.units import UNITS
from o3sim.results.comparison import compare
from o3sim.results.measures import measure
from tests.sample_runs import counters, result


def test_formulas_by_hand() -> None:
    run = result()
    assert run.cycles == 3000  # 1000 and 2000, summed over both images
    assert run.cycles_per_image == 1500
    assert run.latency_us == 7.5  # at 200 MHz
    assert run.images_per_s == pytest.approx(1e6 / 7.5)
    assert run.utilisation == (100 + 200) / (64 * 3000)
    assert run.edges.total == 3 * 115_200
    assert run.fj_per_edge == run.energy_pj["total"] * 1000 / (3 * 115_200)
    on_chip_pj = run.energy_pj["total"] - run.energy_pj["dram"]
    assert run.on_chip_fj_per_edge == pytest.approx(on_chip_pj * 1000 / (3 * 115_200))
    assert run.tops_per_watt == pytest.approx(2000 / run.fj_per_edge)
    assert run.energy_pj_per_image == run.energy_pj["total"] / 2
    assert run.accuracy == 0.5


def test_edges_and_pe_cycles_are_conserved() -> None:
    run = result()
    for part in (run, *run.layers):
        edges = part.edges
        assert edges.executed + edges.pruned.threshold + edges.pruned.pooling == edges.total
        assert part.pe_cycles_total == 64 * part.cycles
        assert sum(part.pe_cycle_share(cause) for cause in part.pe_cycles) == pytest.approx(1)


def test_energy_adds_up_by_unit_and_by_layer() -> None:
    run = result()
    assert list(run.energy_pj) == ["total", *UNITS]
    assert run.energy_pj["total"] == fsum(run.energy_pj[unit] for unit in UNITS)
    for unit in UNITS:
        assert run.energy_pj[unit] == fsum(layer.energy_pj[unit] for layer in run.layers)


def test_without_labels_there_is_no_accuracy() -> None:
    assert result(labels=None).accuracy is None


def test_nothing_spent_and_nothing_asked_for() -> None:
    nothing = LayerCounters("l", cycles=1)
    nothing.pe_cycles["drain"] = 1
    measures = measure(nothing, dict.fromkeys(UNITS, 0.0), images=1, clock_mhz=1.0, outputs_exact=True)
    assert (measures.fj_per_edge, measures.tops_per_watt) == (None, None)
    assert measures.edge_share(0) == 0.0


def test_comparison_says_what_the_main_run_gains() -> None:
    main, slow = result("o3bnn"), result("dense", scale=2)
    beside = compare(main, slow)
    assert beside.speed_up == 2.0
    assert beside.energy_ratio == pytest.approx(2.0)
    assert beside.on_chip_energy_ratio == pytest.approx(2.0)
    assert compare(slow, main).speed_up == 0.5


def test_configuration_is_complete_and_names_the_table() -> None:
    configuration = result().configuration
    assert configuration["pe"]["count"] == 64
    assert configuration["energy"] == {"table": "asic-45nm"}


def test_sample_counters_keep_the_invariants() -> None:
    sample = counters()
    assert sample.ops == sample.retired + sample.squashed
    assert sum(sample.pe_cycles.values()) == 64 * sample.cycles
