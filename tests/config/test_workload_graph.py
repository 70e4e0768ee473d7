"""Workloads whose layers name one another: what is refused, with its place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from o3sim.config.workload import Workload
from o3sim.config.workload_rules import conflicts
from o3sim.network.load import layer_shapes

CONV: dict[str, Any] = {"type": "conv", "channels": 4, "kernel": 3, "padding_pixels": 1, "padding": "exclude"}


def workload(*layers: dict[str, Any], last: bool = True) -> dict[str, Any]:
    """Make the plain values of a workload of convolutions, each as CONV says unless it says otherwise."""
    made = [layer if layer.get("type") == "dense" else {**CONV, **layer} for layer in layers]
    scores: list[dict[str, Any]] = [{"type": "dense", "name": "scores", "features": 3, "scores": True}]
    return {
        "name": "graph",
        "classes": 3,
        "input": {"height": 8, "width": 8, "channels": 2, "encoding": {"type": "binary", "threshold": 128}},
        "layers": made + scores * last,
        "parameters": "none.npz",
    }


STEM = {"name": "stem", "sum_bits": 16}


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([{"name": "a", "input": "b"}, {"name": "b"}], "layer `b` stands below; .* without cycles"),
        ([{"name": "a"}, {"name": "b", "add": "b"}], "layer `b` cannot take from itself"),
        (
            [STEM, {"name": "b", "add": "stam"}],
            r"there is no layer `stam` \(did you mean `stem`\?\); above are stem",
        ),
        ([{"name": "a", "input": "input"}], "there is no layer `input`; no layer stands above"),
        (
            [STEM, {"name": "b", "add": "stem", "channels": 6}],
            "`stem` gives 8x8x4, and `b` adds 8x8x6: rows and columns must be equal, and channels a multiple",
        ),
        ([STEM, {"name": "b", "add": "stem", "stride": 2}], "`stem` gives 8x8x4, and `b` adds 4x4x4"),
        (
            [STEM, {"name": "b", "add": {"layer": "stem", "stride": 2}}],
            "`stem` gives 8x8x4, every 2 rows and columns, and `b` adds 8x8x4",
        ),
        ([{"name": "a"}, {"name": "b"}, {"name": "c", "input": "a"}], "no layer takes the outputs of `b`"),
        ([{"name": "a"}, {"name": "b", "sum_bits": 16}], "no layer adds the sums of `b`"),
        ([{**STEM, "pool": {"size": 2, "stride": 2}}, {"name": "b"}], "sums are not pooled"),
        ([STEM, {"name": "a", "add": "stem"}, {"name": "a"}], "a layer `a` stands above already"),
        (
            [{"name": "a"}, {"type": "dense", "name": "d", "features": 9}, {"name": "c"}],
            "a conv layer cannot come after a dense one",
        ),
    ],
)
def test_what_leads_nowhere_or_does_not_fit_is_refused_by_name(
    layers: list[dict[str, Any]], said: str
) -> None:
    whats = [conflict.what for conflict in conflicts(workload(*layers))]
    assert any(re.search(said, what) for what in whats), whats


def test_scores_add_nothing() -> None:
    data = workload(STEM, {"name": "b", "add": "stem"})
    data["layers"][-1]["add"] = "b"
    whats = [conflict.what for conflict in conflicts(data)]
    assert whats[0].startswith("the layer of the scores adds nothing")


def test_a_sum_has_16_or_32_bits() -> None:
    for bits in (8, 16.0, True):
        with pytest.raises(ValueError, match="Input should be '16', '32'"):
            Workload.model_validate(workload({"name": "a", "sum_bits": bits}))


def test_shapes_follow_the_names() -> None:
    data = workload(
        STEM,
        {"name": "a", "stride": 2, "channels": 8, "add": {"layer": "stem", "stride": 2}},
        {"name": "short", "input": "stem", "kernel": 1, "padding_pixels": 0, "stride": 2, "sum_bits": 32},
        {"name": "b", "input": "a", "add": "short"},
    )
    assert list(conflicts(data)) == []
    shapes = {name: geometry for name, geometry, _ in layer_shapes(Workload.model_validate(data))}
    assert (shapes["short"].in_height, shapes["b"].in_height, shapes["b"].in_channels) == (8, 4, 8)
    adds = shapes["a"].addend
    assert adds is not None
    assert (adds.layer, adds.height, adds.bits, adds.stride, adds.averages) == ("stem", 8, 16, 2, True)
    assert shapes["b"].addend is not None
    assert shapes["b"].addend.bits == 32


def test_a_convolution_may_take_from_one_above_a_dense_layer() -> None:
    data = workload(
        {"name": "a"},
        {"type": "dense", "name": "d", "features": 9},
        {"name": "c", "input": "a", "channels": 9, "stride": 8, "add": "d"},
    )
    assert list(conflicts(data)) == []
