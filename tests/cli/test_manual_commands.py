"""`o3sim docs` and `o3sim example`: the manual and its files, wherever o3sim is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from o3sim.api import sweep
from o3sim.cli.app import app
from o3sim.cli.manual.pages import page_names, page_text
from o3sim.config.examples import example_files, examples
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from tests.cli.commands import commands

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def made(name: str) -> str:
    return page_text(name, get_command(app))


def rows(page: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([^`]+)`.* \| (.*?) \|$", page, re.MULTILINE))


def test_pages_are_listed_and_printed_as_they_are_written() -> None:
    listed = run("docs")
    assert "  glossary " in listed
    assert "  reference/keys " in listed
    assert run("docs", "machine") == (DOCS / "machine.md").read_text()
    assert (
        run("docs", "docs/studies/banks.md")
        == run("docs", "banks")
        == (DOCS / "studies" / "banks.md").read_text()
    )


def test_a_page_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InputError, match=r"no page `machin` \(did you mean `machine`\?\); `o3sim docs` lists them"
    ):
        run("docs", "machin")


def test_pages_are_html_that_leads_somewhere(tmp_path: Path) -> None:
    assert run("docs", "-o", tmp_path) == f"{tmp_path}/index.html\n"
    pages = {file: file.read_text() for file in tmp_path.rglob("*.html")}
    assert len(pages) == len(page_names())
    for file, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            if "://" not in target:
                name, _, heading = target.partition("#")
                to = (file.parent / name).resolve() if name else file
                assert to.exists(), f"{file.name}: {target}"
                assert not heading or f'id="{heading}"' in pages[to], f"{file.name}: {target}"


def test_every_command_and_option_is_on_the_page_of_commands() -> None:
    sections = re.split(r"^## ", made("reference/commands"), flags=re.MULTILINE)
    by_command = {section.partition("\n")[0]: section for section in sections[1:]}
    assert by_command.keys() == {f"o3sim {command}" for command in commands()}
    for command in commands():
        for option in command.options():
            assert all(f"`{name}" in by_command[f"o3sim {command}"] for name in option.opts)


def test_every_key_is_on_the_page_of_keys() -> None:
    page = rows(made("reference/keys"))
    flat: dict[str, Any] = {}

    def walk(values: dict[str, Any], prefix: str) -> None:
        for name, value in values.items():
            walk(value, f"{prefix}{name}.") if isinstance(value, dict) else flat.update(
                {f"{prefix}{name}": value}
            )

    for name in ("o3bnn", "carousel", "group", "in-order"):
        walk(load_architecture(name).model_dump(), "")
    assert flat.keys() <= page.keys()
    assert page["pe.count"] == "Processing elements (PEs) in the array."
    assert {"layers[].pool.size", "parameters.synthetic.ones", "axes.*.from", "objectives"} <= page.keys()


def test_every_column_of_a_sweep_is_on_the_page_of_columns(tmp_path: Path) -> None:
    from tests.checks.golden.workload import write_workload

    write_workload(tmp_path)
    network = str(tmp_path / "tiny.yaml")
    axes = {"pe.count": [2]}
    outcome = sweep({"name": "s", "architectures": ["small"], "workloads": [network], "axes": axes})
    results, layers = made("reference/columns").split("## `layers.csv`")
    known = rows(results)
    for column in outcome.rows[0]:
        assert column in known or column.startswith("arch.") or column in axes, column
    known_of_layers = {*rows(layers), *rows(results)}
    assert {column for column in outcome.layers[0] if column not in axes} <= known_of_layers


def test_an_example_is_printed() -> None:
    assert run("example", "queue-and-pes") == (DOCS / "examples" / "queue-and-pes.yaml").read_text()
    listed = [line.split()[0] for line in run("example").splitlines()[1:]]
    assert listed == list(examples())


def test_an_example_is_written_with_the_files_that_it_names(tmp_path: Path) -> None:
    assert run("example", "low-voltage", "-o", tmp_path).splitlines() == [
        f"{tmp_path}/low-voltage.yaml",
        f"{tmp_path}/asic-45nm-0.7v.yaml",
    ]
    assert load_architecture(tmp_path / "low-voltage.yaml").clock_mhz == 100
    run("example", "low-voltage", "-o", tmp_path)  # the same is there: nothing is lost
    (tmp_path / "asic-45nm-0.7v.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"asic-45nm-0.7v.yaml is there, with other content"):
        run("example", "low-voltage", "-o", tmp_path)
    assert (tmp_path / "asic-45nm-0.7v.yaml").read_text() == "mine"


def test_all_examples_are_written(tmp_path: Path) -> None:
    run("example", "-o", tmp_path / "new")
    there = {file.name for file in (tmp_path / "new").iterdir()}
    assert there == {file.name for file in (DOCS / "examples").iterdir() if file.is_file()}
    assert {file.name for name in examples() for file in example_files(name)} == there


def test_an_example_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"no example `queue` ?.*; `o3sim example` lists them"):
        run("example", "queue")
