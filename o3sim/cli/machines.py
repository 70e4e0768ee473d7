"""Architectures that commands are given, with what ``--set`` changes in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from o3sim.errors import ConfigError, InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


def load_machine(name: str, settings: Sequence[str] | None) -> Architecture:
    """Load an architecture and change what ``--set`` says.

    Raises
    ------
    InputError
        If there is no such architecture, or a key or value cannot be (``ConfigError``, if several).
    """
    from o3sim.config.load import load_architecture

    base = load_architecture(name)
    if not settings:
        return base
    from o3sim.config.with_changes import architecture_with

    with settings_named(settings):
        return architecture_with(base, changes_of(settings))


def changes_of(settings: Sequence[str] | None) -> dict[str, Any]:
    """Read settings ``KEY=VALUE``: values as they would stand in a YAML file.

    Raises
    ------
    InputError
        If a value is no scalar, or a key is there twice.
    """
    from o3sim.config.yaml_marks import read_scalar

    changes: dict[str, Any] = {}
    for setting in settings or ():
        key, _, text = setting.partition("=")
        if key in changes:
            raise InputError(f"--set {setting}: {key} is set already")
        try:
            changes[key] = read_scalar(text)
        except InputError as error:
            raise InputError(f"--set {setting}: {error}") from None
    return changes


@contextmanager
def settings_named(settings: Sequence[str]) -> Iterator[None]:
    """Say what is wrong with changes in terms of the options that asked for them."""
    from o3sim.config.with_changes import ChangeError

    by_key: Mapping[str, str] = {setting.partition("=")[0]: setting for setting in settings}
    try:
        yield
    except ChangeError as error:
        lines = [
            f"--set {by_key[refusal.key]}: {refusal.what}" if refusal.key else refusal.what
            for refusal in error.refusals
        ]
        raise InputError(lines[0]) if len(lines) == 1 else ConfigError(lines) from None


def changed(settings: Sequence[str] | None) -> str:
    """Say in a title how machines differ from those of their names.

    >>> changed(["pe.count=32"]), changed(None)
    (', pe.count=32', '')
    """
    return "".join(f", {setting}" for setting in settings or ())


def said(settings: Sequence[str] | None) -> str:
    r"""Say in a line how a machine differs from the one of its name; nothing if it does not.

    >>> said(["pe.count=32", "pruning.pooling=false"]), said(None)
    ('with pe.count=32, pruning.pooling=false\n', '')
    """
    return f"with {', '.join(settings)}\n" if settings else ""
