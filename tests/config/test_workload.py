"""Workload files: what is accepted, and every rule between keys with its position."""

from pathlib import Path

import pytest

from o3sim.config.load import load_model
from o3sim.config.workload import ConvLayer, DenseLayer, Workload
from o3sim.errors import ConfigError
from tests.network.samples import TINY


def load(folder: Path, text: str) -> Workload:
    (folder / "w.yaml").write_text(text)
    return load_model(folder / "w.yaml", Workload)


def problems(folder: Path, *changes: tuple[str, str]) -> list[str]:
    text = TINY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]


def test_defaults_of_a_convolution(tmp_path: Path) -> None:
    text = TINY.replace(", padding_pixels: 1, padding: exclude", "").replace(
        "size: 2, stride: 2", "size: 3, stride: 2"
    )
    conv = load(tmp_path, text.replace("height: 6, width: 6", "height: 9, width: 9")).layers[0]
    assert isinstance(conv, ConvLayer)
    assert (conv.stride, conv.padding_pixels, conv.padding_word) == (1, 0, "exclude")


@pytest.mark.parametrize(
    ("written", "word"),
    [("exclude", "exclude"), ("-1", "-1"), ("+1", "+1"), ("1", "+1"), ("'-1'", "-1"), ("'+1'", "+1")],
)
def test_padding_is_read_as_number_or_text(tmp_path: Path, written: str, word: str) -> None:
    conv = load(tmp_path, TINY.replace("padding: exclude", f"padding: {written}")).layers[0]
    assert isinstance(conv, ConvLayer)
    assert conv.padding_word == word


def test_no_pool_in_two_ways(tmp_path: Path) -> None:
    for written in ("pool: none", "stride: 1"):
        conv = load(tmp_path, TINY.replace("pool: {size: 2, stride: 2}", written)).layers[0]
        assert isinstance(conv, ConvLayer)
        assert conv.pool == "none"


def test_the_scores_layer(tmp_path: Path) -> None:
    last = load(tmp_path, TINY).layers[-1]
    assert isinstance(last, DenseLayer)
    assert last.scores


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("kernel: 3", "kernel: 9", 5, "layers[0].kernel: 9 does not fit the padded map: 8x8"),
        ("kernel: 3", "kernel: [3, 9]", 5, "layers[0].kernel: 3x9 does not fit the padded map: 8x8"),
        ("kernel: 3", "kernel: [3]", 5, "layers[0].kernel: expected"),
        ("kernel: 3", "kernel: [3, 3, 3]", 5, "layers[0].kernel: expected"),
        ("kernel: 3", "kernel: [3, 0]", 5, "layers[0].kernel[1]: expected a number >= 1, found the number 0"),
        ("kernel: 3", "kernel: 65", 5, "layers[0].kernel: expected a number <= 64"),
        ("kernel: 3", "kernel: three", 5, "layers[0].kernel: expected"),
        ("kernel: 3", "kernel: [1, 3]", 5, "layers[0].padding_pixels: 1 is not below the kernel's 1"),
        ("classes: [a, b, c]\n", "", 7, "layers[2].scores: scores are of classes, and `classes` is absent"),
        (
            "features: 7}",
            "features: 7, input: {height: 70000, width: 1, channels: 1}}",
            7,
            "layers[1].input.height: expected a number <= 65536",
        ),
        (
            "features: 7}",
            "features: 7, input: {height: 7, width: 1}}",
            7,
            "layers[1].input.channels: required",
        ),
        ("features: 7}", "features: 7, input: [conv]}", 7, "layers[1].input: expected text or a mapping"),
        (
            "padding_pixels: 1",
            "padding_pixels: 3",
            5,
            "layers[0].padding_pixels: 3 is not below the kernel's 3",
        ),
        (", padding: exclude", "", 5, "layers[0]: padding_pixels needs `padding: exclude`, -1 or +1"),
        (
            "size: 2, stride: 2",
            "size: 7, stride: 2",
            6,
            "layers[0].pool: a window of 7 does not fit the map: 6x6",
        ),
        (
            "size: 2, stride: 2",
            "size: 2, stride: 3",
            6,
            "layers[0].pool.stride: 3 leaves gaps between windows",
        ),
        ("name: dense,", "name: conv,", 7, "layers[1].name: a layer `conv` stands above already"),
        (", scores: true", "", 8, "layers[2].scores: the last layer must say `scores: true`"),
        ("features: 7", "features: 7, scores: true", 7, "layers[1].scores: only the last layer gives scores"),
        ("[a, b, c]", "[a, b]", 2, "classes: 2 names for the 3 features of the last layer"),
        (
            "{name: dense, type: dense, features: 7}",
            "{name: d, type: dense, features: 4}\n  - {name: late, type: conv, channels: 2, kernel: 1}",
            8,
            "layers[2].type: a conv layer cannot come after a dense one",
        ),
        (
            "{type: binary, threshold: 100}",
            "{type: fixed, bits: 8, signed: false, fraction_bits: 0, range: [1, 1]}",
            3,
            "input.encoding.range: 1 is not below 1",
        ),
        ("threshold: 100", "threshold: 257", 3, "input.encoding.threshold: expected a number <= 256"),
        ("type: binary", "type: binry", 3, "did you mean `binary`?"),
        ("type: conv,", "type: convolution,", 5, "layers[0].type: expected `conv`"),
        ("channels: 5", "chanels: 5", 5, "layers[0].chanels: unknown key (did you mean `channels`?)"),
        ("padding: exclude", "padding: 0", 5, "layers[0].padding: expected `exclude`"),
        ("name: conv,", "name: 1st-layer,", 5, "layers[0].name"),
        ("padding: exclude", "padding: true", 5, "expected `exclude`, `-1` or `+1`, found true"),
        ("padding: exclude", "padding: false", 5, "expected `exclude`, `-1` or `+1`, found false"),
        ("padding: exclude", "padding: 1.0", 5, "or `+1`, found the number 1.0"),
        ("name: conv,", "name: [1],", 5, "layers[0].name: expected text, found a list"),
        ("name: conv,", "name: {a: 1},", 5, "layers[0].name: expected text, found a mapping"),
    ],
)
def test_each_mistake_is_named_where_it_stands(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    found = problems(tmp_path, (old, new))
    assert len(found) == 1
    assert found[0].startswith(f"w.yaml:{line}:")
    assert what in found[0]


IMAGES = "images: {file: images.npz}"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("{synthetic: {seed: 1, count: 10000000}}", ["images.synthetic.count: expected a number <= 1000000"]),
        ("{synthetic: {seed: 1, cuont: 1}}", ["images.synthetic.cuont: unknown key (did you mean `count`?)"]),
        (
            "{file: x.npz, synthetic: {seed: 1, count: 1}}",
            [
                "images.file: does not go with the other keys here",
                "images.synthetic: does not go with the other keys here",
            ],
        ),
        ("3", ["images: expected a mapping of keys, found the number 3"]),
    ],
)
def test_of_two_ways_to_give_images_the_one_meant_is_complained_of(
    tmp_path: Path, images: str, said: list[str]
) -> None:
    found = problems(tmp_path, (IMAGES, f"images: {images}"))
    assert len(found) == len(said), found
    for line, what in zip(found, said, strict=True):
        assert what in line


def test_the_last_layer_must_be_dense(tmp_path: Path) -> None:
    cut = TINY[: TINY.index("  - {name: dense")] + "parameters: p.npz\n"
    assert "must be dense" in problems(tmp_path, (TINY, cut))[0]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, ("kernel: 3", "kernel: x"), ("[a, b, c]", "[a]"), ("name: dense,", "name: conv,")
    )
    assert [line.split(":")[1] for line in found] == ["2", "5", "7"]


FIXED = "{type: fixed, bits: 16, signed: true, fraction_bits: 0, range: [-8, 7]}"


@pytest.mark.parametrize(
    ("changes", "line", "what"),
    [
        (
            [("{type: binary, threshold: 100}", FIXED), ("channels: 2", "channels: 4000")],
            5,
            "layers[0]: layer conv: 36000 inputs of 16 bits exceed 32-bit sums",
        ),
        (
            [("height: 6, width: 6", "height: 65536, width: 65536"), ("channels: 2", "channels: 1")],
            3,
            "input: a map of 65536x65536x1 has 4,294,967,296 values; 33,554,432 at most",
        ),
        (
            [("height: 6, width: 6", "height: 4000, width: 4000"), ("channels: 5", "channels: 500")],
            5,
            "layers[0]: a map of 4000x4000x500 has 8,000,000,000 values; 134,217,728 at most",
        ),
        (
            [("height: 6, width: 6", "height: 4000, width: 4000"), ("features: 7", "features: 60000")],
            7,
            "layers[1]: has 1,200,000,000,000 weights; a layer may have 8,589,934,592",
        ),
    ],
)
def test_sizes_beyond_any_memory_are_refused_by_the_topology_alone(
    tmp_path: Path, changes: list[tuple[str, str]], line: int, what: str
) -> None:
    found = problems(tmp_path, *changes)
    assert found[0].startswith(f"w.yaml:{line}:")
    assert what in found[0]
