"""Build the site: pages of ``docs/``, those that o3sim makes of itself, and what they link to outside.

Pages are plain Markdown that reads well in a repository and a terminal, so what only a site needs is added to
copies: tables of contents come from lists of links on the front page, files outside ``docs/`` become pages.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from typer.main import get_command

from o3sim.cli.app import app
from o3sim.cli.manual.pages import FRONT, MADE, page_text
from scripts.manual import ROOT
from scripts.manual.api_page import api_page
from scripts.manual.footnotes import with_footnotes
from scripts.manual.terms import as_directive, linked, terms_of

HERE = Path(__file__).parent

LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(#[^)\s]*)?(?=\))")
"""Target and heading of a link within the repository."""

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_PAGE = re.compile(r"\]\(([\w/.-]+)\.md\)")

MADE_IN = "Reference"
"""The section of the front page whose table of contents has the pages that are made."""

GLOSSARY = "docs/glossary.md"

_LEXERS = {".py": "python", ".yaml": "yaml", ".json": "json", ".md": "markdown", ".sh": "sh"}


def build(site: Path, source: Path) -> int:
    """Build the site into a folder, with any warning an error; return the exit status of Sphinx."""
    for folder in (site, source):
        shutil.rmtree(folder, ignore_errors=True)
    write_source(source)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto", "-b", "html"]
    return subprocess.run([*command, "-c", HERE, source, site], check=False).returncode  # noqa: S603 - as above


def write_source(source: Path) -> None:
    """Write what Sphinx reads."""
    docs = ROOT / "docs"
    shutil.copytree(docs, source, ignore=shutil.ignore_patterns("*.md", "__pycache__"))
    waiting = [page.relative_to(ROOT).as_posix() for page in sorted(docs.rglob("*.md"))]
    written: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in written:
            written.add(path)
            waiting += _write_page(source, path)
    for name in MADE:
        _write(source / f"{name}.md", page_text(name, get_command(app)))
    _write(source / "reference" / "api.md", api_page())


def _write_page(source: Path, path: str) -> Iterator[str]:
    """Write a file of the repository as a page; yield the files outside ``docs/`` that it links to."""
    file, place = ROOT / path, place_of(path)
    if file.suffix == ".md":
        text = mended(file.read_text(encoding="utf-8"), path)
        links = targets(file.read_text(encoding="utf-8"), path)
        text = as_directive(text) if path == GLOSSARY else linked(with_footnotes(text), _terms())
        yield from (link for link in links if not link.startswith("docs/") or (ROOT / link).is_dir())
    else:
        text = _listing(path)
    if path == f"docs/{FRONT}.md":
        text += contents(text)
    elif file.name == "README.md" and path.startswith("docs/"):
        text += _table_of_contents("", _PAGE.findall(text))
    elif not path.startswith("docs/") or file.is_dir():
        text = f"---\norphan: true\n---\n\n{text}"
    _write(source / place, text)


def place_of(path: str) -> str:
    """Return where a file of the repository is in the site's source.

    >>> place_of("docs/studies/banks.md"), place_of("SECURITY.md"), place_of("o3sim/area.py")
    ('studies/banks.md', 'project/SECURITY.md', 'source/o3sim/area.py.md')
    """
    if path.startswith("docs/") and (ROOT / path).is_file():
        return path.removeprefix("docs/")
    return f"project/{path}" if path.endswith(".md") else f"source/{path}.md"


def targets(text: str, path: str) -> list[str]:
    """Return the files of the repository that a page links to."""
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, target)) for target, _ in LINK.findall(text)]


def mended(text: str, path: str) -> str:
    """Return a page with its links as they are in the site."""
    folder, here = posixpath.dirname(path), posixpath.dirname(place_of(path))

    def mend(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        return posixpath.relpath(place_of(target), here or ".") + (link[2] or "")

    return LINK.sub(mend, text)


def contents(front: str) -> str:
    r"""Return the tables of contents: one for each section of the front page, of the pages it links to.

    >>> print(contents("## How to\n* [Run](run.md): x\n"))
    <BLANKLINE>
    ```{toctree}
    :hidden:
    :caption: How to
    <BLANKLINE>
    run
    ```
    <BLANKLINE>
    """
    parts = _SECTION.split(front)[1:]
    made = [*MADE, "reference/api"]
    tables = []
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        pages = list(dict.fromkeys([*_PAGE.findall(text), *(made if title == MADE_IN else [])]))
        if pages:
            tables.append(_table_of_contents(f":caption: {title}\n", pages))
    return "".join(tables)


def _table_of_contents(caption: str, pages: Sequence[str]) -> str:
    """Return pages for Sphinx; those in other folders are in another table."""
    listed = "\n".join(dict.fromkeys(page for page in pages if not page.startswith("..")))
    return f"\n```{{toctree}}\n:hidden:\n{caption}\n{listed}\n```\n"


@cache
def _terms() -> dict[str, str]:
    return terms_of((ROOT / GLOSSARY).read_text(encoding="utf-8"))


def _listing(path: str) -> str:
    """Return a page with a file of the repository, or with all of a folder."""
    at = ROOT / path
    files = [at] if at.is_file() else sorted(file for file in at.iterdir() if file.suffix in _LEXERS)
    parts = [f"# `{path}`"]
    for file in files:
        if at.is_dir():
            parts.append(f"## `{file.name}`")
        parts.append(f"`````{_LEXERS.get(file.suffix, 'text')}\n{file.read_text(encoding='utf-8')}`````")
    return "\n\n".join(parts) + "\n"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
