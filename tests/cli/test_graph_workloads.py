"""Commands on a workload that is a graph: they run it, or refuse it by name."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.files import save_npz
from o3sim.network.load import load_network, load_workload
from tests.network.graphs import images, residual

GRAPH = """\
name: residual
input: {height: 6, width: 6, channels: 2,
        encoding: {type: fixed, bits: 4, signed: true, fraction_bits: 3, range: [-1, 1]}}
layers:
  - {name: stem, type: conv, channels: 4, kernel: 3, padding_pixels: 1, padding: exclude, sum_bits: 16}
  - {name: a, type: conv, channels: 4, kernel: 3, padding_pixels: 1, padding: exclude, add: stem,
     sum_bits: 32}
  - {name: short, type: conv, channels: 8, kernel: 1, stride: 2, sum_bits: 32}
  - {name: b, type: conv, channels: 8, kernel: 3, stride: 2, padding_pixels: 1, padding: exclude, input: a,
     add: short}
  - {name: c, type: conv, channels: 8, kernel: 3, padding_pixels: 1, padding: exclude,
     add: {layer: a, stride: 2}}
  - {name: last, type: conv, channels: 8, kernel: 3, padding_pixels: 1, padding: exclude, add: b}
parameters: graph.npz
images: {file: images.npz}
"""

Call = Callable[..., tuple[Any, str, str]]


@pytest.fixture
def workload(tmp_path: Path) -> str:
    """The network of :mod:`tests.network.graphs` in files."""
    network = residual()
    arrays: dict[str, Any] = {}
    for layer in network.layers:
        assert layer.sums is not None
        arrays[f"{layer.name}_weights"] = layer.weights
        arrays[f"{layer.name}_theta"] = layer.theta
        arrays[f"{layer.name}_scale"] = layer.sums.scale
        arrays[f"{layer.name}_shift"] = layer.sums.shift
        if layer.geometry.addend is not None:
            arrays[f"{layer.name}_add_scale"] = layer.sums.add_scale
    save_npz(tmp_path / "graph.npz", arrays)
    save_npz(tmp_path / "images.npz", {"x": images(network)})
    (tmp_path / "graph.yaml").write_text(GRAPH)
    return str(tmp_path / "graph.yaml")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call `o3sim` in this process."""

    def run(*arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_file_is_the_network(workload: str) -> None:
    assert load_network(load_workload(workload)).digest() == residual().digest()


def test_engines_agree_exactly_and_stored_profiles_are_the_same(
    call: Call, workload: str, tmp_path: Path
) -> None:
    """On an architecture of banks that are none too many: operands of sums meet each other."""
    machine = (
        "o3bnn-64pe",
        workload,
        "--images",
        "2",
        "--set",
        "activation_buffer.banks=4",
        "--set",
        "pe.width_edges=8",
    )
    documents = []
    for engine in ("compiled", "simpy"):
        status, out, _ = call("run", *machine, "--engine", engine, "--json", "-")
        assert status == 0
        documents.append(out)
    assert documents[0] == documents[1]
    found = json.loads(documents[0])
    assert found["outputs_exact"] is True
    by_name = {layer["name"]: layer for layer in found["layers"]}
    assert by_name["a"]["events"]["addend_words"] > 0
    assert by_name["short"]["events"]["sum_bits"] == 3 * 3 * 8 * 32 * 2
    assert by_name["a"]["edges"]["pruned"]["threshold"] == 0 < by_name["last"]["edges"]["pruned"]["threshold"]
    assert found["storage_kbit"]["other_maps"] > 0
    folder = str(tmp_path / "profiles")
    assert call("profile", workload, "--save", folder)[0] == 0
    assert call("run", *machine, "--profiles", folder, "--json", "-")[1] == documents[0]


def test_a_trace_and_an_explanation(call: Call, workload: str, tmp_path: Path) -> None:
    assert call("trace", "o3bnn-64pe", workload, "--layer", "last", "-o", str(tmp_path / "t.txt"))[0] == 0
    assert call("explain", "o3bnn-64pe", workload, "--images", "1")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "window", "WORKLOAD"), "layer stem makes sums, and `window` knows of bits only"),
        (("run", "carousel", "WORKLOAD"), "layer stem makes sums, and `carousel` knows of bits only"),
        (
            ("rtl", "o3bnn-64pe", "WORKLOAD", "--layer", "a", "-o", "OUT"),
            "layer a makes sums of more than its dots, of which no RTL is written",
        ),
        (("export", "WORKLOAD", "-o", "OUT.onnx"), "does not lead from one input to scores"),
    ],
)
def test_what_cannot_take_sums_says_so(
    call: Call, workload: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    places = {"WORKLOAD": workload, "OUT": str(tmp_path / "out"), "OUT.onnx": str(tmp_path / "out.onnx")}
    status, _, err = call(*(places.get(each, each) for each in arguments))
    assert status == 2
    assert re.search(said, err), err
    assert err.count("error:") == 1


@pytest.mark.parametrize(
    ("array", "value", "said"),
    [
        ("a_scale", np.full(4, -1), "a_scale: scales are 0 or more, found -1"),
        ("a_scale", np.ones(4), "a_scale: expected int32 or int64 [4], found float64"),
        ("a_shift", np.ones(5, np.int64), "a_shift: expected int32 or int64 [4]"),
        ("a_shift", np.full(4, 2**40), "a_shift: holds numbers beyond 32 bits"),
        ("stem_scale", np.full(4, 2**14), "layer stem: sums may reach 2,359,"),
        ("stem_add_scale", np.ones(4, np.int64), "`stem_add_scale` belongs to no layer"),
        ("last_speculative_bound", np.array(1.0), "are of layers whose channels have one threshold"),
    ],
)
def test_constants_that_cannot_be_are_refused(
    call: Call, workload: str, tmp_path: Path, array: str, value: Any, said: str
) -> None:
    with np.load(tmp_path / "graph.npz") as there:
        arrays = {**there, array: value}
    save_npz(tmp_path / "graph.npz", arrays)
    status, _, err = call("profile", workload)
    assert status == 2
    assert said in err
    assert str(tmp_path / "graph.npz") in err
