"""Changes of text files: YAML, JSON, lines of JSON, tables and traces; and of any bytes."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import yaml

from scripts.fuzzing import odd, trees

TAGS = (
    "!!python/object/apply:os.getcwd []",
    "!!python/name:os.getcwd",
    "!!binary aGVsbG8=",
    "!!set {a, b}",
    "!!timestamp 2001-01-01",
    "!!int abc",
    "!!float x",
    "!!omap [a: 1]",
    "!mine 1",
    "*missing",
    "&a [*a]",
    "!!str [1]",
    "!!null x",
    "!!bool 2",
    "2001-02-30",
    "0o9",
    "1_000",
    "? [a]",
    "<<",
    ">\n  folded",
    "|\n  kept",
    "'\n",
    '"\\ud800"',
    '"\\x1b[31m"',
    "%YAML 9.9",
    "---\n- 1",
)


def yaml_file(raw: bytes, random: Random) -> bytes:
    """Change values or keys of a YAML file; now and then its text."""
    if random.random() < 0.15:
        return _yaml_text(raw.decode(), random).encode("utf-8", "surrogatepass")
    tree = _changed(yaml.safe_load(raw), random)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=random.random() < 0.5).encode(
        "utf-8", "surrogatepass"
    )


def _yaml_text(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    key, colon, _ = lines[at].partition(":")
    changes = (
        lambda: lines.insert(at, lines[at]),  # a key twice
        lambda: lines.__setitem__(at, f"{key}{colon} {random.choice(TAGS)}\n"),
        lambda: lines.insert(at, random.choice(TAGS) + "\n"),
        lambda: lines.insert(0, _aliases(random.choice((3, 9, 30)))),
        lambda: lines.__setitem__(at, "\t" + lines[at]),
        lambda: lines.insert(at, f"key{random.randrange(99)}: &a {{b: 1}}\n<<: *a\n"),
        lambda: lines.extend(f"unknown{i}: 1\n" for i in range(random.choice((1, 60, 3000)))),
        lambda: lines.__setitem__(at, "[" * random.choice((10, 200, 5000)) + lines[at]),
        lambda: lines.insert(at, "\x00\x1b\u2028"),
        lambda: lines.insert(0, "\ufeff"),
    )
    random.choice(changes)()
    return "".join(lines)


def _aliases(levels: int) -> str:
    """Aliases of aliases: ten times as many entries a level."""
    steps = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels)]
    return "a0: &a0 [1]\n" + "".join(steps)


def json_file(raw: bytes, random: Random) -> bytes:
    """Change values or keys of a JSON file; now and then its text."""
    text = raw.decode()
    if random.random() < 0.2:
        at = random.randrange(len(text))
        what = ("[" * 100_000, '{"a":' * 2000, "NaN", "9" * 5000, "1e999", '"\\ud800"', "\x00", ",", "}", '"')
        return (text[:at] + random.choice(what) + text[at:]).encode("utf-8", "surrogatepass")
    return json.dumps(_changed(json.loads(text), random), default=str).encode()


def _changed(tree: Any, random: Random) -> Any:
    change = trees.nudged if random.random() < 0.6 else trees.mutated
    for _ in range(random.choice((1, 1, 2, 3))):
        tree = change(tree, random)
    return tree


def json_lines(raw: bytes, random: Random) -> bytes:
    """Change one line of JSON lines, or the order of lines."""
    lines = raw.splitlines(keepends=True)
    at = random.randrange(len(lines))
    if random.random() < 0.3:
        return b"".join(_moved(lines, at, random))
    lines[at] = json_file(lines[at], random) + b"\n"
    return b"".join(lines)


def _moved(lines: list[bytes], at: int, random: Random) -> list[bytes]:
    line = lines.pop(at)
    if random.random() < 0.7:
        lines.insert(random.randrange(len(lines) + 1), line)
    if random.random() < 0.5:
        lines.insert(random.randrange(len(lines) + 1), line)
    return lines


def table(raw: bytes, random: Random) -> bytes:
    """Change cells, columns or lines of a table of commas."""
    rows = [line.split(b",") for line in raw.splitlines()]
    for _ in range(random.choice((1, 1, 2, 5))):
        row = random.choice(rows)
        at = random.randrange(len(row))
        changes = (
            lambda row=row, at=at: row.__setitem__(at, _cell(random)),
            lambda row=row, at=at: row.__setitem__(at, _cell(random)),
            lambda row=row, at=at: row.pop(at) if len(row) > 1 else None,
            lambda row=row, at=at: row.insert(at, _cell(random)),
            lambda at=at: [each.pop(at) for each in rows if len(each) > max(at, 1)],
            lambda row=row, at=at: row.__setitem__(at, row[0]),
            lambda row=row, at=at: row.__setitem__(at, b'"' + row[at]),
        )
        random.choice(changes)()
    lines = [b",".join(row) + b"\n" for row in rows]
    return b"".join(_moved(lines, random.randrange(len(lines)), random) if random.random() < 0.2 else lines)


def _cell(random: Random) -> bytes:
    return str(_shortened(odd.scalar(random))).encode("utf-8", "surrogatepass")


def _shortened(value: Any) -> Any:
    return value if not isinstance(value, int) or value < 10**30 else "1" + "0" * 30


def trace(raw: bytes, random: Random) -> bytes:
    """Change words of lines of a trace, or lines."""
    lines = raw.splitlines(keepends=True)
    for _ in range(random.choice((1, 1, 3))):
        at = random.choice((0, 1, random.randrange(len(lines)), random.randrange(len(lines)))) % len(lines)
        words = lines[at].split(b" ")
        word = random.randrange(len(words))
        words[word] = random.choice((_cell(random), words[word] + b"0", b"-" + words[word], b"", words[0]))
        lines[at] = b" ".join(words)
        if random.random() < 0.2:
            lines = _moved(lines, at, random)
    return b"".join(lines)


def any_bytes(raw: bytes, random: Random) -> bytes:
    """Flip, cut, repeat or overwrite bytes."""
    content = bytearray(raw)
    at = random.randrange(len(content) + 1)
    kind = random.randrange(6)
    if kind == 0:
        return bytes(content[:at])
    if kind == 1:
        content[at:at] = random.randbytes(random.choice((1, 4, 100)))
    elif kind == 2:
        del content[at : at + random.choice((1, 8, 100))]
    elif kind == 3:
        number = random.choice((0, 1, 2**31 - 1, 2**32 - 1, random.getrandbits(32)))
        content[at : at + 4] = number.to_bytes(4, random.choice(("little", "big")))
    elif kind == 4:
        content = content[:at] + content[: random.randrange(len(content) + 1)]
    else:
        for _ in range(random.choice((1, 1, 3, 20))):
            if content:
                content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)
