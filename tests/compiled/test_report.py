"""What ``scripts/differential`` prints of a case that the engines differ on."""

from __future__ import annotations

from hypothesis import given, settings

from tests.compiled.engines import AnyCase
from tests.compiled.every_way import every_way
from tests.compiled.long_run import described
from tests.machine.harness import architecture, dense, random_profile
from tests.machine.strategies import Case


def test_only_what_differs_from_the_bench_is_listed() -> None:
    case = Case(architecture(pe__count=3, pruning__argmax=True), [random_profile(dense(9, 2), seed=1)])
    machine = [line for line in described(case) if "=" in line and not line.startswith("  layer")]
    assert machine == ["  pe.count = 3", "  pruning.argmax = True"]


@given(every_way())
@settings(max_examples=50, deadline=None)
def test_every_case_can_be_written_down(case: AnyCase) -> None:
    lines = list(described(case))
    assert sum(line.startswith("    decision ") for line in lines) == len(case.profiles)
