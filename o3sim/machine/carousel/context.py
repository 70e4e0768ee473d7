"""A context of a PE: a window whose members it evaluates one after another, each from any word on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from o3sim.machine.carousel.streams import Stream

if TYPE_CHECKING:
    from o3sim.contract.carousel.program import CarouselProgram


@dataclass(slots=True, eq=False, repr=False)
class Running:
    """An op in a context: the member of a window that is being evaluated.

    Edges are weighted in ``seen``, ``missed`` and ``total`` (those of bit planes), counted in ``edges`` and
    ``wasted_edges``. ``known_cycle`` is the one from which the outcome is known, None until it is decided.
    """

    op: int
    position: int
    n_edges: int
    total: int
    most_mismatches: int
    ready_cycle: int
    known_cycle: int | None = None
    outcome: int = 0
    words: int = 0
    decided_words: int = 0
    edges: int = 0
    wasted_edges: int = 0
    seen: int = 0
    missed: int = 0

    @property
    def is_constant(self) -> bool:
        """Whether it was decided without a word."""
        return self.known_cycle is not None and not self.decided_words


class Result(NamedTuple):
    """The outcome of a window, with the op that was evaluated last."""

    running: Running
    channel: int
    window: int
    bit: int


class Context:
    """What a context holds: a window of a stream, the op under way, an outcome that is not written yet.

    Attributes
    ----------
    stream : Stream or None
        None while it holds no window.
    window, member : int
        Place of the window among those handed out, and of the member in it.
    bit : int
        1 once a member was 1.
    running : Running or None
        None while it holds no window.
    ended : Result or None
        The outcome of its last window, while the one before that waits to be written.
    result : Result or None
        An outcome that waits to be written.
    """

    __slots__ = ("bit", "ended", "member", "result", "running", "stream", "window")

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.window = self.member = self.bit = 0
        self.running: Running | None = None
        self.ended: Result | None = None
        self.result: Result | None = None

    def take(self, stream: Stream, window: int) -> None:
        """Take a window."""
        self.stream, self.window = stream, window
        self.member = self.bit = 0

    def end(self, result: Result) -> None:
        """End the window with its outcome."""
        self.stream = self.running = None
        self.ended = result

    def __repr__(self) -> str:
        if self.stream is None:
            return "free"
        return f"window {self.window} of {self.stream}, member {self.member}: {self.running}"


class Bounds:
    """Begins ops, and takes words into them, by the two bounds of threshold pruning."""

    def __init__(self, program: CarouselProgram, latency_cycles: int) -> None:
        self._program = program
        self._latency_cycles = latency_cycles
        edges = program.edges
        weighted = edges.edges.astype(int) << edges.plane_of
        self._edges, self._weighted = edges.edges.tolist(), weighted.tolist()
        self._totals = weighted.sum(axis=1).tolist()
        self._planes = edges.plane_of.tolist()
        self._pattern_of = edges.pattern_of.tolist()
        self._windows = program.tiles.windows.tolist()
        self._members = program.members.tolist()

    def pooled_position(self, window: int) -> int:
        """Return the pooled position of a window by its place among those handed out."""
        return int(self._windows[window])

    @property
    def members(self) -> int:
        """Members of a window."""
        return len(self._members[0])

    def op_of(self, context: Context, member: int) -> int:
        """Return the number of the op of a member of a context's window."""
        assert context.stream is not None  # noqa: S101 - asked of contexts that hold a window only
        window = self.pooled_position(context.window)
        return (context.stream.channel * len(self._windows) + window) * self.members + member

    def edges_of(self, context: Context, member: int) -> int:
        """Count the edges of a member of a context's window."""
        position = self._members[self._windows[context.window]][member]
        return sum(self._edges[self._pattern_of[position]])

    def begin(self, context: Context, ready_cycle: int) -> Running:
        """Begin the next member of a context's window; a constant one is known in the next cycle."""
        assert context.stream is not None  # noqa: S101 - as above
        channel, matches = context.stream.channel, self._program.matches
        position = self._members[self._windows[context.window]][context.member]
        pattern = self._pattern_of[position]
        total = self._totals[pattern]
        n_edges = sum(self._edges[pattern])
        running = Running(self.op_of(context, context.member), position, n_edges, total, total, ready_cycle)
        if matches is not None:
            running.most_mismatches = most = int(matches.most_mismatches[pattern, channel])
            if most < 0 or most >= total:
                running.outcome = int(most >= 0)
                running.known_cycle = ready_cycle + 1
        context.running = running
        return running

    def hear(self, context: Context, word: int, cycle: int) -> None:
        """Take a word into the op of a context, and note from when on its outcome is known."""
        assert context.stream is not None and context.running is not None  # noqa: S101, PT018 - as above
        running, channel, matches = context.running, context.stream.channel, self._program.matches
        pattern, plane = self._pattern_of[running.position], self._planes[word]
        edges = self._edges[pattern][word]
        running.words += 1
        running.edges += edges
        if running.known_cycle is not None:
            running.wasted_edges += edges
            return
        running.seen += self._weighted[pattern][word]
        if matches is not None:
            matched = int(matches.matches[running.position, word, channel])
            running.missed += edges - matched << plane
            running.outcome = int(running.missed + running.total - running.seen <= running.most_mismatches)
            decided = running.outcome == 1 or running.missed > running.most_mismatches
        else:
            running.outcome = int(self._program.outcome[running.position, channel])
            decided = running.words == self._program.words
        if decided:
            running.decided_words = running.words
            running.known_cycle = cycle + self._latency_cycles
