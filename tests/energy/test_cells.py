"""Units that decide cost what their size asks for, where the energy table says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from o3sim.area.machine import pieces_of
from o3sim.area.pieces import Piece
from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.load import load_architecture
from o3sim.contract.counters import LayerCounters
from o3sim.energy.cells import ROLES
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from tests.machine.strategies import Case, cases
from tests.sample_runs import counters

BASE, SIZED = load_table("asic-45nm"), load_table("asic-45nm-by-size")
CELL_PJ = 0.00375
ALL_OF_THE_QUEUE = {"queue_writes": 8, "queue_reads": 8, "scoreboard_writes": 8}
WAYS = {"datapath", "gathering", "crossbar", "arbitration", "patch", "memory"}
"""Arithmetic, memories, and what lies between these and the PEs."""


def energy(name: str, changes: dict[str, object] | None = None, **counted: int) -> dict[str, float]:
    machine = load_architecture(name).with_(dict(changes or {}))
    return EnergyModel(machine, SIZED).energy_pj(LayerCounters("layer", **counted))


def cells(name: str, *parts: str, module: str = "") -> int:
    """Count LUTs and flip-flops of some units of a machine, or of one module in them."""
    return sum(
        piece.taken.lut + piece.taken.ff
        for piece in pieces_of(load_architecture(name))
        if piece.part_of in parts and module in ("", piece.unit)
    )


@pytest.mark.parametrize(
    ("name", "counted", "unit", "parts", "module"),
    [
        ("o3bnn", {"scoreboard_reads": 8}, "sequencer", ("sequencer",), ""),
        ("o3bnn", ALL_OF_THE_QUEUE, "issue_queue", ("issue_queue",), ""),
        ("o3bnn", {"queue_reads": 8}, "scheduler", ("select", "placement"), ""),
        ("o3bnn", {"scoreboard_reads": 8, "scoreboard_writes": 8}, "scoreboard", ("scoreboard",), ""),
        ("o3bnn", {"output_bits": 8}, "output_buffer", ("write_ports",), "output_bits"),
        ("banked", {"queue_writes": 8}, "issue_queue", ("issue_queue",), "selection"),
        ("dense", {"output_bits": 128}, "output_buffer", ("write_ports",), ""),
        ("window", {"scoreboard_reads": 13}, "sequencer", ("counters",), ""),
        ("window", {"scoreboard_reads": 13}, "scheduler", ("placement",), ""),
        ("group", {"scoreboard_reads": 8}, "sequencer", ("counters",), ""),
        ("carousel", {"scoreboard_reads": 32, "weight_reads": 32}, "sequencer", ("streams",), ""),
    ],
)  # fmt: skip
def test_a_cycle_in_which_a_unit_does_all_it_can_costs_all_of_its_cells(
    name: str, counted: dict[str, int], unit: str, parts: tuple[str, ...], module: str
) -> None:
    of_unit = energy(name, **counted)[unit]
    if module == "selection":  # beside what the banks themselves do
        of_unit -= energy(name, queue_reads=8)[unit]
    assert of_unit == pytest.approx(CELL_PJ * cells(name, *parts, module=module))


def test_pes_and_their_ports_cost_their_arithmetic_and_what_they_keep() -> None:
    executed = LayerCounters("layer", words_executed=16)
    base = EnergyModel(load_architecture("o3bnn"), BASE).energy_pj(executed)["pe"]
    assert energy("o3bnn", words_executed=16)["pe"] == pytest.approx(
        base + CELL_PJ * cells("o3bnn", "pe", module="contexts")
    )
    retired = energy("o3bnn", scoreboard_writes=16)["output_buffer"]
    ports = 2 * cells("o3bnn", "write_ports", module="output_buffer")  # of 8 a cycle
    assert retired == pytest.approx(CELL_PJ * (cells("o3bnn", "verdicts") + ports))


@pytest.mark.parametrize(
    ("unit", "changes", "event"),
    [
        ("issue_queue", {"issue_queue.depth_ops": 128}, "queue_writes"),
        ("issue_queue", {"issue_queue.depth_ops": 128}, "scoreboard_writes"),
        ("scheduler", {"issue_queue.depth_ops": 128}, "queue_reads"),
        ("scheduler", {"pe.count": 32}, "queue_reads"),
        ("scoreboard", {"issue_queue.depth_ops": 256}, "scoreboard_reads"),
        ("output_buffer", {"pe.count": 32}, "scoreboard_writes"),
        ("output_buffer", {"activation_buffer.banks": 32}, "output_bits"),
        ("pe", {"pe.contexts": 3}, "words_executed"),
    ],
)
def test_an_event_costs_more_in_a_larger_unit(unit: str, changes: dict[str, object], event: str) -> None:
    once = {event: 1}
    assert energy("o3bnn", changes, **once)[unit] > 1.2 * energy("o3bnn", **once)[unit] > 0


def test_banks_of_a_queue_make_it_cheaper() -> None:
    events = {"queue_writes": 5, "queue_reads": 5, "scoreboard_writes": 5}
    central, banked = energy("o3bnn", **events), energy("banked", **events)
    assert 0 < banked["issue_queue"] < central["issue_queue"] / 2
    assert 0 < banked["scheduler"] < central["scheduler"] / 2


def test_memories_and_arithmetic_cost_what_they_do_without() -> None:
    priced = [EnergyModel(load_architecture("o3bnn"), table).energy_pj(counters()) for table in (BASE, SIZED)]
    for unit in ("threshold_compare", "activation_buffer", "weight_buffer", "sums", "dram"):
        assert priced[0][unit] == priced[1][unit]


def test_cells_leak_and_are_no_memory_besides() -> None:
    machine = load_architecture("o3bnn")
    base, sized = (EnergyModel(machine, table) for table in (BASE, SIZED))
    decide = "sequencer", "issue_queue", "select", "placement", "scoreboard", "verdicts", "write_ports"
    own = cells("o3bnn", *decide) + cells("o3bnn", "pe", module="contexts")
    kbit = 64 * 48 / 1024 + base.storage_kbit.verdicts
    assert sized.leakage_pj_per_cycle - base.leakage_pj_per_cycle == pytest.approx(
        (0.075 * own - 3.125 * kbit) / 200
    )


def without_a_role(machine: Architecture) -> set[str]:
    def has_none(piece: Piece) -> bool:
        return (piece.part_of, piece.unit) not in ROLES

    return {piece.unit for piece in pieces_of(machine) if has_none(piece)}


@pytest.mark.parametrize("name", names("architecture"))
def test_every_unit_of_a_shipped_machine_that_decides_is_priced(name: str) -> None:
    machine = load_architecture(name)
    if not machine.is_pipelined or machine.model_dump().get("stages"):
        assert without_a_role(machine) <= WAYS


@given(case=cases())
@settings(max_examples=30, deadline=None)
def test_every_unit_that_decides_is_priced(case: Case) -> None:
    assert without_a_role(case.architecture) <= WAYS
