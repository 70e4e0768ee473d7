"""What pages show is what comes out: quick blocks are run here, all by `sh scripts/docs --execute`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.manual import ROOT
from scripts.manual.blocks import blocks_of
from scripts.manual.execute import DifferentError, run_page

ELSEWHERE = {
    "docs/api.md": "tests/test_api_page.py",
    "docs/extending.md": "tests/test_extending_page.py",
    "docs/importing.md": "tests/formats/importers/test_importing_page.py",
    "docs/workload.md": "tests/network/test_workload_page.py",
}
"""Pages whose blocks have a test of their own, which asks for more."""


def pages() -> list[str]:
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    with_blocks = (page.relative_to(ROOT).as_posix() for page in found if blocks_of(page))
    return [page for page in with_blocks if page not in ELSEWHERE]


@pytest.mark.parametrize("page", pages())
def test_a_page_shows_what_comes_out(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page == "docs/tutorials/notebook.md":
        pytest.importorskip("pandas", reason="needs the extra `frames`")
    monkeypatch.setenv("COLUMNS", "80")
    run_page(ROOT / page, tmp_path)


def test_pages_with_tests_of_their_own_have_them() -> None:
    assert all((ROOT / page).is_file() and (ROOT / test).is_file() for page, test in ELSEWHERE.items())


def written(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    (folder / "here").mkdir()
    return page


def test_another_output_is_found(tmp_path: Path) -> None:
    page = written(tmp_path, "x\n\n```console\n$ o3sim example low-voltage\nname: other\n```\n")
    with pytest.raises(
        DifferentError, match=r"page.md:3: \$ o3sim example low-voltage\n-- the page has\nname: other"
    ):
        run_page(page, tmp_path / "here")


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ o3sim show nothing\n```\n",
        "```console\n$ false\n```\n",
        "```python\nprint(1 + 1)  # -> 3\n```\n",
    ],
)
def test_what_fails_is_found(block: str, tmp_path: Path) -> None:
    with pytest.raises(DifferentError):
        run_page(written(tmp_path, block), tmp_path / "here")


def test_blocks_run_in_one_folder_in_their_order(tmp_path: Path) -> None:
    text = (
        "```yaml mine.yaml\nextends: o3bnn\n```\n"
        "<!-- run: echo 'clock_mhz: 7' >> mine.yaml -->\n"
        "```console\n$ o3sim show \\\n    mine.yaml > shown.yaml\n"
        "$ grep mhz shown.yaml\nclock_mhz: 7.0\n```\n"
        "```python\nx = 6\n```\n"
        "<!-- not run: for a reason -->\n```console\n$ false\n```\n"
        "<!-- needs: data.npz -->\n```console\n$ false\n```\n"
        "<!-- slow -->\n```console\n$ false\n```\n"
        "```python\nprint(x * 7)  # -> ...2\n```\n"
    )
    left_out = run_page(written(tmp_path, text), tmp_path / "here")
    assert [line.partition(": ")[2] for line in left_out] == ["for a reason", "needs data.npz", "slow"]


STUDY = '<!-- slow -->\n```sh\nfor n in 1 2; do echo "| $n | x |"; done # as many\n```\n\n{0}\nMore.\n'


@pytest.mark.parametrize(
    "behind", ["| 1 | x |\n| 2 | x |\n", "```text\n| 2 | x |\n```\n", "", "Text: | 3 |\n"]
)
def test_what_stands_behind_a_script_is_printed_by_it(tmp_path: Path, behind: str) -> None:
    page = written(tmp_path, STUDY.format(behind))
    assert run_page(page, tmp_path / "here", slow=True) == []
    assert run_page(page, tmp_path / "here") == ["page.md:2: slow"]


@pytest.mark.parametrize("behind", ["| 1 | x |\n| 3 | x |\n", "```text\n| 1 | x\n```\n"])
def test_what_a_script_does_not_print_is_found(tmp_path: Path, behind: str) -> None:
    with pytest.raises(DifferentError, match=r"page.md:2: not printed:\n\| [31] \| x"):
        run_page(written(tmp_path, STUDY.format(behind)), tmp_path / "here", slow=True)


def test_a_script_that_fails_is_found(tmp_path: Path) -> None:
    page = written(tmp_path, "<!-- slow -->\n```sh\nfalse\ntrue\n```\n")
    with pytest.raises(DifferentError, match="status 1"):
        run_page(page, tmp_path / "here", slow=True)


def test_scripts_of_the_repository_are_run_in_the_environment_that_is_there(tmp_path: Path) -> None:
    page = written(tmp_path, "<!-- slow -->\n```sh\nsh scripts/study || true  # a comment\n```\n")
    assert run_page(page, tmp_path / "here", slow=True) == []
    wrong = written_again(page, "<!-- slow -->\n```sh\nsh scripts/study none\n```\n")
    with pytest.raises(DifferentError, match="usage: sh scripts/study NAME"):
        run_page(wrong, tmp_path / "here", slow=True)


def written_again(page: Path, text: str) -> Path:
    page.write_text(text)
    return page


def test_every_script_of_a_study_is_run_or_says_why_not() -> None:
    for page in sorted((ROOT / "docs" / "studies").glob("*.md")):
        scripts = page.read_text().count("\n```sh\n")
        assert len([block for block in blocks_of(page) if block.language == "sh"]) == scripts, page.name


def test_outputs_are_brought_up_to_date(tmp_path: Path) -> None:
    text = "```console\n$ o3sim show o3bnn > m.yaml\n$ o3sim validate m.yaml\nm.yaml: {0}\n```\n"
    page = written(tmp_path, text.format("old words"))
    run_page(page, tmp_path / "here", update=True)
    assert page.read_text() == text.format("valid architecture")


def test_an_error_that_nobody_expected_is_not_written_into_a_page(tmp_path: Path) -> None:
    page = written(tmp_path, "```console\n$ o3sim validate none.yaml\nnone.yaml: valid\n```\n")
    with pytest.raises(DifferentError):
        run_page(page, tmp_path / "here", update=True)
    assert "none.yaml: valid" in page.read_text()
