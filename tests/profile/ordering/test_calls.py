"""Outcomes that are called early: apart from exact results, and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from o3sim.network.layer import Speculation
from o3sim.network.load import load_workload
from o3sim.profile.profile import profile_layer
from o3sim.profile.reference import edges_of
from o3sim.profile.speculative import limits, speculate
from tests.network.bits.strategies import Case, layers_with_input


@settings(deadline=None, max_examples=80)
@given(layers_with_input(), st.sampled_from([0.0, 0.5, 1.5, 3.0]), st.sampled_from([1, 3, 8]), st.data())
def test_calls_follow_the_definition(case: Case, bound: float, check: int, data: st.DataObject) -> None:
    layer, codes = case
    g = layer.geometry
    if layer.fixed_point or layer.theta is None:
        return
    decision, outcome = speculate(layer, Speculation(bound, check), codes)
    y, x = data.draw(st.integers(0, g.out_height - 1)), data.draw(st.integers(0, g.out_width - 1))
    channel = data.draw(st.integers(0, g.out_channels - 1))
    edges = edges_of(layer, codes, y, x, channel)
    n = len(edges)
    needed = min(max(-((-(n + int(layer.theta[channel]))) // 2), 0), n + 1)
    share = needed / max(n, 1)
    called = None
    for k in range(n + 1):
        matches = sum(edge > 0 for edge in edges[:k])
        slack = bound * np.sqrt(max(0.0, k * (n - k) / max(n - 1, 1) * share * (1 - share)))
        if matches >= needed or matches + n - k < needed:
            called = k, int(matches >= needed)
        elif k and k % check == 0 and abs(matches - k * share) > slack + 1e-9:
            called = k, int(matches > k * share)
        if called:
            break
    place = y * g.out_width + x
    assert (int(decision[place, channel]), int(outcome[place, channel])) == called


@settings(deadline=None, max_examples=30)
@given(layers_with_input())
def test_a_bound_that_nothing_passes_is_exact(case: Case) -> None:
    layer, codes = case
    if layer.fixed_point:
        return
    decision, outcome = speculate(layer, Speculation(1e9, 1), codes)
    exact = profile_layer(layer, codes)
    np.testing.assert_array_equal(decision, exact.decision.reshape(decision.shape))
    np.testing.assert_array_equal(outcome, exact.outcome.reshape(outcome.shape))


def test_limits_are_widest_in_the_middle() -> None:
    one, zero = limits(np.array([[32]]), np.array([64]), 64, Speculation(2.0, 16))
    widths = (one[0, 0] - zero[0, 0]).tolist()
    assert widths[1] == max(widths)
    assert widths[0] == widths[2] > widths[3] == 2


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workload with bounds, and a machine that goes by them."""
    folder = tmp_path_factory.mktemp("calls")
    files = load_workload("fashion-vgg")
    command = ["speculate", "fashion-vgg", "--image-file", str(files.images), "--wrong", "0.05"]
    done = CliRunner().invoke(app, [*command, "--images", "8", "-o", str(folder / "mine")])
    assert done.exit_code == 0, done.output
    (folder / "spec.yaml").write_text("extends: o3bnn\nname: spec\npruning: {speculative: true}\n")
    return folder


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_run_says_that_it_is_not_exact_and_measures_agreement(called: Path, engine: str) -> None:
    command = ["run", str(called / "spec.yaml"), str(called / "mine.yaml"), "--engine", engine]
    images = "1" if engine == "simpy" else "6"
    done = CliRunner().invoke(app, [*command, "--images", images, "--compare", "o3bnn"])
    assert done.exit_code == 0, done.output
    assert "spec: NOT EXACT" in done.stdout
    assert "outputs exact: yes" in done.stdout  # of the other machine


def test_an_exact_machine_pays_no_heed_to_bounds(called: Path) -> None:
    from o3sim import simulate

    exact = simulate("o3bnn", called / "mine.yaml", 4)
    early = simulate(called / "spec.yaml", called / "mine.yaml", 4)
    assert exact.outputs_exact
    assert exact.agreement is None
    assert early.agreement is not None
    assert early.edges.executed < exact.edges.executed
    assert exact.classes == simulate("o3bnn", "fashion-vgg", 4).classes


def test_a_network_without_bounds_is_refused_with_the_way_out(called: Path) -> None:
    from o3sim import simulate

    with pytest.raises(InputError, match="o3sim speculate WORKLOAD"):
        simulate(called / "spec.yaml", "fashion-vgg")


def test_a_sweep_without_bounds_is_refused_and_one_with_them_says_how_often_classes_agree(
    called: Path,
) -> None:
    from o3sim import simulate, sweep

    what = {
        "name": "x",
        "architectures": ["o3bnn"],
        "workloads": ["fashion-vgg"],
        "images": {"count": 4},
        "axes": {"pruning.speculative": [False, True]},
    }
    with pytest.raises(InputError, match="o3sim speculate WORKLOAD"):
        sweep(what)
    exact, early = sweep({**what, "workloads": [str(called / "mine.yaml")]}).rows
    alone = simulate(called / "spec.yaml", called / "mine.yaml", 4)
    assert (early["cycles"], early["agreement"]) == (alone.cycles, alone.agreement)
    assert (early["status"], early["outputs_exact"]) == ("ok", False)
    assert (exact["outputs_exact"], "agreement" in exact) == (True, False)
