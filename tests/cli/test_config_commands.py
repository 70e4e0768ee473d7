"""validate, show, list and schema, end to end."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.cli.schema_files import schema_files
from o3sim.config.catalog import folder, names
from o3sim.config.controls import CONTROLS, control_of
from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError
from o3sim.network.load import load_network, load_workload


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def problems(*arguments: str | Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        run(*arguments)
    return list(caught.value.problems)


def test_validate_says_what_each_file_is() -> None:
    base = folder("architecture")
    table = Path(__file__).parents[2] / "o3sim" / "energy" / "tables" / "asic-45nm.yaml"
    assert run("validate", base / "o3bnn.yaml", base / "wide.yaml", table) == (
        f"{base}/o3bnn.yaml: valid architecture\n"
        f"{base}/wide.yaml: valid architecture\n"
        f"{table}: valid energy table\n"
    )


def test_every_shipped_file_is_valid() -> None:
    files = [folder(kind) / f"{name}.yaml" for kind in ("architecture", "workload") for name in names(kind)]
    assert len(run("validate", *files).splitlines()) == len(files)


def test_validate_reports_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: o3bnn\nclock_mhz: fast\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nunit: 1\n")
    (tmp_path / "c.yaml").write_text("name: [\n")
    (tmp_path / "d.yaml").write_text("layers: 3\nparameters: 4\n")
    found = problems("validate", *(tmp_path / f"{name}.yaml" for name in "abcde"))
    places = [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in found]
    # The clock of a.yaml, which b.yaml extends, is reported once.
    assert places[:4] == ["a.yaml:2:12", "b.yaml:2:1", "c.yaml:1:8", "d.yaml:1:1"]
    assert places[-1] == "e.yaml"
    assert any(line.endswith("d.yaml:1:9: layers: expected a list, found the number 3") for line in found)


def test_a_file_that_is_nothing_known_is_taken_for_an_architecture(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("something: else\n")
    assert any("pe: required, but absent" in line for line in problems("validate", tmp_path / "f.yaml"))


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff", b"a: 1\n\tb: 2", b"a: 1\na: 1", b"[]"])
def test_validate_refuses_other_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    assert all(line.startswith(f"{tmp_path}/f.yaml:") for line in problems("validate", tmp_path / "f.yaml"))


def test_show_writes_everything_out(tmp_path: Path) -> None:
    shown = run("show", "o3bnn-r")
    assert "extends" not in shown
    assert "\npe:\n  unit: standard\n  count: 256\n  width_edges: 64\n" in shown
    (tmp_path / "f.yaml").write_text(shown)
    assert load_architecture(tmp_path / "f.yaml") == load_architecture("o3bnn-r")


def test_show_takes_a_path_and_suggests_a_name(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: dense\n")
    assert run("show", tmp_path / "mine.yaml").startswith("name: mine\n")
    with pytest.raises(InputError, match=r"no architecture or workload `dens` \(did you mean `dense`\?\)"):
        run("show", "dens")


def test_show_derives_a_control(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(run("show", "o3bnn-r", "--set", "pe.count=8", "--control", "dense"))
    shown = load_architecture(tmp_path / "f.yaml")
    assert shown == control_of(load_architecture("o3bnn-r").with_({"pe.count": 8}), "dense")
    with pytest.raises(InputError, match=r"no control `dens` \(did you mean `dense`\?\)"):
        run("show", "o3bnn", "--control", "dens")


def test_list_describes_all_that_is_shipped() -> None:
    listed = run("list")
    for control, what in CONTROLS.items():
        assert f"  {control} " in listed.partition("controls:")[2]
        assert what.description in listed
    for name in names("architecture"):
        assert f"  {name} " in listed
        assert load_architecture(name).description in listed
    assert all(f"  {name} " in listed for name in names("workload"))


def test_list_has_the_same_as_json(tmp_path: Path) -> None:
    listed = json.loads(run("list", "--json", "-"))
    assert list(listed) == ["architectures", "workloads", "energy tables", "controls"]
    assert listed["controls"] == {name: what.description for name, what in CONTROLS.items()}
    assert listed["energy tables"]["asic-45nm"].startswith("45 nm")
    assert run("list", "--json", tmp_path / "l.json") == run("list")
    assert json.loads((tmp_path / "l.json").read_text()) == listed


def test_a_workload_is_shown_in_full_and_works_from_anywhere(tmp_path: Path) -> None:
    shown = run("show", "fashion-vgg")
    (tmp_path / "f.yaml").write_text(shown)
    assert "  padding_pixels: " in shown
    assert run("show", tmp_path / "f.yaml") == shown
    mine, shipped = (load_network(load_workload(each)) for each in (tmp_path / "f.yaml", "fashion-vgg"))
    assert mine.digest() == shipped.digest()
    assert "  synthetic:\n    seed: " in run("show", "cnv")


@pytest.mark.parametrize("option", [["--set", "pe.count=3"], ["--control", "dense"]])
def test_a_workload_has_nothing_to_set(option: list[str]) -> None:
    with pytest.raises(InputError, match=f"{' '.join(option)}: fashion-vgg is a workload"):
        run("show", "fashion-vgg", *option)


def test_schema_prints_or_writes(tmp_path: Path) -> None:
    assert json.loads(run("schema", "architecture"))["properties"]["extends"]
    run("schema", "--output", tmp_path / "made" / "here")
    assert {file.name: file.read_text() for file in (tmp_path / "made" / "here").iterdir()} == schema_files()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "give one of: architecture, workload, sweep, explore, training, cluster; or --output DIR",
        ),
        (["workload", "--output", "x"], "give one of"),
        (["worklaod"], r"no schema `worklaod` \(did you mean `workload`\?\)"),
        (["--output", f"{__file__}/folder"], "--output .*: cannot be made: Not a directory"),
    ],
)
def test_schema_says_what_it_needs(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run("schema", *arguments)
