"""Build the site of the manual; with --execute run the blocks of its pages instead."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from scripts.manual import ROOT


def main() -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="sh scripts/docs", description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="pages to run; all of them if left out")
    parser.add_argument("--execute", action="store_true", help="run every block, and compare its output")
    parser.add_argument("--update", action="store_true", help="run, and write outputs that differ into pages")
    parser.add_argument("--data", type=Path, help="folder with files that blocks need: cifar10-test.npz")
    given = parser.parse_args()
    if given.execute or given.update:
        data = None if given.data is None else given.data.absolute()
        return _execute([page.absolute() for page in given.pages] or _pages(), data, given.update)
    return _build()


def _build() -> int:
    from scripts.manual.site import build

    site = ROOT / "build" / "site"
    status = build(site, ROOT / "build" / "site-source")
    if status == 0:
        print(site / "index.html")
    return status


def _pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _execute(pages: list[Path], data: Path | None, update: bool) -> int:
    from o3sim.runs.kernels import load_usual_kernels
    from scripts.manual.blocks import blocks_of
    from scripts.manual.execute import run_pages

    load_usual_kernels()
    failed = 0
    os.environ["COLUMNS"] = "80"
    with tempfile.TemporaryDirectory() as scratch:
        for page, wrong, left_out in run_pages(list(filter(blocks_of, pages)), Path(scratch), data, update):
            print(f"{page.relative_to(ROOT)}: {'differs' if wrong else 'as it says'}", flush=True)
            for line in [wrong] if wrong else left_out:
                print(f"  {line}", flush=True)
            failed += bool(wrong)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
