"""docs/extending.md: its blocks are the example files, and every example runs as it says."""

import csv
import hashlib
import json
import re
import shlex
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from o3sim import extend
from o3sim.cli import app as cli
from o3sim.config.consent import allow_code
from o3sim.config.load import load_architecture
from o3sim.energy.table import load_table
from o3sim.runs.simulation import simulate
from tests.sample_runs import images, network

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text()
EXAMPLES = ROOT / "docs" / "examples"
Call = Callable[[str], tuple[object, str, str]]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


REFUSED = re.search(r"^\$ o3sim (.*)\n(error: .*)$", PAGE, re.MULTILINE)


def commands() -> list[str]:
    """All that work: the one that is refused has its answer below it."""
    return re.findall(r"^\$ o3sim (.*)$(?!\nerror)", PAGE, re.MULTILINE)


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.chdir(ROOT)

    def call(arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["o3sim", *shlex.split(arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


@pytest.mark.parametrize(("language", "suffix"), [("python", ".py"), ("yaml", ".yaml")])
def test_every_block_is_an_example_file(language: str, suffix: str) -> None:
    files = [file.read_text() for file in sorted(EXAMPLES.glob(f"*{suffix}"))]
    shown = blocks(language)
    assert len(shown) == 3
    for block in shown:
        assert any(block in text for text in files), block


@pytest.mark.parametrize("name", ["newest-first", "two-accumulators", "low-voltage"])
def test_every_architecture_gives_exact_outputs(name: str) -> None:
    with allow_code():
        result = simulate(load_architecture(EXAMPLES / f"{name}.yaml"), network(), images(2))
    assert result.outputs_exact


@pytest.mark.parametrize("command", [line for line in commands() if not line.startswith("trace")])
def test_every_command_works(command: str, o3sim: Call) -> None:
    status, out, err = o3sim(command)
    assert status == 0
    own = any(name in command for name in ("newest-first", "two-accumulators"))
    assert ("run by the SimPy engine" in out + err) == own
    assert ("SimPy engine for" in out) == (own and command.startswith("run"))


def test_without_consent_the_command_is_refused_as_the_page_shows(o3sim: Call) -> None:
    assert REFUSED is not None
    command, line = REFUSED.groups()
    status, out, err = o3sim(command)
    assert (status, out) == (2, "")
    own = hashlib.sha256((EXAMPLES / "newest_first.py").read_bytes()).hexdigest()
    assert err == line.replace("HASH", own) + "\n"


def test_what_the_page_says_of_the_examples_holds(o3sim: Call) -> None:
    own, base = compared("newest-first", o3sim)
    assert own["cycles"] > base["cycles"]
    assert own["edges"]["pruned"]["pooling"] < base["edges"]["pruned"]["pooling"]
    own, base = compared("two-accumulators", o3sim)
    assert own["edges"]["wasted"] == 0 < base["edges"]["wasted"]
    assert own["pe_cycles"]["verdict_wait"] > base["pe_cycles"]["verdict_wait"]
    own, base = compared("low-voltage", o3sim)
    assert own["cycles"] == base["cycles"]
    assert own["energy_pj"]["pe"] == pytest.approx(base["energy_pj"]["pe"] * (0.7 / 0.9) ** 2, rel=1e-3)


def compared(name: str, o3sim: Call) -> tuple[Any, Any]:
    """Run an example beside what it extends; return both as their JSON has them."""
    status, out, _ = o3sim(f"run docs/examples/{name}.yaml --compare o3bnn --json - --allow-code")
    assert status == 0
    own = json.loads(out)
    return own, own["compare"][0]


def test_the_trace_holds_every_retired_op(o3sim: Call, tmp_path: Path) -> None:
    (command,) = [line for line in commands() if line.startswith("trace")]
    for engine in ("compiled", "simpy"):
        file = tmp_path / f"{engine}.csv"
        assert o3sim(command.replace("conv2.csv", f"{file} --engine {engine}"))[0] == 0
    assert (tmp_path / "compiled.csv").read_bytes() == (tmp_path / "simpy.csv").read_bytes()
    rows = list(csv.DictReader((tmp_path / "simpy.csv").read_text().splitlines()))
    assert {row["outcome"] for row in rows} == {"0", "1"}
    assert len({row["op"] for row in rows}) == len(rows) > 1000
    assert max(int(row["words"]) for row in rows) == 2  # 144 edges, 128 a word


def test_the_table_is_the_shipped_one_scaled() -> None:
    ours, base = load_table(str(EXAMPLES / "asic-45nm-0.7v.yaml")), load_table("asic-45nm")
    scale = (0.7 / 0.9) ** 2
    for unit in ("pe", "threshold_compare", "activation_gather", "scheduler", "sequencer", "output_buffer"):
        for event, price in getattr(base, unit):
            assert getattr(getattr(ours, unit), event).pj == pytest.approx(price.pj * scale, rel=1e-3)
    assert {**dict(ours.dram), "transfer": None} == {**dict(base.dram), "transfer": None}
    assert ours.dram.transfer.pj == base.dram.transfer.pj


def test_two_accumulators_want_two_contexts(tmp_path: Path, o3sim: Call) -> None:
    file = tmp_path / "three.yaml"
    file.write_text(f"extends: {EXAMPLES}/two-accumulators.yaml\npe: {{contexts: 3}}\n")
    status, _, err = o3sim(f"run {file} --allow-code")
    assert status == 2
    assert err.endswith("error: TwoAccumulatorPE: pe.contexts: expected 2, found 3\n")


def test_the_compiled_engine_refuses_custom_units(o3sim: Call) -> None:
    status, out, err = o3sim("run docs/examples/newest-first.yaml --engine compiled")
    assert (status, out) == (2, "")
    assert "engine compiled cannot run scheduler.policy" in err


def test_jobs_give_the_same(o3sim: Call) -> None:
    command = "run docs/examples/two-accumulators.yaml --images 2 --json - --allow-code"
    once = o3sim(command)
    assert once[0] == 0
    assert o3sim(f"{command} --jobs 2") == once


def test_the_traced_column_matches_the_program(o3sim: Call, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    base = "trace o3bnn fashion-vgg --layer scores --format docs/examples/csv_trace.py:CsvTrace -o"
    assert o3sim(f"{base} {file} --allow-code")[0] == 0
    assert sorted(int(row["channel"]) for row in csv.DictReader(file.read_text().splitlines())) == list(
        range(10)
    )


OLD_PATHS = {
    "o3sim.machine.op": ["Op"],
    "o3sim.machine.policies": ["Policy", "QueueView"],
    "o3sim.machine.pe": ["PE"],
    "o3sim.machine.events": ["Event", "EventKind"],
    "o3sim.trace.writer": ["TracedLayer"],
    "o3sim.errors": ["InputError"],
}
"""What this page told users to import before there was `o3sim.extend`."""


@pytest.mark.parametrize("module", OLD_PATHS)
@pytest.mark.filterwarnings("ignore:o3sim.machine.events has moved:DeprecationWarning")
def test_old_paths_lead_to_the_same_names(module: str) -> None:
    for name in OLD_PATHS[module]:
        assert getattr(import_module(module), name) is getattr(extend, name)


def test_a_path_that_has_moved_says_where_to() -> None:
    with pytest.warns(DeprecationWarning, match=r"from o3sim\.extend import Event$") as seen:
        from o3sim.machine.events import Event  # noqa: F401 - it is the import that warns
    assert seen[0].filename == __file__
    with pytest.raises(ImportError):
        from o3sim.machine.events import Nothing  # noqa: F401 - it is not there


def test_examples_import_public_names_only() -> None:
    for file in EXAMPLES.glob("*.py"):
        imported = re.findall(r"^from (o3sim[.\w]*) import (.*)$", file.read_text(), re.MULTILINE)
        assert imported
        for module, names in imported:
            assert module == "o3sim.extend"
            assert set(names.split(", ")) <= set(extend.__all__)


def test_a_unit_with_old_imports_runs(tmp_path: Path, o3sim: Call) -> None:
    text = (EXAMPLES / "newest_first.py").read_text()
    old = "from o3sim.machine.op import Op\nfrom o3sim.machine.policies import Policy, QueueView\n"
    (tmp_path / "newest_first.py").write_text(re.sub(r"from o3sim.extend import .*\n", old, text))
    (tmp_path / "mine.yaml").write_text((EXAMPLES / "newest-first.yaml").read_text())
    assert o3sim(f"run {tmp_path / 'mine.yaml'} fashion-vgg --json - --allow-code")[0] == 0
