"""`o3sim export`: a workload as a model that other tools read."""

from __future__ import annotations

from o3sim.cli import options, outputs


def export(
    workload: options.Workload,
    output: options.OutputFile,
) -> None:
    """Write a workload as QONNX (FILE.onnx), for FINN and the tools around it.

    The model takes pixel values 0 to 255 and gives the class scores; importing it with `o3sim import
    onnx` finds the same network again, bit for bit. Orders of edges and of window members, and
    speculation, are a machine's and are left out. Needs the extra `onnx`.
    """
    from o3sim.formats.exporters.qonnx import export_qonnx
    from o3sim.network.load import load_network, load_workload

    outputs.check_suffix("--output", output, [".onnx"])
    network = load_network(load_workload(workload))
    export_qonnx(network, output)
    hinted = [
        layer.name
        for layer in network.layers
        if layer.geometry.edge_order or layer.geometry.member_order or layer.speculation
    ]
    if hinted:
        print(f"left out: orders and speculation of {', '.join(hinted)}, which QONNX does not know")
    print(f"wrote {output}")
