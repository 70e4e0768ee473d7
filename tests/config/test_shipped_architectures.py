"""The shipped architectures are valid and differ from their base in what they are named for."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import folder, names
from o3sim.config.load import load_architecture
from o3sim.config.yaml_marks import dump_yaml, read_yaml

NAMES = names("architecture")


def leaves(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def differences(name: str, base: str) -> set[str]:
    ours, theirs = (leaves(load_architecture(which).model_dump()) for which in (name, base))
    return {key for key in ours if ours[key] != theirs[key]} - {"name", "description"}


def test_all_that_is_promised_is_shipped() -> None:
    fit = "o3bnn dense banked window group carousel o3bnn-vcu118"
    controls = "ideal threshold-only pooling-only lockstep-pruned in-order in-order-interleaved"
    too_large = "o3bnn-64pe dense-64pe banked-64pe window-64pe group-64pe carousel-64pe o3bnn-r wide"
    others = "small finn-cnv o3bnn-pipelined"
    assert sorted(f"{fit} {controls} {too_large} {others}".split()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_valid_named_after_its_file_and_described(name: str) -> None:
    architecture = load_architecture(name)
    assert architecture.name == name
    assert 10 <= len(architecture.description) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_each_starts_with_a_schema_that_is_there(name: str) -> None:
    file = folder("architecture") / f"{name}.yaml"
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
    assert found
    assert (file.parent / found[1]).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_each_expanded_reads_back_the_same(name: str, tmp_path: Path) -> None:
    architecture = load_architecture(name)
    (tmp_path / "f.yaml").write_text(dump_yaml(architecture.model_dump()))
    assert load_architecture(tmp_path / "f.yaml") == architecture


def test_the_base_states_every_key() -> None:
    stated = leaves(read_yaml(folder("architecture") / "o3bnn.yaml").data)
    assert stated.keys() == leaves(load_architecture("o3bnn").model_dump()).keys()


@pytest.mark.parametrize(
    ("name", "base", "keys"),
    [
        ("pooling-only", "o3bnn", "pruning.threshold"),
        ("threshold-only", "o3bnn", "pruning.pooling scheduler.window_in_flight_ops"),
        ("in-order", "o3bnn", "scheduler.policy"),
        ("in-order-interleaved", "in-order", "sequencer.order"),
        (
            "lockstep-pruned",
            "o3bnn",
            "sequencer.width_ops scheduler.policy scheduler.issue_width_ops scheduler.window_in_flight_ops"
            " output_buffer.write_width_ops",
        ),
        ("wide", "o3bnn-64pe", "pe.width_edges"),
        (
            "ideal",
            "o3bnn",
            "activation_buffer.banks weight_buffer.banks dram.bits_per_cycle dram.latency_cycles"
            " output_buffer.write_width_ops",
        ),
    ],
)
def test_each_comparison_changes_only_what_it_is_about(name: str, base: str, keys: str) -> None:
    assert differences(name, base) == set(keys.split())


def test_o3bnn_r_has_the_published_peak() -> None:
    architecture = load_architecture("o3bnn-r")
    assert architecture.pe.count * architecture.pe.width_edges == 16_384
    assert architecture.clock_mhz == 200


def test_a_model_checks_its_rules_however_it_is_made() -> None:
    data = load_architecture("dense-64pe").model_dump()
    data["issue_queue"]["depth_ops"] = 191
    with pytest.raises(ValidationError, match="191 cannot hold a lockstep group"):
        Architecture.model_validate(data)
    data["issue_queue"]["depth_ops"] = 192
    Architecture.model_validate(data)


def fields(model: type[BaseModel], prefix: str = "") -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= fields(inner, f"{prefix}{name}.")
        else:
            found[prefix + name] = field.description
    return found


def test_every_key_is_described_and_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    documented = re.findall(
        r"^\| `([a-z_.]+)` \|", page.split("## Keys")[1].split("## Shipped")[0], re.MULTILINE
    )
    described = fields(Architecture)
    assert all(described.values())
    assert sorted(documented) == sorted([*described, "extends"])


def test_every_shipped_architecture_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \|", page.split("## Shipped")[1], re.MULTILINE)) == NAMES
