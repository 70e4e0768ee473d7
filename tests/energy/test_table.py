"""The energy tables: shipped ones are complete, wrong ones are refused with their places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from o3sim.config.shipped_tables import TABLES_FOLDER, shipped_tables
from o3sim.energy.table import EnergyTable, load_table
from o3sim.errors import ConfigError, InputError


def prices(model: BaseModel) -> Iterator[Any]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if hasattr(value, "source"):
            yield value
        elif isinstance(value, BaseModel):
            yield from prices(value)
        elif isinstance(value, tuple):
            yield from value


def test_two_tables_per_technology() -> None:
    assert shipped_tables() == ("asic-45nm", "asic-45nm-by-size", "fpga-28nm", "fpga-28nm-by-size")


@pytest.mark.parametrize("name", ["asic-45nm", "fpga-28nm"])
def test_a_table_by_size_differs_in_cells_only(name: str) -> None:
    base, sized = load_table(name), load_table(f"{name}-by-size")
    assert base.cells is None
    assert sized.cells is not None
    own = {"name", "description", "cells"}
    assert sized.model_dump(exclude=own) == base.model_dump(exclude=own)


@pytest.mark.parametrize("name", shipped_tables())
def test_every_price_says_where_it_comes_from(name: str) -> None:
    table = load_table(name)
    assert table.name == name
    known = ("Horowitz ISSCC 2014", "derived: ", "assumed: ", "the device is powered whole")
    for price in prices(table):
        assert price.source.startswith(known), price


def test_asic_table_has_the_published_figures() -> None:
    table = load_table("asic-45nm")
    assert [(point.size_kbyte, point.pj) for point in table.memory] == [(8, 10), (32, 20), (1024, 100)]
    assert 1300 <= table.dram.transfer.pj <= 2600
    assert table.pe.word.pj == 0.05


def test_fpga_table_is_the_published_energy_per_edge_shared_out() -> None:
    """FINN: 9.2 pJ an edge, with a weight bit read and two operand bits latched for each."""
    table = load_table("fpga-28nm")
    pe_pj = table.pe.edge.pj + 2 * table.pe.operand_bit.pj
    memory_pj = table.memory[0].pj / 64
    static_pj = table.leakage.machine.pj * 1e6 / (57.9e6 * 21906)
    assert pe_pj + memory_pj + static_pj == pytest.approx(9.2, rel=0.01)


@pytest.mark.parametrize("shipped", ["asic-45nm", str(TABLES_FOLDER / "asic-45nm.yaml")])
def test_own_table_by_path_extends_a_shipped_one(tmp_path: Path, shipped: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        f"extends: {shipped}\n"
        "name: own\n"
        "dram:\n  transfer: {pj: 1300, per: 64 bits, source: Horowitz ISSCC 2014}\n"
    )
    table = load_table(str(own))
    assert (table.name, table.dram.transfer.pj) == ("own", 1300)
    assert table.pe == load_table("asic-45nm").pe


def test_a_table_is_read_again_when_what_it_extends_has_changed(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("extends: asic-45nm\n")
    (tmp_path / "own.yaml").write_text("extends: base.yaml\n")
    first = load_table(str(tmp_path / "own.yaml"))
    assert load_table(str(tmp_path / "own.yaml")) is first
    base.write_text("extends: fpga-28nm\n")
    assert load_table(str(tmp_path / "own.yaml")).pe == load_table("fpga-28nm").pe


def test_all_problems_of_a_table_at_once(tmp_path: Path) -> None:
    text = (TABLES_FOLDER / "asic-45nm.yaml").read_text()
    text = text.replace("per: word", "per: edge").replace("pj: 1950", "pj: -1")
    text = text.replace("size_kbyte: 32,", "size_kbyte: 4,").replace("  lookup:", "  look_up:")
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_table(str(path))
    problems = raised.value.problems
    for key in ("pe.word.per", "dram.transfer.pj", "memory[1].size_kbyte", "sequencer.look_up"):
        assert any(f" {key}: " in problem for problem in problems), (key, problems)
    assert all(problem.startswith(f"{path}:") for problem in problems)


@pytest.mark.parametrize("name", ["asic45nm", "no/such.yaml", "", "asic-45nm.yaml"])
def test_unknown_table(name: str) -> None:
    with pytest.raises(InputError, match="shipped are asic-45nm, asic-45nm-by-size, fpga-28nm, fpga-28nm-by"):
        load_table(name)


def test_sizes_are_checked_without_a_file_too() -> None:
    data = load_table("asic-45nm").model_dump()
    data["memory"] = data["memory"][::-1]
    with pytest.raises(ValueError, match="not larger than the size before it"):
        EnergyTable.model_validate(data)
