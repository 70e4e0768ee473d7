"""FINN's folding configurations: what they make of CNV, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.formats.importers.finn_folding import import_folding
from o3sim.network.load import load_network, load_workload

PE = 16, 16, 4, 8, 1, 1, 1, 1, 1
SIMD = 27, 576, 576, 576, 576, 128, 32, 64, 2
WINDOWS = 3, 64, 16, 32, 32, 4, 4, 1
"""In the order of the graph: those before the pools, of 16 and 4, among them."""
POOLS = 16, 4


def folding(**changes: Any) -> dict[str, Any]:
    """FINN's own CNV-W1A1 for an AUP-ZU3, with changes by node."""
    nodes: dict[str, Any] = {"Defaults": {}, "Thresholding_rtl_0": {"PE": 1}}
    nodes |= {f"ConvolutionInputGenerator_rtl_{n}": {"SIMD": simd} for n, simd in enumerate(WINDOWS)}
    nodes |= {
        f"MVAU_hls_{n}": {"PE": pe, "SIMD": simd, "ram_style": "auto"}
        for n, (pe, simd) in enumerate(zip(PE, SIMD, strict=True))
    }
    nodes |= {f"Pool_hls_{n}": {"PE": pe} for n, pe in enumerate(POOLS)}
    nodes["LabelSelect_hls_0"] = {"PE": 1}
    return {node: keys for node, keys in {**nodes, **changes}.items() if keys is not None}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Any], Any]:
    layers = load_network(load_workload("cnv")).layers

    def import_it(values: Any) -> Any:
        path = tmp_path / "f.json"
        path.write_text(values if isinstance(values, str) else json.dumps(values))
        return import_folding(path, layers, "mine", 100.0)

    return import_it


def test_units_take_the_cycles_that_finn_documents(read: Callable[[Any], Any]) -> None:
    found = read(folding()).folding
    cycles = {unit.node: unit.cycles for unit in found.units}
    assert [cycles[f"MVAU_hls_{n}"] for n in range(9)] == [
        3600, 3136, 4608, 3200, 4608, 4608, 4096, 4096, 2560,
    ]  # fmt: skip
    assert found.slowest.node == "ConvolutionInputGenerator_rtl_0"
    assert found.slowest.cycles == 8100
    assert found.windows == (3, 64, 32, 32, 4, 1, 0, 0, 0)
    assert found.pools == (0, 16, 0, 4, 0, 0, 0, 0, 0)
    assert found.not_read == ("ram_style",)


def test_the_written_machine_has_the_folding(read: Callable[[Any], Any], tmp_path: Path) -> None:
    made = load_architecture(str(read(folding()).write(tmp_path / "mine")))
    assert [stage.pe.count for stage in made.stages] == list(PE)
    assert made.stages[0].pe.width_edges == 27 * 8
    assert made.stages[1].sliding_window.channels_per_cycle == 64
    assert made.stages[3].pooling_unit.channels_per_cycle == 4


def test_streaming_pools_have_no_windows_of_their_own(read: Callable[[Any], Any]) -> None:
    pools = {f"StreamingMaxPool_Batch_{n}": {} for n in range(2)}
    without = {f"Pool_hls_{n}": None for n in range(2)}
    windows = {f"ConvolutionInputGenerator_rtl_{n}": {"SIMD": 1} for n in range(6)}
    rest = {f"ConvolutionInputGenerator_rtl_{n}": None for n in (6, 7)}
    found = read(folding(**pools, **without, **windows, **rest)).folding
    assert {unit.cycles for unit in found.units if unit.kind == "streaming pool"} == {980, 125}


def test_a_window_that_comes_whole_takes_a_cycle_an_input(read: Callable[[Any], Any]) -> None:
    node = {"ConvolutionInputGenerator_rtl_0": {"SIMD": 3, "parallel_window": 1}}
    found = read(folding(**node)).folding
    assert next(unit.cycles for unit in found.units if unit.node in node) == 32 * 32 + 2
    assert found.windows[0] == 0


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ("{", "f.json: not JSON"),
        ("[" * 100_000, "f.json: not JSON"),
        ([1], "f.json: not a folding of FINN's"),
        (folding(MVAU_hls_3={"PE": 7, "SIMD": 576}), "MVAU_hls_3.PE: 7 does not divide the 128 channels of"),
        (folding(MVAU_hls_6={"PE": 1, "SIMD": 3}), "MVAU_hls_6.SIMD: 3 does not divide the 256 inputs of"),
        (folding(MVAU_hls_6={"PE": 1}), "MVAU_hls_6.SIMD: expected a number from 1 on, found None"),
        (folding(MVAU_hls_6={"PE": True, "SIMD": 1}), "MVAU_hls_6.PE: expected .* found True"),
        (folding(MVAU_hls_6={"PE": 0, "SIMD": 4}), "MVAU_hls_6.PE: expected a number from 1 on, found 0"),
        (folding(MVAU_hls_6=3), "MVAU_hls_6: expected keys as in"),
        (folding(VVAU_hls_0={"PE": 1}), "VVAU_hls_0: not a node of FINN's binary networks .* take it out"),
        (folding(MVAU_hls_8=None), "8 nodes that are a matrix-vector unit, and the network has 9"),
        (folding(Pool_hls_1=None), "1 nodes that are a pool, and the network has 2"),
        (folding(ConvolutionInputGenerator_rtl_7=None), "7 nodes that are a sliding window.* has 8"),
    ],
)  # fmt: skip
def test_what_is_no_folding_of_the_network_is_refused(
    values: Any, says: str, read: Callable[[Any], Any]
) -> None:
    with pytest.raises(InputError, match=says):
        read(values)


def test_a_unit_wider_than_a_pe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    units = {f"MVAU_hls_{n}": {"PE": 1, "SIMD": 1} for n in range(9)}
    path.write_text(json.dumps(units | {"MVAU_hls_8": {"PE": 1, "SIMD": 4096}}))
    layers = load_network(load_workload("vgg-like-cifar10")).layers
    with pytest.raises(InputError, match=r"MVAU_hls_8.SIMD: 4096 does not divide the 1024 inputs"):
        import_folding(path, layers, "mine", 100.0)
