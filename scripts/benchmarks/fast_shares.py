"""Which share of the ops the fast engine runs, for every shipped machine and every shipped network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.config.catalog import names
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.load import load_network, load_workload
from o3sim.runs.estimate.fast import fast_share
from o3sim.runs.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network

GOAL = 0.95


class Share(NamedTuple):
    """A share of the ops of a network, 0..1, and what keeps the others from running fast."""

    network: str
    share: float
    reasons: tuple[str, ...]


def shares_of(machine: Architecture, networks: list[Network]) -> list[Share]:
    """Return the shares of the networks that fit a machine."""
    found = []
    for network in networks:
        try:
            runner_of(machine, network)
        except InputError:
            continue
        share, general = fast_share(machine, network)
        found.append(Share(network.name, share, tuple(sorted({why for _, why in general}))))
    return found


def lines() -> Iterator[str]:
    """Write a table, a row a machine; all ops of the networks that it does not name run fast."""
    networks = [load_network(load_workload(name)) for name in names("workload")]
    goal = f"{GOAL:.0%} or more"
    yield f"| machine | networks that fit, of {len(networks)} | all ops fast | {goal} | others |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for name in names("architecture"):
        shares = shares_of(load_architecture(name), networks)
        whole = sum(each.share == 1 for each in shares)
        reached = sum(each.share >= GOAL for each in shares)
        yield f"| `{name}` | {len(shares)} | {whole} | {reached} | {_others(shares)} |"


def _others(shares: list[Share]) -> str:
    """Name the networks that do not run fast as a whole, those for the same reasons together."""
    alike: dict[tuple[float, tuple[str, ...]], list[str]] = {}
    for each in shares:
        if each.share < 1:
            alike.setdefault((each.share, each.reasons), []).append(f"`{each.network}`")
    parts = [
        f"{'all' if len(found) == len(shares) else ', '.join(found)}: {share:.1%} ({', '.join(reasons)})"
        for (share, reasons), found in alike.items()
    ]
    return "; ".join(parts) or "-"
