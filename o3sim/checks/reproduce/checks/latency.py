"""Latency of AlexNet and VGG-16 on the machine sized to O3BNN-R, with pruning rates that were put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, machine
from o3sim.checks.reproduce.finding import Finding, beside, judged
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.runs.simulation import simulate

MACHINE = "o3bnn-r"
NETWORKS = ("alexnet", "vgg16")
WHY = "synthetic parameters, pruning rate put in; docs/studies/zc706.md has what limits it"
SIZED_BY = "vgg16"
"""The peak of the machine was inferred from this network's published latency, which it so cannot test."""


def check_latency(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Run one image of each network."""
    for name in NETWORKS:
        files = load_workload(name)
        network = load_network(files)
        image = workload_images(files, network, count=1)
        result = simulate(
            machine(MACHINE), network, image.x, progress=evidence.progress, synthetic_images=image.synthetic
        )
        key, subject = f"latency-{name}", f"{name} on {MACHINE}, 1 image, synthetic"
        if name == SIZED_BY:
            why = f"{WHY}; the machine's peak was inferred from this very figure"
            yield beside(key, claims[key], subject, result.latency_us, why, (MACHINE,))
        else:
            yield judged(key, claims[key], subject, result.latency_us, WHY, (MACHINE,))
