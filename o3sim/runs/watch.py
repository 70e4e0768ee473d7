"""Run an image as far as one layer, and show its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from o3sim.contract.events import EventWindow, Observer

if TYPE_CHECKING:
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.runner import Runner


class _LayerDone(Exception):  # noqa: N818 - it is no error
    """The watched layer has ended: raised in place of handing the machine another layer."""


def watch_layer(
    runner: Runner, profiles: Iterable[LayerProfile], window: EventWindow, observer: Observer
) -> None:
    """Run the next image on a machine until a layer has ended, and show an observer the events of a window.

    Parameters
    ----------
    runner : Runner
        A pipeline is found by the image as the images before it have left it.
    profiles : iterable of LayerProfile
        Profiles of all layers, or of those up to the watched one, which alone are asked for unless the
        runner runs layers together.
    window : EventWindow
        What to show of one layer.
    """
    if runner.runs_together:
        runner.run_image(profiles, (observer,), window)
        return
    assert window.layer is not None  # noqa: S101 - a caller's mistake, not a user's
    with suppress(_LayerDone):  # what comes after the watched layer is not run
        runner.run_image(_up_to(window.layer, profiles), (observer,), window)


def _up_to(layer: int, profiles: Iterable[LayerProfile]) -> Iterator[LayerProfile]:
    for number, profile in enumerate(profiles):
        yield profile
        if number == layer:
            raise _LayerDone
