"""`extends`: overrides merged deeply, every mark in the file that holds the value."""

from pathlib import Path

import pytest

from o3sim.config.extends import load_document
from o3sim.config.marks import Conflict
from o3sim.errors import ConfigError


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def problem(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_document(file)
    return str(caught.value).replace(f"{file.parent}/", "")


def test_mappings_merge_and_everything_else_replaces(tmp_path: Path) -> None:
    write(tmp_path, base="a: {x: 1, y: {p: 1, q: 2}}\nl: [1, 2, 3]\nk: {m: 1}\n")
    write(tmp_path, over="extends: base.yaml\na: {y: {q: 5}, z: 3}\nl: [9]\nk: word\n")
    document = load_document(tmp_path / "over.yaml")
    assert document.data == {
        "name": "over",
        "a": {"x": 1, "y": {"p": 1, "q": 5}, "z": 3},
        "l": [9],
        "k": "word",
    }
    assert document.files == [str(tmp_path / "over.yaml"), str(tmp_path / "base.yaml")]


def test_marks_point_into_the_file_that_holds_the_value(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="a: {x: 1, y: 2}\nl: [1, 2, 3]\nk: {m: 1}\n",
        over="extends: base.yaml\n\na: {y: 3}\nl: [9]\nk: 1\n",
    )
    document = load_document(tmp_path / "over.yaml")
    assert str(document.marks[("a", "x")].value) == f"{tmp_path}/base.yaml:1:8"
    assert str(document.marks[("a", "y")].value) == f"{tmp_path}/over.yaml:3:8"
    assert document.file_of(("a", "x")) == f"{tmp_path}/base.yaml"
    assert document.file_of(("a", "absent")) == f"{tmp_path}/over.yaml"
    assert ("l", 2) not in document.marks
    assert ("k", "m") not in document.marks


def test_a_conflict_is_placed_in_the_file_that_brings_it_about(tmp_path: Path) -> None:
    write(tmp_path, base="a: 1\nb: 2\n", over="extends: base.yaml\nb: 3\n")
    document = load_document(tmp_path / "over.yaml")
    conflict = Conflict((("a",), ("b",)), "less than b")
    assert str(document.locate(conflict)) == f"{tmp_path}/over.yaml:2:4: a: less than b"
    assert str(document.locate(Conflict((("a",),), "odd"))) == f"{tmp_path}/base.yaml:1:4: a: odd"


def test_name_and_description_are_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, base="name: base\ndescription: the base\na: 1\n", over="extends: base.yaml\n")
    assert load_document(tmp_path / "over.yaml").data == {"name": "over", "a": 1}
    write(tmp_path, named="extends: over.yaml\nname: mine\ndescription: d\n")
    assert load_document(tmp_path / "named.yaml").data == {"name": "mine", "description": "d", "a": 1}


def test_a_relative_file_is_relative_to_the_one_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path, base="a: 1\n", top="extends: sub/middle.yaml\n")
    write(tmp_path / "sub", middle="extends: ../base.yaml\nb: 2\n")
    assert load_document(tmp_path / "top.yaml").data == {"name": "top", "a": 1, "b": 2}


def test_a_shipped_name_can_be_extended_and_a_file_beside_comes_first(tmp_path: Path) -> None:
    write(tmp_path, mine="extends: dense\nclock_mhz: 100\n")
    document = load_document(tmp_path / "mine.yaml")
    assert document.data["scheduler"]["policy"] == "lockstep"
    assert len(document.files) == 3
    (tmp_path / "dense").write_text("a: 1\n")
    assert load_document(tmp_path / "mine.yaml").data == {"name": "mine", "a": 1, "clock_mhz": 100}


def test_duplicates_in_every_file_are_listed(tmp_path: Path) -> None:
    write(tmp_path, base="a: 1\na: 2\n", over="extends: base.yaml\nb: 1\nb: 2\n")
    document = load_document(tmp_path / "over.yaml")
    assert [str(found.mark).rsplit("/", 1)[1] for found in document.problems] == [
        "over.yaml:3:1",
        "base.yaml:2:1",
    ]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("absent.yaml", "f.yaml:2:10: extends: no file absent.yaml"),
        ("o3bn", "f.yaml:2:10: extends: nothing shipped is called `o3bn` (did you mean `o3bnn`?)"),
        ("''", "f.yaml:2:10: extends: expected a file or a shipped name, found ``"),
        ("[a]", "f.yaml:2:10: extends: expected a file or a shipped name, found a list"),
        ("7", "f.yaml:2:10: extends: expected a file or a shipped name, found the number 7"),
        ("", "f.yaml:2:9: extends: expected a file or a shipped name, found nothing"),
        (".", "f.yaml:2:10: extends: nothing shipped is called `.`"),
        ("f.yaml", "f.yaml:2:10: extends: goes in a circle: f.yaml -> f.yaml"),
    ],
)
def test_what_cannot_be_extended(tmp_path: Path, target: str, message: str) -> None:
    write(tmp_path, f=f"a: 1\nextends: {target}\n")
    assert problem(tmp_path / "f.yaml").startswith(message)


def test_a_link_to_itself_is_no_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").symlink_to("base.yaml")
    (tmp_path / "a.yaml").write_text("extends: base.yaml\n")
    assert "base.yaml" in problem(tmp_path / "a.yaml")


def test_a_circle_is_reported_where_it_closes(tmp_path: Path) -> None:
    write(tmp_path, a="extends: b.yaml\n", b="extends: c.yaml\n", c="x: 1\nextends: ./a.yaml\n")
    message = "c.yaml:2:10: extends: goes in a circle: a.yaml -> b.yaml -> c.yaml -> a.yaml"
    assert problem(tmp_path / "a.yaml") == message


def test_a_broken_base_is_reported_in_the_base(tmp_path: Path) -> None:
    write(tmp_path, a="extends: b.yaml\n", b="x: [\n")
    assert problem(tmp_path / "a.yaml").startswith("b.yaml:1:5: not valid YAML")


def test_chains_of_files_have_an_end(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n")
    with pytest.raises(ConfigError, match=r"/20\.yaml:1:10: extends: the 21th file in a row"):
        load_document(tmp_path / "0.yaml")


def test_links_in_a_circle_are_one_problem(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "f.yaml").write_text("extends: ./loop.yaml\n")
    for name in ("loop.yaml", "f.yaml"):
        with pytest.raises(ConfigError) as caught:
            load_document(tmp_path / name)
        assert len(caught.value.problems) == 1
