"""The long description of the package: README.md, whose links lead on from wherever it is read.

``[project.urls]`` in pyproject.toml is the one place that says where the project lives. With a ``Repository``
there, links and pictures within README.md are of it; as long as it is not known, links name the command that
shows the page, and pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_MARK = re.compile(r"<!-- [^\n]* -->\n")
_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)]*)\)\n*")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)([^)]*)\)")
_PAGE = re.compile(r"docs/([\w/-]+?)(?:\.md)?/?(?:#.*)?")


class LongDescription(MetadataHookInterface):
    """Makes the long description of README.md."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put it among what is known of the project."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": long_description(text, repository)}


def long_description(readme: str, repository: str = "") -> str:
    """Return README.md with links that lead on.

    Parameters
    ----------
    readme : str
    repository : str
        Where the project lives; empty if that is not known.

    Examples
    --------
    >>> long_description("[runs](docs/running.md#images)", "https://example.org/o3sim")
    '[runs](https://example.org/o3sim/blob/HEAD/docs/running.md#images)'
    >>> long_description("![a](docs/a.png)", "https://example.org/o3sim/")
    '![a](https://example.org/o3sim/raw/HEAD/docs/a.png)'
    >>> long_description("![a](docs/a.png) [runs](docs/running.md#images), [security](SECURITY.md)")
    ' runs (`o3sim docs running`), security'
    """
    text = _MARK.sub("", readme)
    if not repository:
        return _LINK.sub(_named, _PICTURE.sub("", text))
    home = repository.rstrip("/")
    text = _LINK.sub(rf"[\1]({home}/blob/HEAD/\2)", text)
    return _PICTURE.sub(lambda found: _absolute(found, home), text)


def _absolute(picture: re.Match[str], home: str) -> str:
    behind = picture[0][len(picture[0].rstrip("\n")) :]
    return f"![{picture[1]}]({home}/raw/HEAD/{picture[2]}){behind}"


def _named(link: re.Match[str]) -> str:
    """Name the command that shows what a link leads to, if one does."""
    page = _PAGE.fullmatch(link[2])
    return f"{link[1]} (`o3sim docs {page[1]}`)" if page else link[1]
