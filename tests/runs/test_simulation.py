"""The Python interface: shared images, exactness, sums over images, progress, early refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import o3sim.compiled.run
from o3sim.compiled.run import simulate_image
from o3sim.config.architecture import Architecture
from o3sim.contract.plan import ImageRun
from o3sim.errors import InputError
from o3sim.network.infer import infer
from o3sim.network.layer import Speculation
from o3sim.profile.profile import LayerProfile
from o3sim.results.document import to_json
from o3sim.results.images import Spread
from o3sim.runs.simulation import simulate, simulate_all
from tests.sample_runs import architecture, images, network

DENSE: dict[str, dict[str, Any]] = {
    "scheduler": {"policy": "lockstep"},
    "pruning": {"threshold": False, "pooling": False},
}


def test_result_of_real_runs() -> None:
    net, some = network(), images(3)
    truth = [infer(net, image).predicted for image in some]
    run = simulate(architecture(), net, some, [truth[0], truth[1], -1])
    assert run.outputs_exact
    assert all(layer.outputs_exact for layer in run.layers)
    assert [layer.name for layer in run.layers] == ["conv1", "dense2", "scores"]
    assert run.classes == tuple(truth)
    assert run.accuracy == pytest.approx(2 / 3)
    assert (run.images, run.workload, run.network_digest) == (3, "tiny", net.digest())
    assert run.edges.executed + run.edges.pruned.threshold + run.edges.pruned.pooling == run.edges.total
    assert run.pe_cycles_total == 64 * run.cycles


def test_images_add_up() -> None:
    net, some = network(), images(2)
    together = simulate(architecture(), net, some)
    apart = [simulate(architecture(), net, some[i : i + 1]) for i in range(2)]
    assert together.cycles == sum(run.cycles for run in apart)
    assert together.edges.executed == sum(run.edges.executed for run in apart)
    assert together.energy_pj["total"] == pytest.approx(sum(run.energy_pj["total"] for run in apart))


def test_images_are_told_one_by_one() -> None:
    net, some = network(), images(3)
    run = simulate(architecture(), net, some, [0, 1, 2])
    assert sum(image.cycles for image in run.per_image) == run.cycles
    assert [image.label for image in run.per_image] == [0, 1, 2]
    for image, one in zip(some, run.per_image, strict=True):
        truth = infer(net, image)
        assert (one.predicted, one.scores) == (truth.predicted, tuple(truth.scores.tolist()))
        alone = simulate(architecture(), net, image[None], [one.label or 0])
        assert alone.per_image == (one,)
        assert alone.spread == Spread(one.cycles, one.cycles, one.cycles)
    cycles = sorted(image.cycles for image in run.per_image)
    assert run.spread == Spread(cycles[1], cycles[2], cycles[2])
    assert all(image.label is None for image in simulate(architecture(), net, some).per_image)


def test_scores_are_those_that_follow_from_called_outcomes() -> None:
    hidden = [replace(layer, speculation=Speculation(0.1, 1)) for layer in network().layers[:-1]]
    net = replace(network(), layers=(*hidden, network().layers[-1]))
    machine = architecture(pruning={"speculative": True})
    exact, called = simulate_all([architecture(), machine], net, images(4))
    assert [image.predicted for image in called.per_image] == list(called.classes)
    for image in called.per_image:
        assert image.scores is not None
        assert image.predicted == int(np.argmax(image.scores))
    assert [image.scores for image in called.per_image] != [image.scores for image in exact.per_image]


def test_architectures_together_and_alone_give_the_same_bytes() -> None:
    net, some = network(), images(2)
    machines = [architecture(), architecture("dense", **DENSE)]
    together = simulate_all(machines, net, some)
    alone = [simulate(machine, net, some) for machine in machines]
    assert [to_json(run) for run in together] == [to_json(run) for run in alone]
    pruned, dense = together
    assert dense.edges.executed == dense.edges.total == pruned.edges.total
    assert pruned.edges.executed < pruned.edges.total
    assert pruned.classes == dense.classes


def test_a_wrong_bit_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def faulty(machine: Architecture, net: Any, profiles: Iterable[LayerProfile]) -> ImageRun:
        nonlocal calls
        calls += 1
        run = simulate_image(machine, net, profiles)
        if calls == 1:
            run.outputs[1][0, 0, 0] ^= 1
        return run

    monkeypatch.setattr(o3sim.compiled.run, "simulate_image", faulty)
    run = simulate(architecture(), network(), images(2))
    assert not run.outputs_exact
    assert [layer.outputs_exact for layer in run.layers] == [True, False, True]


def test_progress_goes_up_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    machines = [architecture(), architecture("dense", **DENSE)]
    simulate_all(machines, network(), images(2), progress=lambda *step: told.append(step))
    done = [step[1] for step in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == told[-1][2]
    assert {step[2] for step in told} == {done[-1]}
    assert told[0][0] == "o3bnn, conv1"
    assert any(what == "dense, scores" for what, _, _ in told)


def test_no_images() -> None:
    with pytest.raises(InputError, match="no images"):
        simulate(architecture(), network(), images(0))


def test_labels_must_fit_the_images() -> None:
    with pytest.raises(InputError, match="2 images but 1 labels"):
        simulate(architecture(), network(), images(2), [0])


def test_images_of_another_shape() -> None:
    with pytest.raises(InputError, match="tiny"):
        simulate(architecture(), network(), np.zeros((1, 9, 8, 1), np.uint8))


def test_every_architecture_is_checked_before_any_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(o3sim.compiled.run, "simulate_image", None)
    small = architecture("small", activation_buffer={"size_kbit": 1})
    wide = replace_network_channels()
    with pytest.raises(InputError, match="small: "):
        simulate_all([architecture(), small], wide, images(1))
    with pytest.raises(InputError, match=r"energy\.table: nowhere"):
        simulate_all(
            [architecture(), architecture("other", energy={"table": "nowhere"})], network(), images(1)
        )


def replace_network_channels() -> Any:
    """The network with a first layer too wide for a kilobit of activations."""
    net = network()
    first = net.layers[0]
    geometry = replace(first.geometry, out_channels=600)
    return replace(net, layers=(replace(first, geometry=geometry), *net.layers[1:]))
