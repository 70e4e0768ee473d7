"""The events that RTL of layers in a row is held to."""

from __future__ import annotations

from io import BytesIO

from o3sim.contract.events import EVERY_EVENT, Event, EventKind
from o3sim.network.images import Images
from o3sim.rtl.expected import write_events
from o3sim.runs.case import Case
from o3sim.runs.runner import runner_of
from o3sim.trace.canonical import canonical_line
from tests.rtl.samples import BEHIND, in_a_row, queue


class Seen(list[str]):
    """An observer that keeps the lines of two layers."""

    def see(self, event: Event) -> None:
        """Take one event."""
        if not self or self[-1].split()[1:3] != ["layer_end", "1"]:
            self.append(canonical_line(event))


def test_layers_in_a_row_come_in_the_cycles_of_a_whole_run() -> None:
    """Each is traced by itself; that one begins in the cycle after the other is said of both together."""
    row = in_a_row(queue(), BEHIND)
    case, stream, seen = Case(row.network, Images(row.image[None], None)), BytesIO(), Seen()
    write_events(row, case, stream)
    runner_of(row.architecture, row.network, None).run_image(
        case.at(0, False).profiles(), (seen,), EVERY_EVENT
    )
    lines = stream.getvalue().decode().splitlines()
    assert lines[2:-1] == seen
    assert lines[-1] == f"# end: {len(seen)} events"
    starts = [line for line in seen if f" {EventKind.LAYER_START.name.lower()} " in line]
    assert [line.split()[2] for line in starts] == ["0", "1"]
