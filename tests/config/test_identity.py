"""A machine is what it computes with: the content of its files counts, their names and places do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.flat import flattened
from o3sim.config.identity import Identities, architecture_sha256
from o3sim.config.load import load_architecture
from o3sim.errors import InputError

FILES = {
    "chip.yaml": """\
extends: o3bnn
scheduler: {policy: "code/policy.py:Mine"}
pe: {unit: "code/pe.py:Mine"}
energy: {table: tables/lab.yaml}
""",
    "code/policy.py": "import numpy\nimport scores\nclass Mine: ...\n",
    "code/scores.py": "def score():\n    from weights.old import heavy\n    return heavy\n",
    "code/weights/__init__.py": "",
    "code/weights/old.py": "from . import new\nfrom .new import light as heavy\n",
    "code/weights/new.py": "light = 1\n",
    "code/pe.py": "class Mine: ...\n",
    "tables/lab.yaml": "extends: base.yaml\ndram: {transfer: {pj: 2600, per: 64 bits, source: mine}}\n",
    "tables/base.yaml": "extends: asic-45nm\nname: base\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A machine of files in files."""
    write(tmp_path / "here")
    return tmp_path / "here"


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def sha(folder: Path, name: str = "chip.yaml") -> str:
    return architecture_sha256(load_architecture(folder / name))


def test_it_does_not_depend_on_place_or_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sha(folder)
    there = folder.with_name("there")
    shutil.move(folder, there)
    assert sha(there) == before
    monkeypatch.chdir(there)
    assert sha(Path()) == before
    for old, new in (
        ("chip.yaml", "other.yaml"),
        ("code/policy.py", "code/p.py"),
        ("tables/lab.yaml", "t.yaml"),
    ):
        (there / old).rename(there / new)
    table = (there / "t.yaml").read_text().replace("base.yaml", "tables/base.yaml")
    (there / "t.yaml").write_text(table)
    chip = (there / "other.yaml").read_text().replace("policy.py", "p.py").replace("tables/lab", "t")
    (there / "other.yaml").write_text(chip)
    assert sha(there, "other.yaml") == before


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_every_byte_of_code_counts(folder: Path, name: str) -> None:
    before = sha(folder)
    (folder / name).write_text(FILES[name] + "# a remark\n")
    assert sha(folder) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("chip.yaml", "extends: o3bnn\n", "extends: o3bnn\nissue_queue: {depth_ops: 99}\n"),
        ("chip.yaml", "policy.py:Mine", "pe.py:Mine"),
        ("tables/lab.yaml", "2600", "2601"),
        ("tables/base.yaml", "asic-45nm", "fpga-28nm"),
    ],
)
def test_every_value_counts(folder: Path, name: str, old: str, new: str) -> None:
    before = sha(folder)
    (folder / name).write_text(FILES[name].replace(old, new))
    assert sha(folder) != before


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("chip.yaml", "name: other\ndescription: d\nnote: n\n"),
        ("tables/lab.yaml", "name: other\ndescription: d\n"),
        ("tables/base.yaml", "# a remark\n"),
        ("code/unused.py", "x = 1\n"),
        ("code/numpy_like.py", "x = 1\n"),
    ],
)
def test_what_nothing_is_computed_with_does_not_count(folder: Path, name: str, more: str) -> None:
    before = sha(folder)
    (folder / name).write_text(FILES.get(name, "") + more)
    assert sha(folder) == before


def test_a_shipped_table_and_a_copy_of_it_are_the_same(tmp_path: Path) -> None:
    from o3sim.config.shipped_tables import TABLES_FOLDER

    shutil.copy(TABLES_FOLDER / "asic-45nm.yaml", tmp_path / "mine.yaml")
    (tmp_path / "chip.yaml").write_text("extends: o3bnn\nenergy: {table: mine.yaml}\n")
    assert sha(tmp_path) == architecture_sha256(load_architecture("o3bnn"))


def test_every_shipped_machine_is_another() -> None:
    from o3sim.config.catalog import names

    hashes = {architecture_sha256(load_architecture(name)) for name in names("architecture")}
    assert len(hashes) == len(names("architecture"))


def test_a_stage_counts() -> None:
    pipelined = load_architecture("o3bnn-pipelined").model_dump(mode="json")
    hashes = set()
    for stages in ([], [{"pe": {"count": 2}}], [{}, {"pe": {"count": 2}}]):
        hashes.add(
            architecture_sha256(Architecture.model_validate_json(_json({**pipelined, "stages": stages})))
        )
    assert len(hashes) == 3


def _json(values: object) -> str:
    import json

    return json.dumps(values)


def test_files_named_inside_lists_count_by_content(folder: Path) -> None:
    """As a stage's would."""
    code = f"{folder}/code/policy.py:Mine"
    identities = Identities()
    found = identities._by_content(
        {"stages": [{"scheduler": {"policy": code}, "energy": {"table": "asic-45nm"}}]}
    )
    assert "/" not in str(found)
    assert {path.name for path in identities.files} >= {"policy.py", "scores.py", "new.py", "asic-45nm.yaml"}


def test_parts_can_be_left_out(folder: Path) -> None:
    one = load_architecture(folder / "chip.yaml")
    (folder / "tables" / "lab.yaml").write_text(FILES["tables/lab.yaml"].replace("2600", "1"))
    other = load_architecture(folder / "chip.yaml")
    assert Identities().of(one, without=["energy"]) == Identities().of(other, without=["energy"])
    assert "energy.table" in flattened(one.model_dump(mode="json"))


def test_modules_of_the_search_path_count_unless_they_are_installed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sha(folder)
    for place in ("lib", "site-packages"):
        (tmp_path / place).mkdir()
        (tmp_path / place / f"of_{place.replace('-', '_')}.py").write_text("")
        monkeypatch.syspath_prepend(tmp_path / place)
    (folder / "code" / "pe.py").write_text("import of_lib, of_site_packages\nclass Mine: ...\n")
    first = sha(folder)
    (tmp_path / "site-packages" / "of_site_packages.py").write_text("x = 1\n")
    assert sha(folder) == first
    (tmp_path / "lib" / "of_lib.py").write_text("x = 1\n")
    assert sha(folder) not in (before, first)


def test_files_that_change_after_they_were_read_are_told(folder: Path) -> None:
    identities = Identities()
    identities.of(load_architecture(folder / "chip.yaml"))
    identities.refuse_changed()
    (folder / "code" / "pe.py").touch()
    identities.refuse_changed()
    (folder / "code" / "pe.py").write_text("class Mine: pass\n")
    with pytest.raises(InputError, match=r"pe\.py: changed meanwhile"):
        identities.refuse_changed()
    (folder / "code" / "pe.py").unlink()
    with pytest.raises(InputError, match=r"pe\.py: cannot be read"):
        identities.refuse_changed()


def test_a_file_that_is_gone_is_one_error(folder: Path) -> None:
    machine = load_architecture(folder / "chip.yaml")
    (folder / "code" / "policy.py").unlink()
    with pytest.raises(InputError, match=r"policy\.py: cannot be read"):
        architecture_sha256(machine)
