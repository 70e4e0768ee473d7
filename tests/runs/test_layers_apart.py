"""Layers of an image spread over processes: the same bytes, from wherever they come."""

from __future__ import annotations

from typing import Any

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.results.document import to_json
from o3sim.runs import layers_apart
from o3sim.runs.case import Case
from o3sim.runs.layers_apart import can_run_apart, count_apart
from o3sim.runs.point import count_image
from o3sim.runs.runner import runner_of
from o3sim.runs.simulation import simulate_all
from tests.sample_runs import architecture, images, network

STAYING = load_architecture("o3bnn")
CAROUSEL = load_architecture("carousel")
IDEAL = architecture("ideal", dram={"bits_per_cycle": "ideal"})


def test_layers_spread_over_processes_are_the_same_bytes() -> None:
    machines = [STAYING, CAROUSEL, IDEAL]
    told: list[tuple[str, int, int]] = []
    expected = [to_json(run) for run in simulate_all(machines, network(), images(1))]
    runs = simulate_all(machines, network(), images(1), jobs=2, progress=lambda *step: told.append(step))
    assert [to_json(run) for run in runs] == expected
    assert [what for what, _, _ in told[:4]] == [
        "o3bnn, conv1",
        "o3bnn, dense2",
        "o3bnn, scores",
        "carousel, conv1",
    ]
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


@pytest.mark.parametrize("machine", [STAYING, CAROUSEL, IDEAL], ids=lambda machine: machine.name)
def test_machines_whose_layers_wait_for_no_weights_run_apart(machine: Architecture) -> None:
    assert can_run_apart(machine, network().layers, None)


def test_others_do_not() -> None:
    """All layers of one stream their weights, the other is no compiled one."""
    assert not can_run_apart(architecture(), network().layers, None)
    assert not can_run_apart(STAYING, network().layers, "simpy")
    assert not can_run_apart(load_architecture("finn-cnv"), network().layers, None)


def test_an_image_that_does_not_fit_together_runs_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers_apart, "spread", lambda work, pieces, *_: (work(piece) for piece in pieces))
    again: list[Any] = []

    def noting(*arguments: Any) -> Any:
        again.append(arguments[0].architecture.name)
        return count_image(*arguments)

    monkeypatch.setattr(layers_apart, "count_image", noting)
    case = Case(network(), images_of(2))
    runners = [runner_of(machine, network()) for machine in (STAYING, IDEAL)]
    whole = [
        [count_image(runner, case.at(place), network().layers) for runner in runners] for place in (0, 1)
    ]
    assert list(count_apart(runners, case, 2, frozenset())) == whole
    assert again == []
    monkeypatch.setattr(layers_apart, "together", lambda *_: None)
    assert list(count_apart(runners, case, 2, frozenset())) == whole
    assert again == ["o3bnn", "ideal"] * 2


def images_of(count: int) -> Any:
    from o3sim.network.images import Images

    return Images(images(count), None)
