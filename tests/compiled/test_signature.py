"""Whatever arrays a layer comes with, the engine is compiled once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.compiled.cycle import run_layer
from o3sim.network.layer import Pool
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile
from tests.compiled.engines import run_compiled
from tests.machine.harness import Log, architecture, conv, dense, random_profile
from tests.machine.strategies import Case, StageCase

Remake = Callable[[NDArray[Any], Path], NDArray[Any]]


def frozen(array: NDArray[Any], path: Path) -> NDArray[Any]:
    made = array.copy()
    made.flags.writeable = False
    return made


def mapped(mode: Any) -> Remake:
    def map_file(array: NDArray[Any], path: Path) -> NDArray[Any]:
        np.save(path, array)
        made: NDArray[Any] = np.load(path, mmap_mode=mode)
        return made

    return map_file


def strided(array: NDArray[Any], path: Path) -> NDArray[Any]:
    return np.repeat(array, 2, axis=-1)[..., ::2]


def wide(array: NDArray[Any], path: Path) -> NDArray[Any]:
    return array.astype(np.int64)


def swapped(array: NDArray[Any], path: Path) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder())


REMAKES: dict[str, Remake] = {
    "as it is": lambda array, path: array,
    "read-only": frozen,
    "mapped read-only": mapped("r"),
    "mapped copy-on-write": mapped("c"),
    "not contiguous": strided,
    "Fortran order": lambda array, path: np.asfortranarray(array),
    "other numbers": wide,
    "other byte order": swapped,
}


def remade(layer: LayerProfile, remake: Remake, folder: Path) -> LayerProfile:
    decision = remake(layer.decision, folder / "decision.npy")
    return replace(layer, decision=decision, outcome=remake(layer.outcome, folder / "outcome.npy"))


@pytest.mark.parametrize("how", REMAKES)
def test_one_signature_whatever_the_arrays(how: str, tmp_path: Path) -> None:
    layer = random_profile(conv(6, 5, 8, 6, pool=Pool(2, 2)), seed=5)
    expected = run_compiled(Case(architecture(), [layer]))
    run = run_compiled(Case(architecture(), [remade(layer, REMAKES[how], tmp_path)]))
    assert run.layers == expected.layers
    assert np.array_equal(run.outputs[0], expected.outputs[0])
    assert len(run_layer.signatures) == 1


def test_one_signature_whatever_the_machine_and_the_layer() -> None:
    layer = random_profile(conv(6, 5, 8, 6, pool=Pool(2, 2)), seed=5)
    banked = architecture(activation_buffer__banks=4, weight_buffer__banks=4, pe__contexts=2)
    run_compiled(Case(banked, [layer, layer]), (Log(),))
    run_compiled(StageCase(architecture(), (layer,), (0, 1, 2, 3, 4, 5), (0,) * 6))
    race = ClassRace(np.array([1, 0], np.int32), np.array([[9, 5], [6, 9]], np.int32))
    classes = replace(random_profile(dense(9, 2), seed=1), scores=True, race=race)
    run_compiled(Case(architecture(pruning__argmax=True), [classes]))
    assert len(run_layer.signatures) == 1
