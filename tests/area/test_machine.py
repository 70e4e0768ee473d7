"""What machines are made of: which units each way to dispatch has, and how they grow."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given

from o3sim.area.machine import pieces_of, taken_by, taken_by_unit
from o3sim.area.parts import parts
from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.layer import LayerSize
from tests.machine.harness import conv, dense
from tests.machine.strategies import Case, cases

LAYERS = LayerSize("conv1", conv(8, 8, 128, 1024), False), LayerSize("scores", dense(8, 9), True)
"""A line buffer of 3 rows of 8 x 128 bits, and 1,024 thresholds of 0 to 1,153 matches: 11 bits."""

COMMON = {"pe", "crossbars", "write_ports", "activation_buffer", "weight_buffer"}
QUEUE = {"sequencer", "issue_queue", "select", "placement", "scoreboard", "verdicts", "arbitration"}


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("o3bnn", QUEUE),
        ("in-order", QUEUE),
        ("banked", QUEUE),
        ("threshold-only", QUEUE - {"scoreboard"}),
        ("dense", {"sequencer", "issue_queue", "arbitration"}),
        ("window", {"counters", "placement", "verdicts", "arbitration"}),
        ("group", {"counters", "placement", "verdicts", "arbitration", "broadcast"}),
        ("carousel", {"streams", "broadcast"}),
    ],
)
def test_each_way_to_dispatch_has_units_of_its_own(name: str, units: set[str]) -> None:
    taken = taken_by_unit(load_architecture(name))
    assert set(taken) == COMMON | units
    assert all(each.lut or each.ff or each.bram36 for each in taken.values())


def test_a_machine_may_name_every_part_that_there_is() -> None:
    named, _ = get_args(Architecture.model_fields["fits"].annotation)
    assert get_args(named) == tuple(parts())


def test_banks_of_a_queue_select_and_place_for_themselves() -> None:
    pieces = {piece.part_of: piece for piece in pieces_of(load_architecture("banked-64pe"))}
    assert pieces["select"].count == 32
    assert pieces["select"].sizes == {"DEPTH": 16, "ISSUE": 1, "OP_BITS": 60}
    assert pieces["placement"].sizes["PES"] == 2


def test_a_queue_in_order_selects_among_its_first_ops() -> None:
    machine = load_architecture("in-order").with_(
        {"scheduler.issue_width_ops": 4, "issue_queue.depth_ops": 512}
    )
    select = next(piece for piece in pieces_of(machine) if piece.part_of == "select")
    assert select.sizes == {"DEPTH": 8, "ISSUE": 4, "OP_BITS": 60}


def test_a_queue_grows_faster_than_its_depth_and_pes_as_their_number() -> None:
    machine = load_architecture("small")
    twice = machine.with_({"issue_queue.depth_ops": 2 * machine.issue_queue.depth_ops})
    assert taken_by_unit(twice)["select"].lut > 2 * taken_by_unit(machine)["select"].lut
    more = machine.with_({"pe.count": 2 * machine.pe.count})
    assert taken_by_unit(more)["pe"].lut == 2 * taken_by_unit(machine)["pe"].lut
    assert taken_by_unit(more)["crossbars"].lut == 2 * taken_by_unit(machine)["crossbars"].lut


def test_groups_cut_the_way_from_weights_to_pes() -> None:
    machine = load_architecture("group")
    crossbar = next(piece for piece in pieces_of(machine) if piece.part_of == "crossbars")
    assert crossbar.sizes["BANKS"] == machine.weight_buffer.banks // (machine.scheduler.groups or 1)
    assert crossbar.count == machine.pe.count


def test_tables_are_as_large_as_the_network_asks() -> None:
    machine = load_architecture("small").with_({"activation_buffer.line_buffer": True})
    units = taken_by_unit(machine, LAYERS)
    # 3,072 bits in 32 banks of 3 words, 44 LUTs each, and what brings a word into its place.
    assert units["line_buffer"].lut > 32 * 44
    # 1,024 thresholds of 11 bits: a block of 18 kbit for each two of the 8 ops that may begin in a cycle.
    assert units["thresholds"].bram36 == 4 * 0.5
    assert "thresholds" not in taken_by_unit(machine)
    assert "line_buffer" not in taken_by_unit(load_architecture("small"), LAYERS)


def test_a_patch_is_a_memory_of_each_pe() -> None:
    units = taken_by_unit(load_architecture("group-64pe"))
    assert units["broadcast"].bram36 == 64 * 0.5


def test_banks_that_are_ideal_have_no_crossbar() -> None:
    machine = load_architecture("ideal")
    assert not {"crossbars", "arbitration"} & set(taken_by_unit(machine))


def test_a_pipeline_has_the_units_of_all_its_stages() -> None:
    machine = load_architecture("finn-cnv")
    pieces = [piece for piece in pieces_of(machine) if piece.part_of == "pe" and piece.unit == "datapath"]
    assert [piece.count for piece in pieces] == [16, 32, 16, 16, 4, 1, 1, 1, 4]
    assert taken_by(machine).lut == sum(taken.lut for taken in taken_by_unit(machine).values())
    with pytest.raises(InputError, match=r"stages: 9 for a network of 2 layers"):
        taken_by(machine, LAYERS)
    without = machine.with_({"stages": []})
    with pytest.raises(InputError, match=r"name the --workload"):
        taken_by(without)


def test_units_between_stages_are_not_counted() -> None:
    machine = load_architecture("finn-cnv")
    between = {"sliding_window": {"channels_per_cycle": 3}, "pooling_unit": {"channels_per_cycle": 3}}
    stages = machine.model_dump()["stages"]
    apart = machine.with_({"stages": [{**stages[0], **between}, *stages[1:]]})
    assert taken_by(apart) == taken_by(machine)


@pytest.mark.parametrize("name", names("architecture"))
def test_every_shipped_machine_takes_something(name: str) -> None:
    taken = taken_by(load_architecture(name))
    assert min(taken.lut, taken.ff, taken.bram36) > 0


@given(case=cases())
def test_every_machine_that_can_be_drawn_takes_something(case: Case) -> None:
    layers = [LayerSize(layer.name, layer.geometry, layer.scores) for layer in case.profiles]
    taken = taken_by(case.architecture, layers)
    assert min(taken.lut, taken.ff) > 0
