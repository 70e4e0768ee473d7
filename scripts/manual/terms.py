"""Words of the glossary in the site: where a page first uses one, it leads there."""

from __future__ import annotations

import re

PLAIN = {
    *(
        "carousel",
        "context",
        "control",
        "counter",
        "cycle",
        "dispatch",
        "drain",
        "exact",
        "image",
        "issue",
        "map",
    ),
    *(
        "match",
        "member",
        "outcome",
        "patch",
        "peak",
        "pooling",
        "profile",
        "ready",
        "stage",
        "stall",
        "tap",
        "task",
    ),
    *("tile", "word", "workload", "architecture", "bounds", "padding", "channel", "leakage", "known"),
}
"""Words that are used in their plain sense, too, or head pages of their own: they are left as they stand."""

_ROW = re.compile(r"^\| (?!word \||---)([^|]+) \| (.+) \|$", re.MULTILINE)
_TABLE = re.compile(r"^\| word \|.*?(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
_PROTECTED = re.compile(
    r"^```.*?^```$|^<!--[^\n]*-->$|^#[^\n]*$|^\|[^\n]*$|`[^`\n]+`|!?\[[^\]]*\]\([^)]*\)",
    re.MULTILINE | re.DOTALL,
)
"""Code, headings, tables and links."""


def terms_of(glossary: str) -> dict[str, str]:
    r"""Return the words of the glossary's page with what they mean.

    >>> terms_of("| word | meaning |\n| --- | --- |\n| edge | one XNOR |\n")
    {'edge': 'one XNOR'}
    """
    return dict(_ROW.findall(glossary))


def as_directive(glossary: str) -> str:
    """Return the glossary's page with its table as what Sphinx can lead to."""
    terms = (f"{_without_note(term)}\n  {meaning}\n" for term, meaning in terms_of(glossary).items())
    listed = "\n".join(terms).replace("\\", "\\\\")
    return _TABLE.sub(lambda _: f"```{{glossary}}\n{listed}```\n", glossary)


def linked(text: str, terms: dict[str, str]) -> str:
    """Return a page in which the first use of each word leads to the glossary, but in tables and code.

    >>> linked("Edges of `edge`: an edge, edges.", {"edge": "one XNOR"})
    'Edges of `edge`: an {term}`edge`, edges.'
    >>> linked("All edges.", {"edge": "one XNOR"})
    'All {term}`edges <edge>`.'
    """
    wanted = {each for each in map(_without_note, terms) if each not in PLAIN}
    parts, end = [], 0
    for span in [*(match.span() for match in _PROTECTED.finditer(text)), (len(text), len(text))]:
        parts += [_with_links(text[end : span[0]], wanted), text[slice(*span)]]
        end = span[1]
    return "".join(parts)


def _with_links(text: str, wanted: set[str]) -> str:
    """Link words that are still wanted, and take those out."""
    if not wanted:
        return text
    longest_first = sorted(wanted, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b")

    def link(match: re.Match[str]) -> str:
        word = match[1]
        if word not in wanted:
            return match[0]
        wanted.remove(word)
        return f"{{term}}`{word}`" if match[0] == word else f"{{term}}`{match[0]} <{word}>`"

    return pattern.sub(link, text)


def _without_note(term: str) -> str:
    """Return a word without what tells it from others.

    >>> _without_note("dense (machine)")
    'dense'
    """
    return term.partition(" (")[0]
