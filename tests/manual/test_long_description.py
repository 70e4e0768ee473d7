"""The wheel's long description: one setting says where the project lives, and links follow it."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest

from o3sim.cli.manual.pages import find_page
from scripts.manual import ROOT

HOME = "https://example.org/o3sim"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hook, which its builder brings a base class for."""
    base = ModuleType("hatchling.metadata.plugin.interface")
    base.MetadataHookInterface = object  # type: ignore[attr-defined]
    for name in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, base.__name__, base)
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(build: Any, **project: Any) -> str:
    hook = build.LongDescription()
    hook.root = str(ROOT)
    hook.update(project)
    assert project["readme"]["content-type"] == "text/markdown"
    return str(project["readme"]["text"])


def test_where_no_home_is_known_links_name_pages_that_are_there(build: Any) -> None:
    text = described(build)
    assert not re.search(r"\]\((?!https?:)", text)
    named = re.findall(r"`o3sim docs ([\w/-]+)`\)", text)
    assert len(named) > 20
    assert all(find_page(name) for name in named)


def test_with_a_home_every_link_is_of_it(build: Any) -> None:
    text = described(build, urls={"Repository": f"{HOME}/"})
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert f"{HOME}/raw/HEAD/docs/figures/timeline.png" in links
    assert all(link.startswith("https://") for link in links)
    for link in links:
        path = link.removeprefix(f"{HOME}/blob/HEAD/").removeprefix(f"{HOME}/raw/HEAD/").partition("#")[0]
        assert (ROOT / path).exists() or not link.startswith(HOME), link


def test_the_home_is_one_setting() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["readme"]
    assert project["tool"]["hatch"]["metadata"]["hooks"] == {"custom": {}}
