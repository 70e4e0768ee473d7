"""Timelines: every word is coloured by what becomes of its op, and agrees with the counters."""

from collections import Counter

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.machine.run import simulate_image
from o3sim.profile.profile import profile_layers
from o3sim.report.plot.timeline import Doing, TimelineData
from o3sim.report.plot.watched import Watched, occupancies, timelines
from o3sim.studies.whatif.window import layer_window
from tests.sample_runs import architecture, images, network


@pytest.fixture
def watched() -> Watched:
    net = network()
    return Watched("tiny", net, [profile for profile, _ in profile_layers(net, images(1)[0])], 0)


def machine() -> Architecture:
    return architecture(
        "mine",
        pe={"count": 4, "width_edges": 4, "latency_cycles": 3, "contexts": 2},
        scheduler={"window_in_flight_ops": "unlimited"},
        activation_buffer={"banks": 2},
    )


def cells(data: TimelineData) -> Counter[int]:
    return Counter(data.cells.reshape(-1).tolist())


def test_a_whole_layer_agrees_with_its_counters(watched: Watched) -> None:
    counters = simulate_image(machine(), watched.network, watched.profiles).layers[0]
    (data,) = timelines(watched, [machine()], 0, 10**6)
    found = cells(data)
    assert data.cells.shape == (4, counters.cycles)
    assert found[Doing.RETIRED_0] + found[Doing.RETIRED_1] == counters.pe_cycles["useful"]
    assert found[Doing.WASTED] == counters.pe_cycles["wasted"]
    assert found[Doing.SQUASHED] == counters.pe_cycles["squashed"]
    assert found[Doing.REFUSED] == counters.pe_cycles["operand_stall"]
    assert (data.retired, data.squashed) == (counters.retired, counters.squashed)
    assert min(found[doing] for doing in Doing) > 0


def test_a_window_is_a_part_of_the_whole(watched: Watched) -> None:
    (whole,) = timelines(watched, [machine()], 0, 10**6)
    (part,) = timelines(watched, [machine()], 20, 50)
    assert part.first_cycle == 20
    assert np.array_equal(part.cells, whole.cells[:, 20:50])


def test_windows_lie_in_their_layer(watched: Watched) -> None:
    layers = simulate_image(machine(), watched.network, watched.profiles).layers
    window = layer_window(layers, 1, 2, None)
    assert window.start_cycle == layers[0].cycles
    assert (window.first_cycle, window.end_cycle) == (
        layers[0].cycles + 2,
        layers[0].cycles + layers[1].cycles,
    )


def test_occupancies_are_by_architecture(watched: Watched) -> None:
    found = occupancies(watched, [machine(), architecture("o3bnn")], 30)
    assert {name: one.cycles for name, one in found.items()} == {"mine": 30, "o3bnn": found["o3bnn"].cycles}
