"""What-if machines change just one unit, and only where there is a limit to take away."""

from typing import Any

import pytest

from o3sim.config.load import load_architecture
from o3sim.studies.whatif.relief import (
    ALL_AT_ONCE,
    TWICE_THE_PES,
    UNIT_RELIEFS,
    Relief,
    reliefs_for,
    relieved,
)


def leaves(values: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{unit}.{key}": value
        for unit, keys in values.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }


@pytest.mark.parametrize("relief", UNIT_RELIEFS, ids=lambda relief: relief.unit)
def test_a_relief_changes_its_keys_and_no_other(relief: Relief) -> None:
    base = load_architecture("o3bnn")
    before, after = leaves(base.model_dump()), leaves(relieved(base, relief).model_dump())
    changed = {key for key in before if before[key] != after[key]}
    assert changed <= {f"{unit}.{key}" for unit, keys in relief.changes.items() for key in keys}


def test_what_is_ideal_already_is_not_relieved() -> None:
    units = [relief.unit for relief in reliefs_for(load_architecture("ideal"))]
    assert not {"operand banks", "DRAM"} & set(units)
    assert units[-2:] == [ALL_AT_ONCE.unit, TWICE_THE_PES]
    assert "squash path" not in units


def test_twice_the_pes_fit_a_lockstep_group() -> None:
    dense = load_architecture("dense")
    twice = relieved(dense, reliefs_for(dense)[-1])
    assert twice.pe.count == 128
    assert twice.issue_queue.depth_ops == 256
