"""Pages of the manual by name: files of ``docs/`` without their suffix, and those made when asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from o3sim.cli.manual.columns import columns_page
from o3sim.cli.manual.commands import commands_page
from o3sim.cli.manual.keys import keys_page
from o3sim.config.catalog import shipped_folder, suggest
from o3sim.errors import InputError

MADE: dict[str, Callable[[Any], str]] = {
    "reference/commands": commands_page,
    "reference/keys": lambda _command: keys_page(),
    "reference/columns": lambda _command: columns_page(),
}
"""Pages that are made, each from the command line as Click has it."""

FRONT = "index"

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def manual_folder() -> Path:
    """Return the folder of the pages that are files."""
    return shipped_folder("docs")


def page_names() -> list[str]:
    """Return the names of all pages, sorted, those in folders last."""
    folder = manual_folder()
    files = (file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.md"))
    return sorted({*files, *MADE}, key=lambda name: (name.count("/"), name))


def page_titles() -> dict[str, str]:
    """Return the names of all pages with their titles."""
    return {name: _title(name) for name in page_names()}


def page_text(name: str, command: Any) -> str:
    """Return a page as Markdown.

    Parameters
    ----------
    name : str
        As :func:`page_names` has it; a page in a folder also by its last part, if no other has that.
    command : click.Command
        The command line, of which some pages are made.

    Raises
    ------
    InputError
        If there is no such page.
    """
    found = find_page(name)
    if found in MADE:
        return MADE[found](command)
    return (manual_folder() / f"{found}.md").read_text(encoding="utf-8")


def find_page(name: str) -> str:
    """Return the whole name of a page.

    Raises
    ------
    InputError
        If there is none of that name, or there are several.
    """
    known = page_names()
    wanted = name.removesuffix(".md").removeprefix("docs/")
    if wanted in known:
        return wanted
    within = [page for page in known if page.endswith(f"/{wanted}")]
    if len(within) == 1:
        return within[0]
    if within:
        raise InputError(f"page `{name}`: which of {', '.join(within)}?")
    parts = [*known, *(page.rsplit("/", 1)[-1] for page in known)]
    raise InputError(f"no page `{name}`{suggest(wanted, parts)}; `o3sim docs` lists them")


def _title(name: str) -> str:
    if name in MADE:
        return {"commands": "Commands", "keys": "Keys", "columns": "Columns"}[name.rsplit("/", 1)[-1]]
    with (manual_folder() / f"{name}.md").open(encoding="utf-8") as file:
        found = _TITLE.search(file.read(1_000))
    return found[1] if found else name
