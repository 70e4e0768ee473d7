"""A small table of a sweep, as figures read it."""

from __future__ import annotations

from pathlib import Path

RESULTS = """\
point,architecture,workload,pe.count,pe.latency_cycles,status,error,images,cycles,cycles_per_image,latency_us,\
energy_pj_per_image,energy_pj.total,energy_pj.pe,energy_pj.dram,arch.scheduler.policy
0,a,net,16,1,ok,,2,400,200.0,2.0,10.0,20.0,15.0,5.0,in_order
1,a,net,32,1,ok,,2,200,100.0,1.0,12.0,24.0,18.0,6.0,in_order
2,a,net,64,1,ok,,2,180,90.0,0.9,20.0,40.0,30.0,10.0,in_order
3,b,net,16,1,ok,,2,800,400.0,4.0,9.0,18.0,13.0,5.0,out_of_order
4,b,net,32,1,ok,,2,600,300.0,3.0,11.0,22.0,16.0,6.0,out_of_order
5,b,net,64,1,ok,,2,300,150.0,1.5,30.0,60.0,40.0,20.0,out_of_order
6,b,net,128,1,failed,too large,,,,,,,,,out_of_order
"""
LAYERS = (
    "point,architecture,workload,layer,edges.total,edges.pruned.threshold,edges.pruned.pooling\n"
    + "".join(
        f"{point},{name},net,conv1,100,{point},10\n{point},{name},net,conv2,200,0,50\n"
        for point, name in enumerate("aaabbb")
    )
)


def write_tables(folder: Path, results: str = RESULTS) -> Path:
    """Write both tables into a folder; return it."""
    (folder / "results.csv").write_text(results)
    (folder / "layers.csv").write_text(LAYERS)
    return folder
