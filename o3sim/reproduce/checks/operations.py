"""Share of operations that are pruned, on networks trained here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean

from o3sim.reproduce.claims import Claim
from o3sim.reproduce.evidence import Evidence, Trained, pruned_percent
from o3sim.reproduce.finding import Finding, judged, untestable

CIFAR, AVERAGE = "pruned-cifar", "pruned-average"
WITHOUT_WEIGHTS = ("pruned-vgg16", "pruned-alexnet")
CIFAR_INPUT = (32, 32, 3)


def check_operations(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Yield a row for each network trained without a regulariser, and their mean."""
    plain = evidence.plain
    yield from _cifar(evidence, claims, [trained for trained in plain if _is_cifar(trained)])
    for key in WITHOUT_WEIGHTS:
        why = "no trained 1-bit weights of it are to be had; with synthetic ones the rate is put in"
        yield untestable(key, claims[key], "no network", why)
    if plain:
        rates = [_percent(evidence, trained) for trained in plain]
        each = ", ".join(f"{t.name} {rate:.1f}" for t, rate in zip(plain, rates, strict=True))
        why = f"{each}: other networks and data sets than the published ones"
        yield judged(AVERAGE, claims[AVERAGE], f"mean of {len(plain)} trained networks", fmean(rates), why)


def _cifar(evidence: Evidence, claims: Mapping[str, Claim], plain: list[Trained]) -> Iterator[Finding]:
    if not plain:
        why = "CIFAR-10 images are not shipped: `o3sim data` converts a copy, --image-file takes the result"
        yield untestable(CIFAR, claims[CIFAR], ", ".join(evidence.without_images) or "no network", why)
    for trained in plain:
        why = f"share of ones before pools {evidence.p1(trained):.2f}; narrower than the published network"
        yield judged(CIFAR, claims[CIFAR], f"{trained.subject}, o3bnn", _percent(evidence, trained), why)


def _percent(evidence: Evidence, trained: Trained) -> float:
    """Percent of the binary, thresholded edges that o3bnn leaves out."""
    return pruned_percent(evidence.run(trained, "o3bnn"), trained.counted_layers())


def _is_cifar(trained: Trained) -> bool:
    return trained.network.input_shape == CIFAR_INPUT
