"""The pytest plugin: the fixture ``o3sim_golden`` and the option ``--o3sim-golden-update``.

Every pytest that runs where o3sim is installed loads this file, so it imports nothing heavy before
a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from o3sim.checks.golden.record import Inputs
    from o3sim.checks.golden.strictness import Strictness

FOLDER = "o3sim-golden"
UPDATE = "--o3sim-golden-update"
RECORDED = pytest.StashKey[dict[Path, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records in place of checking."""
    group = parser.getgroup("o3sim")
    group.addoption(
        UPDATE,
        action="store_true",
        dest="o3sim_golden_update",
        help="record what the o3sim_golden fixture would compare with",
    )


@dataclass(frozen=True)
class Golden:
    """Check simulations against what was recorded beside the test, or record them.

    Attributes
    ----------
    beside : Path
        Folder of the test's file: paths are relative to it, goldens lie in ``o3sim-golden`` in it.
    update : bool
        Whether to record.
    test : str
        Name of the test.
    has_parameters : bool
        Whether the test is one of several of a function.
    scratch : tuple of str
        Folders whose files tests make anew in every run.
    recorded : dict
        The test of this run of pytest that recorded each golden.
    tell : callable
        Shows a line to whoever waits.
    """

    beside: Path
    update: bool
    test: str
    has_parameters: bool
    scratch: tuple[str, ...]
    recorded: dict[Path, str]
    tell: Callable[[str], object]

    def __call__(
        self,
        architecture: str | Path,
        workload: str | Path = "fashion-vgg",
        *,
        layers: Sequence[str] | None = None,
        images: int = 1,
        image_file: str | Path | None = None,
        cycles: int | None = None,
        tolerance: float | None = None,
        without: str | Sequence[str] = (),
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
        tolerance : float, optional
            Compare figures alone, which may be off by this share of what was recorded (0.02 for 2 %).
        without : str or sequence of str
            What is not compared: ``energy``, ``traces``.
        """
        __tracebackhide__ = True
        from o3sim.checks.golden.case import TRACE_CYCLES, Case
        from o3sim.checks.golden.record import load_inputs
        from o3sim.checks.golden.strictness import strictness
        from o3sim.errors import InputError
        from o3sim.network.activity import doing
        from o3sim.network.heartbeat import heartbeat
        from o3sim.runs.kernels import load_kernels

        files = (self._place(architecture), self._place(workload))
        own_images = None if image_file is None else str(self.beside / image_file)
        case = Case(
            *files,
            None if layers is None else tuple(map(str, layers)),
            images,
            own_images,
            TRACE_CYCLES if cycles is None else cycles,
            self.test if self.has_parameters or self._makes(*files, own_images) else "",
            self.scratch,
        )
        try:
            with heartbeat(self.tell), doing(f"{'recording' if self.update else 'checking'} {self.test}"):
                inputs = load_inputs(case)
                load_kernels([inputs.architecture], inputs.network.layers)  # or tests side by side each would
                problem = self._settle(inputs, strictness(tolerance, without))
        except InputError as error:
            problem = str(error)
        if problem:
            pytest.fail(problem, pytrace=False)

    def _settle(self, inputs: Inputs, how: Strictness) -> str:
        """Record or compare; return what is wrong."""
        from o3sim.checks.golden.check import check_inputs
        from o3sim.checks.golden.filing import golden_folder, recorded_folder

        folder = golden_folder(self.beside / FOLDER, inputs.case)
        if self.update:
            return self._record(inputs, folder)
        found = recorded_folder(self.beside / FOLDER, inputs)
        if found is None:
            return f"{folder}: nothing was recorded; run pytest with {UPDATE} and commit what it writes"
        moved = check_inputs(found, inputs, how)
        return "\n".join([*moved, f"If this was meant: pytest {UPDATE}"]) if moved else ""

    def _record(self, inputs: Inputs, folder: Path) -> str:
        """Record; what this run of pytest has recorded already must come out the same."""
        from o3sim.checks.golden.check import check_inputs
        from o3sim.checks.golden.filing import record_in

        if folder not in self.recorded:
            record_in(folder.parent, inputs)
            self.recorded[folder] = self.test
        elif check_inputs(folder, inputs):
            before = self.recorded[folder]
            return f"{folder}: {before} has just recorded another machine there, from files of the same names"
        return ""

    def _makes(self, *files: str | None) -> bool:
        """Return whether any of these files is one that the test makes."""
        places = [Path(file).resolve() for file in files if file is not None]
        return any(place.is_relative_to(folder) for place in places for folder in self.scratch)

    def _place(self, name: str | Path) -> str:
        """Take a file as seen from the test, anything else as a shipped name."""
        path = self.beside / name
        return str(path) if path.is_file() else str(name)


@pytest.fixture
def o3sim_golden(request: pytest.FixtureRequest) -> Golden:
    """Return a function that compares a simulation with what was recorded (``docs/golden.md``)."""
    return Golden(
        request.path.parent,
        bool(request.config.getoption("o3sim_golden_update")),
        _name_of(request),
        hasattr(request.node, "callspec"),
        _scratch_folders(request),
        request.config.stash.setdefault(RECORDED, {}),
        _teller(request.config),
    )


def _teller(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line past pytest's capturing; nothing where pytest has no terminal."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def tell(line: str) -> None:
        if terminal is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                terminal.write_line(line)

    return tell


def _name_of(request: pytest.FixtureRequest) -> str:
    """Return file, classes, name and parameters of a test: the same wherever pytest is started."""
    inside = [node.name for node in request.node.listchain() if isinstance(node, pytest.Class)]
    return "::".join([request.path.name, *inside, request.node.name])


def _scratch_folders(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """List the folders of temporary files, unless the tests themselves lie in them."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    folders = [Path(gettempdir()).resolve(), factory.getbasetemp().resolve()]
    here = request.path.resolve()
    return tuple(str(folder) for folder in folders if not here.is_relative_to(folder))
