"""`o3sim balance`: measure the work of channels, so that groups of PEs can be given as much each."""

from __future__ import annotations

from o3sim.cli import options


def balance(
    workload: options.Workload,
    image_file: options.NeededImageFile,
    output: options.OutputName,
    images: options.Images = 16,
) -> None:
    """Measure the work of each output channel on calibration images, and write the workload with it.

    Machines with `scheduler.assignment: channel_balanced` give each group of PEs channels of about as
    much. Calibrate on images of the training set. Every output bit stays as it is.
    """
    from o3sim.network.parameters import work_key
    from o3sim.profile.channel_work import measure_channel_work
    from o3sim.profile.ordering.workload import with_arrays
    from o3sim.runs.case import load_case

    case = load_case(workload, image_file, images)
    with_arrays(case.files, {}, output)  # refuses what cannot be written, before the work
    work = measure_channel_work(case.network, list(case.images.x))
    arrays = {work_key(name): edges for name, edges in work.items()}
    written = with_arrays(case.files, arrays, output).write(output)
    print(f"on {images} calibration images, edges of the busiest channel over the mean")
    for name, edges in work.items():
        print(f"  {name:12}{edges.max() / max(edges.mean(), 1):6.2f}")
    for path in written:
        print(f"wrote {path}")
