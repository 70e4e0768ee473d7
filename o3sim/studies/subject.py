"""What a study runs: a workload's network, with the images that the study asks for."""

from __future__ import annotations

from pathlib import Path

from o3sim.config.marks import Document, placed
from o3sim.network.load import WorkloadFiles, load_network, workload_images
from o3sim.runs.case import LoadedCase
from o3sim.studies.sweep.config import SweepImages


def subject_of(document: Document, path: Path, images: SweepImages, files: WorkloadFiles) -> LoadedCase:
    """Load a network and the images that a study runs on it.

    Parameters
    ----------
    document : Document
        The study's, whose key ``images`` errors of images are placed at.
    path : Path
        The study's file, which an image file is relative to.
    files : WorkloadFiles
        The workload.

    Raises
    ------
    InputError
        If the workload's parameters do not fit its layers, or the images do not.
    """
    network = load_network(files)
    with placed(document, ("images",)):
        file = None if images.file is None else path.parent / images.file
        return LoadedCase(network, workload_images(files, network, file, images.count), files)
