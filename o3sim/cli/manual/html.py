"""The manual as plain HTML pages that need nothing: what an installed o3sim shows in a browser."""

from __future__ import annotations

import re
import tempfile
import webbrowser
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.cli.manual.pages import FRONT, manual_folder, page_names, page_text, page_titles
from o3sim.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 75rem;
  display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 2rem; }
nav { font-size: 85%; overflow-wrap: anywhere; } nav a { display: block; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border: 1px solid #8888; padding: .2rem .5rem; text-align: left; vertical-align: top; }
pre { overflow-x: auto; background: #8882; padding: .6rem; } img { max-width: 100%; }
@media (max-width: 50rem) { body { display: block; } }
"""

_BESIDE = (".png", ".svg", ".yaml", ".py", ".json")
"""Files of the manual that pages show or lead to."""

_DIRECTIVE = re.compile(r"^\{\w+\}")


def temporary_folder() -> Path:
    """Make a folder for pages that are only looked at."""
    return Path(tempfile.mkdtemp(prefix="o3sim-docs-"))


def open_page(target: Path) -> None:
    """Open a page in the browser, if there is one."""
    webbrowser.open(target.absolute().as_uri())


def write_pages(folder: Path, command: Any) -> None:
    """Write every page as HTML, and what pages show or link to beside them."""
    titles = page_titles()
    for name in page_names():
        _write(folder / f"{name}.html", page_html(name, page_text(name, command), titles))
    for file in manual_folder().rglob("*"):
        if file.suffix in _BESIDE and not file.name.startswith("_"):
            _write(folder / file.relative_to(manual_folder()), file.read_bytes())


def _write(target: Path, content: str | bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, content)


def page_html(name: str, text: str, titles: dict[str, str]) -> str:
    """Return a page as HTML, beside a list of all pages."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    _name_headings(tokens)
    _mend_links(tokens, name)
    up = "../" * name.count("/")
    order = [FRONT, *(each for each in titles if each != FRONT)]
    listed = "\n".join(f'<a href="{up}{each}.html">{escape(titles[each])}</a>' for each in order)
    body = parser.renderer.render(_without_directives(tokens), parser.options, {})
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{escape(titles[name])} - o3sim</title>\n"
        f'<meta name="viewport" content="width=device-width"><style>\n{_STYLE}</style></head>\n'
        f"<body><nav>\n{listed}\n</nav><main>\n{body}</main></body></html>\n"
    )


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give headings the names that links use."""
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor_of(inline.content))


def anchor_of(heading: str) -> str:
    """Return the name of a heading in links, as repositories make it.

    >>> anchor_of("Near enough: `--tolerance`")
    'near-enough---tolerance'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _mend_links(tokens: Sequence[Token], name: str) -> None:
    """Lead links to pages to their HTML; take those away that lead out of the manual."""
    depth = name.count("/")
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrGet("href"))
            if target.count("../") > depth:  # into the source
                token.attrs.pop("href")
            elif "://" not in target:
                token.attrSet("href", re.sub(r"\.md(?=#|$)", ".html", target))
        if token.children:
            _mend_links(token.children, name)


def _without_directives(tokens: Sequence[Token]) -> list[Token]:
    """Leave out what only the builder of the site reads: all pages are listed beside."""
    return [token for token in tokens if not (token.type == "fence" and _DIRECTIVE.match(token.info.strip()))]
