"""The site, as far as it can be seen without Sphinx: links that lead on, questions that are answered."""

from __future__ import annotations

import doctest
import posixpath
import re
from importlib import import_module
from pathlib import Path

import pytest

from o3sim.cli.manual.pages import MADE, page_names
from scripts.manual import ROOT
from scripts.manual.site import contents, mended, targets, write_source

FRONT = (ROOT / "docs" / "index.md").read_text()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    write_source(folder)
    return folder


def linked(page: str) -> set[str]:
    """Return the pages that a page of the manual links to, by name."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    return {target.removeprefix("docs/").removesuffix(".md") for target in targets(text, f"docs/{page}.md")}


def test_every_page_is_two_clicks_from_the_front_page_at_most() -> None:
    once = linked("index") | set(MADE)
    twice = once.union(*(linked(page) for page in once - set(MADE)))
    assert set(page_names()) - {"index"} <= twice


def test_every_link_of_the_site_leads_to_a_page_or_a_file(source: Path) -> None:
    for page in source.rglob("*.md"):
        if "source" in page.relative_to(source).parts:
            continue  # files of the repository as they are
        for target in re.findall(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)", page.read_text()):
            assert (page.parent / target).is_file(), f"{page.relative_to(source)}: {target}"


def test_links_out_of_the_manual_lead_to_pages_of_what_is_there() -> None:
    text = "[a](../o3sim/area.py) [b](results.md#the-run) [c](../SECURITY.md) [d](examples) [e](#here)"
    assert mended(text, "docs/figures.md") == (
        "[a](source/o3sim/area.py.md) [b](results.md#the-run) [c](project/SECURITY.md)"
        " [d](source/docs/examples.md) [e](#here)"
    )
    assert mended("[a](docs/scale.md)", "SECURITY.md") == "[a](../scale.md)"


def test_the_contents_have_the_sections_of_the_front_page_and_the_pages_that_are_made() -> None:
    tables = contents(FRONT)
    assert re.findall(r":caption: (.*)", tables) == ["Tutorials", "How to", "Reference", "Explanation"]
    assert {*MADE, "reference/api", "tutorials/first-hour", "machine", "running"} <= set(tables.split())


QUESTIONS = {
    "How do I change the number of PEs?": ("tutorials/first-hour", "--set pe.count=8"),
    "What is operand_stall?": ("results", "`pe_cycles.operand_stall`"),
    "What is a verdict?": ("glossary", "\nverdict\n  what a PE knows"),
    "How do I run my own network?": ("tutorials/own-network", "o3sim import npz"),
    "How do I import an ONNX model?": ("importing", "o3sim import onnx"),
    "How do I get the figures into pandas?": ("tutorials/notebook", "to_frame()"),
    "Which columns does results.csv have?": ("reference/columns", "## `results.csv`"),
    "What does pe.contexts mean?": ("reference/keys", "`pe.contexts`"),
    "What are all options of o3sim sweep?": ("reference/commands", "## o3sim sweep"),
    "How do I go on with an interrupted sweep?": ("sweeps", "--resume"),
    "How do I use several cores?": ("running", "`--jobs N`"),
    "How do I run on SLURM?": ("scale", "--cluster"),
    "How long will a run take?": ("running", "--dry-run"),
    "Where did the cycles go?": ("explain", "o3sim explain"),
    "How do I look at a layer in Konata or Perfetto?": ("traces", "Konata"),
    "How do I keep results from changing?": ("golden", "o3sim_golden"),
    "What does an event cost, and who says so?": ("energy", "asic-45nm"),
    "What is o3bnn fairly compared with?": ("architecture", "## Controls"),
    "How do I add a scheduling policy?": ("extending", "Policy"),
    "How do I draw cycles over a key?": ("figures", "--by pe.count"),
    "What can be pruned at all?": ("profile", "decision index"),
    "How do I train a network that prunes well?": ("training", "o3sim train"),
    "What happens in which cycle?": ("machine", "Phases"),
    "How do I search for good machines?": ("explore", "objectives"),
}
"""What newcomers ask, the page that answers, and words of the answer."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_within_two_clicks(question: str, source: Path) -> None:
    page, words = QUESTIONS[question]
    assert words.lower() in (source / f"{page}.md").read_text().lower()
    tables = contents(FRONT).split()
    inside = posixpath.dirname(page) == "studies"
    assert page in tables or inside  # in the list beside every page: one click


def test_the_contract_names_its_tests_in_footnotes(source: Path) -> None:
    text, notes = (source / "machine.md").read_text().split("[^t1]: ", 1)
    assert "`test_" not in text
    assert len(re.findall(r"`test_\w+`", notes)) > 200


@pytest.mark.parametrize("name", ["blocks", "execute", "footnotes", "site", "terms"])
def test_examples_of_docstrings_hold(name: str) -> None:
    found = doctest.testmod(import_module(f"scripts.manual.{name}"))
    assert (found.failed, found.attempted > 0) == (0, True)
