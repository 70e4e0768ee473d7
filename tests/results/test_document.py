"""The JSON of a result: documented to the last key, stable to the last byte."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.results.comparison import compare
from o3sim.results.document import to_document, to_json
from o3sim.results.result import SCHEMA_VERSION
from tests.sample_runs import pipeline_result, resident_result, result, sampled_result, with_area

DOCUMENT = Path(__file__).parents[2] / "docs" / "results.md"

EXPANDED_ELSEWHERE = "configuration"
"""Its keys are those of an architecture file."""


def keys_of(value: Any, above: str = "") -> set[str]:
    """Dotted keys of a document; the entries of a list count as one."""
    if isinstance(value, list):
        return set().union(*(keys_of(entry, above) for entry in value))
    if not isinstance(value, dict) or above == EXPANDED_ELSEWHERE:
        return set()
    found = set()
    for key, inner in value.items():
        name = f"{above}.{key}" if above else key
        found |= {name} | keys_of(inner, name)
    return found


def documented_keys() -> set[str]:
    return set(re.findall(r"^\| `([a-z0-9_.]+)` \|", DOCUMENT.read_text(), re.MULTILINE))


def test_every_key_is_documented_and_every_documented_key_exists() -> None:
    document = to_document(with_area(pipeline_result()))
    layer_keys = keys_of(document["layers"])
    of_layers_only = {"name"}
    assert layer_keys - of_layers_only <= keys_of(document)
    comparison = to_document(result(), [compare(result(), result("dense"))])["compare"][0]
    ratios = {"speed_up", "energy_ratio", "on_chip_energy_ratio"}
    of_comparisons_only = {"peak_ratio", *ratios, "speed_up_spread", "on_chip_energy_ratio_spread"}
    assert comparison.keys() - of_comparisons_only == document.keys() - {"schema_version", "compare"}
    every_key = keys_of(document).union(
        *(keys_of(to_document(each())) for each in (resident_result, sampled_result))
    )
    own = {key for key in every_key if not key.startswith("layers.")}
    expected = own | {f"layers.{key}" for key in of_layers_only}
    expected |= {f"compare.{key}" for key in keys_of({key: comparison[key] for key in of_comparisons_only})}
    assert documented_keys() == expected


def test_a_layer_has_the_figures_of_a_run() -> None:
    document = to_document(result())
    layer = document["layers"][0]
    assert [key for key in layer if key != "name"] == [key for key in document if key in layer]


def test_only_a_pipeline_has_figures_of_one() -> None:
    assert to_document(result())["pipeline"] is None


def test_only_where_weights_stay_there_are_figures_of_their_loading() -> None:
    assert to_document(result())["resident"] is None
    loaded = {"layers": ["scores"], "load_cycles": 77, "load_bits": 18_432, "load_energy_pj": 1234.5}
    assert to_document(resident_result())["resident"] == loaded


def test_promised_keys_are_there() -> None:
    document = to_document(result())
    for part in (document, *document["layers"]):
        assert part["edges"].keys() == {"total", "executed", "wasted", "pruned"}
        assert part["edges"]["pruned"].keys() == {"threshold", "pooling", "argmax"}
        assert tuple(part["pe_cycles"]) == PE_CYCLE_CAUSES
        assert next(iter(part["energy_pj"])) == "total"
        assert {"cycles", "latency_us", "outputs_exact"} <= part.keys()
    assert {"accuracy", "classes"} <= document.keys()


def test_text_is_stable_and_comes_back_as_it_was() -> None:
    text = to_json(result(), [compare(result(), result("dense", scale=3))])
    assert text == to_json(result(), [compare(result(), result("dense", scale=3))])
    assert text.endswith("}\n")
    back = json.loads(text)
    assert back["schema_version"] == SCHEMA_VERSION == 1
    assert back["latency_us"] == result().latency_us
    assert back["compare"][0]["architecture"] == "dense"
    assert json.dumps(back, indent=2) + "\n" == text


def test_nothing_of_the_machine_it_ran_on() -> None:
    text = to_json(result())
    assert not re.search(r"/(home|root|tmp|work|usr)|\b20\d\d-\d\d-\d\d\b|time|host|date", text)
