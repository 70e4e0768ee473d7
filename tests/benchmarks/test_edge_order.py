"""The table of edge orders by layer: tables where edges are ordered, and pruning that adds up."""

from __future__ import annotations

import re

import pytest

from o3sim.network.load import load_workload
from scripts.benchmarks import edge_order


def test_layers_are_shown_with_their_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = str(load_workload("fashion-vgg").images)
    asked = ["--calibration", "3", "--images", "2", "--run", "0", "--orders", "natural", "edges"]
    monkeypatch.setattr(
        "sys.argv", ["edge-order", "fashion-vgg", images, *asked, "--layers", "conv3", "--by-layer"]
    )
    edge_order.main()
    said = capsys.readouterr().out
    percent: dict[str, dict[str, list[float]]] = {"natural": {}, "edges": {}}
    for order, layer, *numbers in re.findall(
        r"^(natural|edges) +(\w+) +([\d.]+) +([\d.]+) +([\d.]+) / ([\d.]+)$", said, re.MULTILINE
    ):
        percent[order][layer] = [float(number) for number in numbers]
    assert list(percent["edges"]) == list(percent["natural"]) == ["conv2", "conv3", "conv4", "dense1"]
    changed = [layer for layer, found in percent["edges"].items() if found[2] != percent["natural"][layer][2]]
    assert changed == ["conv3"]  # alone has a table: of 32 channels, 144 edges of 8 bits each
    assert percent["edges"]["conv3"][1] == pytest.approx(32 * 144 * 8 / 2**20, abs=0.005)
    assert [found[1] for found in percent["natural"].values()] == [0.0] * 4
    ((_, at_32, _),) = re.findall(r"^edges +([\d.]+) / .*? ([\d.]+) / .*? ([\d.]+) / ", said, re.MULTILINE)
    edges = sum(found[0] for found in percent["edges"].values())
    pruned = sum(found[0] * found[2] for found in percent["edges"].values())
    assert pruned / edges == pytest.approx(float(at_32), abs=0.5)  # edges are printed to 0.1 million
