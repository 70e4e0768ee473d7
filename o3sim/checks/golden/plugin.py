"""The pytest plugin: the fixture ``o3sim_golden`` and the option ``--o3sim-golden-update``.

Every pytest that runs where o3sim is installed loads this file, so it imports nothing heavy before
a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from o3sim.checks.golden.record import Inputs

FOLDER = "o3sim-golden"
UPDATE = "--o3sim-golden-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records in place of checking."""
    group = parser.getgroup("o3sim")
    group.addoption(
        UPDATE,
        action="store_true",
        dest="o3sim_golden_update",
        help="record what the o3sim_golden fixture would compare with",
    )


class Golden:
    """Check simulations against what was recorded beside the test, or record them.

    Parameters
    ----------
    beside : Path
        Folder of the test's file: paths are relative to it, goldens lie in ``o3sim-golden`` in it.
    update : bool
        Whether to record.
    """

    def __init__(self, beside: Path, update: bool) -> None:
        self.beside = beside
        self.update = update

    def __call__(
        self,
        architecture: str | Path,
        workload: str | Path = "fashion-vgg",
        *,
        layers: Sequence[str] | None = None,
        images: int = 1,
        image_file: str | Path | None = None,
        cycles: int | None = None,
    ) -> None:
        """Fail the test if a simulation is not as recorded.

        Parameters
        ----------
        architecture, workload : str or Path
            Shipped name or YAML file.
        layers : sequence of str, optional
            Layers to compare traces of, by name; all by default.
        images : int
            Images to run, from the first on.
        image_file : str or Path, optional
            Images in place of the workload's own.
        cycles : int, optional
            Cycles of each layer to compare traces of, 128 by default.
        """
        __tracebackhide__ = True
        from o3sim.checks.golden.case import TRACE_CYCLES, Case
        from o3sim.checks.golden.record import load_inputs
        from o3sim.errors import InputError

        case = Case(
            self._place(architecture),
            self._place(workload),
            None if layers is None else tuple(layers),
            images,
            None if image_file is None else str(self.beside / image_file),
            TRACE_CYCLES if cycles is None else cycles,
        )
        try:
            problem = self._settle(load_inputs(case))
        except InputError as error:
            problem = str(error)
        if problem:
            pytest.fail(problem, pytrace=False)

    def _settle(self, inputs: Inputs) -> str:
        """Record or compare; return what is wrong."""
        from o3sim.checks.golden.case import MANIFEST
        from o3sim.checks.golden.check import check_inputs
        from o3sim.checks.golden.record import record

        folder = self.beside / FOLDER / inputs.folder_name
        if self.update:
            record(inputs, folder)
            return ""
        if not (folder / MANIFEST).is_file():
            return f"{folder}: nothing was recorded; run pytest with {UPDATE} and commit what it writes"
        moved = check_inputs(folder, inputs)
        return "\n".join([*moved, f"If this was meant: pytest {UPDATE}"]) if moved else ""

    def _place(self, name: str | Path) -> str:
        """Take a file as seen from the test, anything else as a shipped name."""
        path = self.beside / name
        return str(path) if path.is_file() else str(name)


@pytest.fixture
def o3sim_golden(request: pytest.FixtureRequest) -> Golden:
    """Return a function that compares a simulation with what was recorded (``docs/golden.md``)."""
    return Golden(request.path.parent, bool(request.config.getoption("o3sim_golden_update")))
