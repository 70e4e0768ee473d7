"""Hold RTL of as many random machines as asked for against the simulator: ``scripts/differential --rtl``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

from o3sim.rtl.check import check_tools, events_of
from tests.compiled.long_run import described_machine
from tests.rtl.building import build_runtime, disagreement
from tests.rtl.draws import WAYS, draw


def main() -> int:
    """Compare, report, and say by the exit status whether all are the same."""
    parser = argparse.ArgumentParser(prog="scripts/differential --rtl", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="how many to draw (200)")
    parser.add_argument("--seed", type=int, default=0, help="other cases for each (0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many to build at a time (1)")
    parser.add_argument("--layers", type=int, default=1, help="layers in a row of each (1)")
    arguments = parser.parse_args()
    check_tools()
    home = Path(mkdtemp(prefix="o3sim-rtl-"))
    settings = build_runtime(home)
    events: Counter[str] = Counter()
    seeds = range(arguments.seed * 1_000_000, arguments.seed * 1_000_000 + arguments.cases)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        compared = pool.map(lambda seed: compare(seed, arguments.layers, home, settings), seeds)
        for seed, lines in zip(seeds, compared, strict=True):
            folder = home / str(seed)
            if lines:
                pool.shutdown(cancel_futures=True)
                case = described(seed, arguments.layers)
                print(f"case {seed} differs; its RTL is in {folder}", *case, *lines, sep="\n")
                return 1
            way = WAYS[seed % len(WAYS)]
            events.update({way: events_of(folder), f"{way} machines": 1})
            shutil.rmtree(folder)
            print(f"{seed - seeds[0] + 1} of {len(seeds)} equal", file=sys.stderr, flush=True)
    for way in WAYS:
        print(f"{way}: {events[f'{way} machines']} machines, {events[way]:,} events, all equal")
    shutil.rmtree(home)
    return 0


def compare(seed: int, layers: int, home: Path, settings: list[str]) -> list[str]:
    """Compare one case; what cannot be built differs too."""
    try:
        return disagreement(draw(seed, layers), home / str(seed), settings)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def described(seed: int, layers: int) -> Iterator[str]:
    """Write a case down."""
    drawn = draw(seed, layers)
    yield from described_machine(drawn.architecture)
    for layer in drawn.layers:
        yield f"  {layer.geometry}"


if __name__ == "__main__":
    sys.exit(main())
