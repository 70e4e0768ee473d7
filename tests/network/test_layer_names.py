"""Layers by name and by number."""

from __future__ import annotations

import pytest

from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number


def test_layers_by_name_and_number() -> None:
    assert layer_number("b", ["a", "b"]) == 1
    assert layer_number("1", ["a", "b"]) == 1
    assert layer_number("1", ["1", "b"]) == 0


@pytest.mark.parametrize("wrong", ["c", "2", "-1", "", "\u00b2", "\u0661", "1.0", "9" * 9999])
def test_no_such_layer_is_refused_with_those_that_are(wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        layer_number(wrong, ["a", "b"])
    assert str(caught.value) == f"no layer `{wrong}`; there are 0 a, 1 b"


def test_the_closest_name_is_suggested() -> None:
    with pytest.raises(InputError) as caught:
        layer_number("conv9", ["conv1", "dense2"])
    assert str(caught.value) == "no layer `conv9` (did you mean `conv1`?); there are 0 conv1, 1 dense2"
