"""What may stand for an argument or the value of an option, for the shell to complete."""

from __future__ import annotations

from collections.abc import Iterable

Candidates = list[tuple[str, str]]
"""Each with a few words on it, which may be none."""


def architectures(incomplete: str) -> Candidates:
    """Return the shipped architectures that begin so."""
    from o3sim.config.catalog import described

    return _beginning(described("architecture").items(), incomplete)


def workloads(incomplete: str) -> Candidates:
    """Return the shipped workloads that begin so."""
    from o3sim.config.catalog import described

    return _beginning(described("workload").items(), incomplete)


def shipped(incomplete: str) -> Candidates:
    """Return architectures and workloads."""
    return architectures(incomplete) + workloads(incomplete)


def several_architectures(incomplete: str) -> Candidates:
    """Return architectures for the last of a list with commas."""
    before, last = _last(incomplete)
    return [(f"{before}{name}", says) for name, says in architectures(last)]


def controls(incomplete: str) -> Candidates:
    """Return the controls that begin so."""
    from o3sim.config.controls import CONTROLS

    return _beginning({name: control.description for name, control in CONTROLS.items()}.items(), incomplete)


def several_controls(incomplete: str) -> Candidates:
    """Return controls for the last of a list with commas."""
    before, last = _last(incomplete)
    return [(f"{before}{name}", says) for name, says in controls(last)]


def settings(incomplete: str) -> Candidates:
    """Return architecture keys with the ``=`` after them; behind that the words that the key may be."""
    from o3sim.cli.model_keys import keys_of
    from o3sim.config.architecture import Architecture

    keys = [key for key in keys_of(Architecture) if "[" not in key.name]
    name, equals, _ = incomplete.partition("=")
    if equals:
        values = (f"{name}={choice}" for key in keys if key.name == name for choice in key.choices)
        return _beginning(((value, "") for value in values), incomplete)
    return _beginning(((f"{key.name}=", key.says) for key in keys), incomplete)


def trace_formats(incomplete: str) -> Candidates:
    """Return the formats that traces are written in."""
    from o3sim.trace.registry import format_names

    return _beginning(((name, "") for name in format_names()), incomplete)


def engines(incomplete: str) -> Candidates:
    """Return the engines."""
    from o3sim.runs.engines import ENGINES

    return _beginning(((name, "") for name in ENGINES), incomplete)


def schemas(incomplete: str) -> Candidates:
    """Return the kinds of configuration files that have a schema."""
    from o3sim.cli.schema_files import MODELS

    return _beginning(((name, "") for name in MODELS), incomplete)


def pages(incomplete: str) -> Candidates:
    """Return the pages of the manual."""
    from o3sim.cli.manual.pages import page_titles

    return _beginning(page_titles().items(), incomplete)


def examples(incomplete: str) -> Candidates:
    """Return the shipped examples."""
    from o3sim.config.examples import examples as listed

    return _beginning(listed().items(), incomplete)


def _last(listed: str) -> tuple[str, str]:
    before, comma, last = listed.rpartition(",")
    return f"{before}{comma}", last


def _beginning(candidates: Iterable[tuple[str, str]], incomplete: str) -> Candidates:
    return [(name, says) for name, says in candidates if name.startswith(incomplete)]
