"""Read one YAML file safely: plain values by YAML 1.2's rules, with the position of each.

PyYAML's safe loader only parses here; nothing is constructed by tag. Its YAML 1.1 scalars are
replaced because they surprise people: ``on``, ``yes`` and ``no`` are strings, ``010`` is ten and
``1e3`` is a number.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml

from o3sim.config.marks import Document, KeyPath, Mark, Marks, Problem
from o3sim.errors import ConfigError, InputError
from o3sim.files.foreign import foreign
from o3sim.files.inputs import open_input

MAX_BYTES = 1_000_000
"""Far above any configuration; a file given by mistake (weights, images) is refused unread."""
MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Bounds what aliases can blow a small file up to."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = {  # YAML 1.2 core schema, section 10.3.2
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
_UNPRINTABLE = re.compile(r"[^\x09\x0A\x0D\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at import
    """The safe loader (in C where PyYAML was built with it) with YAML 1.2 scalars."""


class _Dumper(yaml.SafeDumper):
    """The safe dumper, quoting what :class:`_Loader` would not read back as a string."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (overrides PyYAML's)
        """Write every value out: expanded files hold no references."""
        return True


for _class in (_Loader, _Dumper):
    _class.yaml_implicit_resolvers = {}
    for _kind, (_pattern, _firsts) in _SCALARS.items():
        _class.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _firsts)


def dump_yaml(data: Any) -> str:
    """Write plain values as YAML that :func:`read_yaml` reads back unchanged, keys in their order."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def read_yaml(path: Path) -> Document:
    """Read a YAML file whose top is a mapping.

    Parameters
    ----------
    path : Path
        The file, named in positions the way it is given here.

    Returns
    -------
    Document
        Duplicate keys, tags and the like are listed in its ``problems``.

    Raises
    ------
    ConfigError
        If the file cannot be read, or is no YAML mapping.
    """
    text = _read_text(path)
    try:
        _check_depth(text, path)
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([str(_syntax_problem(error, text, path))]) from None
    if node is None:
        raise ConfigError([f"{path}:1:1: the file is empty"])
    builder = _Builder(str(path))
    data = builder.build(node, (), None)
    if not isinstance(data, dict):
        raise ConfigError([f"{builder.marks[()].value}: expected a mapping of keys, found {describe(data)}"])
    return Document(data, builder.marks, builder.problems, [str(path)])


def read_scalar(text: str) -> Any:
    """Read one number, word, switch or nothing as it would be read from a file.

    Raises
    ------
    InputError
        If it is no YAML, or a mapping or a list.

    Examples
    --------
    >>> read_scalar("32"), read_scalar("true"), read_scalar("'32'"), read_scalar("on")
    (32, True, '32', 'on')
    """
    if _UNPRINTABLE.search(text):
        raise InputError("holds a character that is not text")
    builder = _Builder("")
    try:
        if any(isinstance(event, yaml.CollectionStartEvent) for event in yaml.parse(text, _Loader)):
            raise InputError("expected one value, found a mapping or a list; quote text that looks like one")
        node = yaml.compose(text, _Loader)
        value = None if node is None else builder.build(node, (), None)
    except yaml.YAMLError:
        raise InputError("is not a value of YAML; quote text that looks like something else") from None
    for problem in builder.problems:
        raise InputError(problem.what)
    return value


def describe(value: Any) -> str:
    """Say what a value is, for messages.

    >>> describe("on"), describe(None), describe(3)
    ('`on`', 'nothing', 'the number 3')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"`{value if len(value) <= 60 else value[:57] + '...'}`"


def _read_text(path: Path) -> str:
    other = foreign(path)
    if other and path.exists():
        raise ConfigError([f"{path}: {other}"])
    try:
        with open_input(path) as stream:
            raw = stream.read(MAX_BYTES + 1)
    except InputError as error:
        raise ConfigError([str(error)]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([f"{path}: larger than {MAX_BYTES} bytes, so not a configuration"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise ConfigError([f"{_mark_after(before, path)}: not UTF-8 text (a binary file?)"]) from None
    found = _UNPRINTABLE.search(text)
    if found:
        where = _mark_after(text[: found.start()], path)
        raise ConfigError([f"{where}: character U+{ord(found[0]):04X} is not text (a binary file?)"])
    return text


def _check_depth(text: str, path: Path) -> None:
    """Refuse deep nesting before the composer sees it: PyYAML's recurses in C and crashes Python."""
    depth = 0
    event: Any
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark = Mark(str(path), event.start_mark.line + 1, event.start_mark.column + 1)
            raise ConfigError([f"{mark}: nested more than {MAX_DEPTH} levels deep"])


def _mark_after(before: str, path: Path) -> Mark:
    line = before.count("\n")
    return Mark(str(path), line + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, path: Path) -> Problem:
    lines = text.rstrip().split("\n")
    mark = error.problem_mark
    if mark is None or (mark.line >= len(lines) and error.context_mark):
        mark = error.context_mark  # the file ends too early: what was open says more
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    here = lines[line]
    what = ", ".join(str(part) for part in (error.problem, error.context) if part)
    if "\t" in here[: column + 1]:
        column = here.index("\t")
        what = "a tab where YAML wants spaces"
    return Problem(Mark(str(path), line + 1, column + 1), (), f"not valid YAML: {what}")


class _Builder:
    """Turns parsed nodes into plain values, noting where each stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[KeyPath, Marks] = {}
        self.problems: list[Problem] = []

    def build(self, node: Any, path: KeyPath, key_mark: Mark | None) -> Any:
        """Return the value of `node`, which stands at `path`."""
        mark = self._mark(node)
        if len(path) > MAX_DEPTH or len(self.marks) >= MAX_VALUES:
            limit = f"{MAX_DEPTH} levels" if len(path) > MAX_DEPTH else f"{MAX_VALUES} values"
            raise ConfigError([f"{mark}: more than {limit}, aliases written out"])
        self.marks[path] = Marks(key_mark or mark, mark)
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, "map", path)
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "seq", path)
            return [self.build(item, (*path, i), None) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = self._mark(key_node)
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != _TAG + "str":
                self.problems.append(Problem(mark, path, "keys have to be words; quote this one"))
            elif key in data:
                first = self.marks[(*path, key)].key
                self.problems.append(Problem(mark, (*path, key), f"given twice, first in line {first.line}"))
            else:
                data[key] = self.build(value_node, (*path, key), mark)
        return data

    def _scalar(self, node: Any, path: KeyPath) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        try:
            value = _VALUES[kind](text)
        except (KeyError, ValueError):
            what = f"tag `{node.tag.replace(_TAG, '!!')}` does not fit here" if kind not in _VALUES else None
            self._problem(node, path, what or f"`{text[:60]}` is not of the tag's kind")
            return text
        too_large = kind == "int" and not -(2**63) <= value < 2**63
        if too_large or (kind == "float" and math.isinf(value) and "inf" not in text.lower()):
            self._problem(node, path, "number too large")
        return value

    def _check_tag(self, node: Any, kind: str, path: KeyPath) -> None:
        if node.tag != _TAG + kind:
            self._problem(node, path, f"tag `{node.tag.replace(_TAG, '!!')}` does not fit here")

    def _problem(self, node: Any, path: KeyPath, what: str) -> None:
        self.problems.append(Problem(self._mark(node), path, what))

    def _mark(self, node: Any) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _integer(text: str) -> int:
    digits = text.lower()
    if len(digits) > 100:  # int() itself is quadratic, and refuses beyond 4,300 digits
        return 2**63
    return int(digits, {"0x": 16, "0o": 8}.get(digits[:2], 10))


_VALUES: dict[str, Any] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": _integer,
    "float": lambda text: float(re.sub(r"\.(inf|nan)$", r"\1", text.lower())),
    "str": str,
}
