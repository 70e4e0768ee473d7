"""Custom units in a machine: they run, and what they do wrong is their error, not a traceback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.consent import allow_code
from o3sim.config.custom_load import load_class
from o3sim.errors import InputError
from o3sim.machine.pe import PE
from o3sim.runs.engines import custom_note, engine_name
from o3sim.runs.simulation import simulate
from tests.sample_runs import architecture, images, network

UNITS = """\
from o3sim.machine.pe import PE
from o3sim.machine.policies import Policy

class OldestFirst(Policy):
    def pick(self, view):
        yield from filter(view.ready, view.entries)

class Raises(Policy):
    def pick(self, view):
        yield view.entries[10**6]

class Twice(Policy):
    def pick(self, view):
        yield view.entries[0]
        yield view.entries[0]

class Unready(Policy):
    def pick(self, view):
        yield from view.entries

class Never(Policy):
    def pick(self, view):
        return iter(())

class Bored(PE):
    def select(self, cycle):
        return "bored"

class Forgetful(PE):
    def select(self, cycle):
        return None

class EvenCycles(PE):
    def select(self, cycle):
        return "verdict_wait" if cycle % 2 else super().select(cycle)
    def next_move(self, cycle):
        return cycle + 1
"""


@pytest.fixture(autouse=True)
def consent() -> Iterator[None]:
    with allow_code():
        yield


@pytest.fixture
def units(tmp_path: Path) -> Path:
    file = tmp_path / "units.py"
    file.write_text(UNITS)
    return file


def with_policy(units: Path, name: str) -> Architecture:
    return architecture("mine", scheduler={"policy": f"{units}:{name}"})


def with_pe(units: Path, name: str) -> Architecture:
    return architecture("mine", pe={"unit": f"{units}:{name}"})


def test_a_policy_like_the_shipped_one_gives_the_same_cycles(units: Path) -> None:
    own = simulate(with_policy(units, "OldestFirst"), network(), images(2))
    shipped = simulate(architecture(), network(), images(2))
    assert own.outputs_exact
    assert [layer.pe_cycles for layer in own.layers] == [layer.pe_cycles for layer in shipped.layers]


def test_a_pe_that_rests_says_when_it_goes_on(units: Path) -> None:
    resting = simulate(with_pe(units, "EvenCycles"), network(), images(1))
    assert resting.outputs_exact
    assert resting.cycles > simulate(architecture(), network(), images(1)).cycles


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        (with_policy, "Raises", "units.py:10: IndexError: list index out of range"),
        (
            with_policy,
            "Twice",
            "policy Twice picked op 0 .*, which is not in the queue, or was picked before",
        ),
        (with_policy, "Unready", "policy Unready picked op 1 .*, which is not ready"),
        (with_policy, "Never", "mine, with scheduler.policy .*units.py:Never: cycle .*: no unit can move"),
        (with_pe, "Bored", "mine, with pe.unit .*units.py:Bored: `bored` is no cause of PE-cycles"),
        (with_pe, "Forgetful", "mine, with pe.unit .*units.py:Forgetful: AttributeError: "),
        (with_pe, "Never", "units.py:Never: does not extend o3sim.machine.pe.PE"),
    ],
)
def test_what_units_do_wrong_is_told(make: object, name: str, says: str, units: Path) -> None:
    assert callable(make)
    with pytest.raises(InputError, match=says):
        simulate(make(units, name), network(), images(1))


def test_a_file_that_fails_is_told_with_its_line(units: Path) -> None:
    units.write_text("class A: pass\n1 / 0\n")
    with pytest.raises(InputError, match=r"units.py:2: ZeroDivisionError: division by zero"):
        load_class(f"{units}:A", PE)


def test_a_changed_file_is_loaded_anew(units: Path) -> None:
    assert load_class(f"{units}:Bored", PE).select.__code__.co_consts[-1] == "bored"
    units.write_text(UNITS.replace("bored", "tired"))
    assert load_class(f"{units}:Bored", PE).select.__code__.co_consts[-1] == "tired"


def test_the_engine_is_simpy_and_no_other(units: Path) -> None:
    mine = with_pe(units, "EvenCycles")
    assert (engine_name(mine), engine_name(mine, "simpy"), engine_name(architecture())) == (
        "simpy",
        "simpy",
        "compiled",
    )
    assert custom_note(mine) == f"mine: pe.unit {units}:EvenCycles: run by the SimPy engine"
    assert custom_note(architecture()) is None
    with pytest.raises(InputError, match=r"mine: engine compiled cannot run pe.unit .*simpy can"):
        engine_name(mine, "compiled")
