"""Everything wrong with a file is said at once, each with its position and a suggestion."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from o3sim.config.load import load_architecture, load_model
from o3sim.config.marks import Conflict
from o3sim.config.model import CrossCheckedModel, StrictModel
from o3sim.errors import ConfigError, InputError


def refusal(file: Path, text: str | None = None) -> list[str]:
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_architecture(file)
    return [line.replace(f"{file.parent}/", "") for line in caught.value.problems]


def test_all_problems_at_once_in_file_order(tmp_path: Path) -> None:
    text = """\
extends: o3bnn-64pe
pe: {coutn: 4, width_edges: -1, latency_cycles: 99999999999999999999999}
scheduler:
  policy: lockstp
  window_in_flight_ops: unlimted
issue_queue: {depth_ops: 3.0}
unit: 1
unit: 2
pruning:
clock_mhz: "200"
dram: {bits_per_cycle: 0, latency_cycles: true}
energy: {table: asic-54nm}
"""
    assert refusal(tmp_path / "f.yaml", text) == [
        "f.yaml:2:6: pe.coutn: unknown key (did you mean `count`?)",
        "f.yaml:2:29: pe.width_edges: expected a number >= 1, found the number -1",
        "f.yaml:2:49: pe.latency_cycles: number too large",
        "f.yaml:4:11: scheduler.policy: expected a class of yours as FILE.py:Class, `out_of_order`,"
        " `in_order` or `lockstep`, found `lockstp` (did you mean `lockstep`?)",
        "f.yaml:5:25: scheduler.window_in_flight_ops: expected an integer or `unlimited`, found `unlimted`"
        " (did you mean `unlimited`?)",
        "f.yaml:6:26: issue_queue.depth_ops: expected an integer, found the number 3.0",
        "f.yaml:7:1: unit: unknown key; the keys here are `name`, `description`, `clock_mhz`, `note`, `fits`,"
        " `organization`, `stages`,"
        " `pe`, `sequencer`, `issue_queue`, `scheduler`, `activation_buffer`, `weight_buffer`, `dram`,"
        " `output_buffer`, `pruning`, `energy`, `input_fifo`, `skip_fifo`, `sliding_window`, `pooling_unit`,"
        " `input_end`, `output_end`",
        "f.yaml:8:1: unit: given twice, first in line 7",
        "f.yaml:9:9: pruning: expected a mapping of keys, found nothing",
        "f.yaml:10:12: clock_mhz: expected a number, found `200`",
        "f.yaml:11:24: dram.bits_per_cycle: expected a number >= 1 or `ideal`, found the number 0",
        "f.yaml:11:43: dram.latency_cycles: expected an integer, found true",
        "f.yaml:12:17: energy.table: no shipped table `asic-54nm` (did you mean `asic-45nm`?);"
        " shipped are `asic-45nm`, `asic-45nm-by-size`, `fpga-28nm`, `fpga-28nm-by-size`",
    ]


def test_absent_keys_are_placed_at_the_mapping_they_belong_in(tmp_path: Path) -> None:
    lines = refusal(tmp_path / "f.yaml", "\nname: x\npe:\n  cuont: 1\n  contexts: 2\n")
    assert "f.yaml:2:1: clock_mhz: required, but absent" in lines
    assert "f.yaml:3:1: pe.width_edges: required, but absent" in lines
    # A misspelt key is said to be unknown, not also to be absent.
    assert [line for line in lines if "count" in line] == [
        "f.yaml:4:3: pe.cuont: unknown key (did you mean `count`?)"
    ]


def test_a_wrong_value_in_the_extended_file_is_placed_there(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: o3bnn-64pe\n\npe: {count: none}\n")
    lines = refusal(tmp_path / "f.yaml", "extends: base.yaml\npe: {contexts: none}\n")
    assert lines == [
        "f.yaml:2:16: pe.contexts: expected an integer, found `none`",
        "base.yaml:3:13: pe.count: expected an integer, found `none`",
    ]


def test_cross_field_rules_are_reported_beside_the_others(tmp_path: Path) -> None:
    text = "extends: o3bnn-64pe\nscheduler: {policy: lockstep}\npe: {count: 400}\nclock_mhz: 0\n"
    assert refusal(tmp_path / "f.yaml", text) == [
        "f.yaml:2:21: issue_queue.depth_ops: 512 cannot hold a lockstep group of pe.count * pe.contexts"
        " = 1200 ops",
        "f.yaml:4:12: clock_mhz: expected a number >= 1e-06, found the number 0",
    ]


@pytest.mark.parametrize("section", ["[]", "7", "x", "", "{policy: [lockstep]}", "{policy: {lockstep: 1}}"])
def test_cross_field_rules_bear_any_value(tmp_path: Path, section: str) -> None:
    assert refusal(tmp_path / "f.yaml", f"extends: dense\nscheduler: {section}\nissue_queue: {section}\n")


@pytest.mark.parametrize("value", [".inf", ".nan", "-.inf", "1e999"])
def test_a_clock_is_finite(tmp_path: Path, value: str) -> None:
    lines = refusal(tmp_path / "f.yaml", f"extends: o3bnn-64pe\nclock_mhz: {value}\n")
    assert [line.startswith("f.yaml:2:12: clock_mhz: ") for line in lines] == [True]


def test_an_energy_table_is_relative_to_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "table.yaml").touch()
    (tmp_path / "a" / "base.yaml").write_text("extends: o3bnn-64pe\nenergy: {table: ./table.yaml}\n")
    (tmp_path / "f.yaml").write_text("extends: a/base.yaml\n")
    monkeypatch.chdir(tmp_path)
    assert load_architecture("f.yaml").energy.table == "a/table.yaml"
    assert refusal(tmp_path / "g.yaml", "extends: o3bnn-64pe\nenergy: {table: absent.yaml}\n") == [
        "g.yaml:2:17: energy.table: no file absent.yaml;"
        " shipped are `asic-45nm`, `asic-45nm-by-size`, `fpga-28nm`, `fpga-28nm-by-size`"
    ]


class Inner(StrictModel):
    """An item of a list."""

    kind: Literal["x"]
    size: int


class Other(StrictModel):
    """Another item, told by its kind."""

    kind: Literal["y"]
    words: tuple[str, ...] = Field(min_length=1)


class Outer(CrossCheckedModel):
    """A model with what the architecture has not: lists, tagged unions, optional values, a rule."""

    items: tuple[Inner | Other, ...]
    chosen: tuple[Annotated[Inner | Other, Field(discriminator="kind")], ...] = ()
    limit: int | None = None
    path: Path | None = None
    by_name: dict[str, Inner] = Field(default_factory=dict)

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield a problem for a limit of 13."""
        if data.get("limit") == 13:
            yield Conflict((("limit",),), "unlucky")


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_model(file, Outer)
    return [line.replace(f"{file.parent}/", "") for line in caught.value.problems]


def test_lists_fit_tuples_and_text_fits_paths(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("items: [{kind: x, size: 3}, {kind: y, words: [a]}]\npath: a/b\n")
    model = load_model(tmp_path / "f.yaml", Outer)
    assert model.items == (Inner(kind="x", size=3), Other(kind="y", words=("a",)))
    assert model.path == Path("a/b")


def test_positions_inside_lists_and_mappings(tmp_path: Path) -> None:
    text = "items: 3\nby_name:\n  a: {kind: x, sizes: 1}\n  b: 5\nlimit: many\n"
    assert problems(tmp_path / "f.yaml", text) == [
        "f.yaml:1:8: items: expected a list, found the number 3",
        "f.yaml:3:16: by_name.a.sizes: unknown key (did you mean `size`?)",
        "f.yaml:4:6: by_name.b: expected a mapping of keys, found the number 5",
        "f.yaml:5:8: limit: expected an integer, found `many`",
    ]


def test_keys_are_suggested_from_the_member_that_the_data_means(tmp_path: Path) -> None:
    text = (
        "items: []\nchosen:\n  - {kind: x, word: 1}\n  - {kind: z}\n  - {size: 3}\n  - {kind: y, words: []}\n"
    )
    assert problems(tmp_path / "f.yaml", text) == [
        "f.yaml:3:5: chosen[0].size: required, but absent",
        "f.yaml:3:15: chosen[0].word: unknown key; the keys here are `kind`, `size`",
        "f.yaml:4:12: chosen[1].kind: expected `x` or `y`, found `z`",
        "f.yaml:5:5: chosen[2].kind: required, but absent",
        "f.yaml:6:22: chosen[3].words: expected at least 1 items, found a list",
    ]


def test_rules_that_name_one_key_are_placed_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "f.yaml", "limit: 13\n") == [
        "f.yaml:1:1: items: required, but absent",
        "f.yaml:1:8: limit: unlucky",
    ]


@pytest.mark.parametrize("name", ["", "o3bn", "absent.yaml", "a/b", "DENSE"])
def test_an_unknown_architecture_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError):
        load_architecture(name)


def test_a_directory_is_no_architecture(tmp_path: Path) -> None:
    assert refusal(tmp_path) == [f"{tmp_path.name}: cannot be read: Is a directory"]


def test_contexts_of_all_pes_are_counted(tmp_path: Path) -> None:
    text = "extends: o3bnn-64pe\npe: {count: 65536, contexts: 65536}\n"
    what = "pe.contexts: 65536 for each of 65536 PEs are 4,294,967,296; 1,048,576 at most"
    assert refusal(tmp_path / "f.yaml", text) == [f"f.yaml:2:30: {what}"]
