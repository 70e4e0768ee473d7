"""Shipped machines that name a chip fit it with the networks they are sized for; too large ones say so."""

from __future__ import annotations

import pytest

from o3sim.area.machine import taken_by
from o3sim.area.parts import parts
from o3sim.config.catalog import names
from o3sim.config.load import load_architecture
from o3sim.network.load import layer_sizes, load_workload
from o3sim.runs.sizes import check_fit

MACHINES = {name: load_architecture(name) for name in names("architecture")}
SAME_CHIP = ("o3bnn", "dense", "banked", "window", "group", "carousel")
TOO_LARGE = tuple(name for name, machine in MACHINES.items() if "too large to build" in machine.description)
SIZED_FOR = ("vgg16", "cifar-vgg-bn-pool", "fashion-vgg", "cnv")
LAYERS = {name: layer_sizes(load_workload(name)) for name in SIZED_FOR}


def test_every_way_to_dispatch_is_there_for_one_chip_and_word_width() -> None:
    assert {MACHINES[name].fits for name in SAME_CHIP} == {"zc706"}
    assert {MACHINES[name].pe.width_edges for name in SAME_CHIP} == {128}
    assert {MACHINES[name].clock_mhz for name in SAME_CHIP} == {200}
    assert MACHINES["o3bnn-vcu118"].fits == "vcu118"


@pytest.mark.parametrize("network", SIZED_FOR)
@pytest.mark.parametrize("name", [*SAME_CHIP, "o3bnn-vcu118"])
def test_it_fits_its_chip_with_tables_and_line_buffer(name: str, network: str) -> None:
    machine = MACHINES[name]
    check_fit(machine, network, LAYERS[network])  # activations of VGG-16, 4,312 kbit and more, among others
    taken = taken_by(machine, LAYERS[network])
    part = parts()[str(machine.fits)]
    assert part.lacks(taken) == []
    assert taken.lut <= 0.86 * part.lut  # the estimate is off by a tenth, and a full chip is not placed


def test_machines_that_are_too_large_are_labelled() -> None:
    zc706 = parts()["zc706"]
    for name, machine in MACHINES.items():
        if machine.is_pipelined or machine.fits == "vcu118":
            continue
        assert bool(zc706.lacks(taken_by(machine))) == (name in TOO_LARGE), name
    assert not any(MACHINES[name].fits for name in TOO_LARGE)
