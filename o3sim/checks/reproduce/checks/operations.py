"""Share of operations that are pruned, on networks trained here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, Trained, plain_logs, pruned_percent
from o3sim.checks.reproduce.finding import Finding, judged, untestable
from o3sim.checks.reproduce.training_logs import TrainingLog, load_logs
from o3sim.network.load import load_workload

CIFAR, AVERAGE = "pruned-cifar", "pruned-average"
WITHOUT_WEIGHTS = ("pruned-vgg16", "pruned-alexnet")
CIFAR_INPUT = (32, 32, 3)
NOT_LOGGED = "order not logged"

PUBLISHED_ACCURACY_PERCENT = 88.7
"""Of the CIFAR-10 network whose operations the claim is about, as BSTC (SC'19) prints it."""


@dataclass(frozen=True)
class Rate:
    """What a network without a regulariser leaves out.

    Attributes
    ----------
    cifar : bool
        Whether it takes images of CIFAR-10's shape.
    subject, why : str
        What it was measured on, and what stands beside it.
    """

    name: str
    order: str
    cifar: bool
    percent: float
    subject: str
    why: str
    machines: tuple[str, ...] = ()


def check_operations(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Yield a row for each CIFAR-10 network, and the mean of all networks of each order."""
    rates = [_run(evidence, trained) for trained in evidence.plain]
    rates += [_logged(log) for log in plain_logs() if log.name in evidence.without_images]
    cifar = [rate for rate in rates if rate.cifar]
    for rate in cifar:
        yield judged(CIFAR, claims[CIFAR], rate.subject, rate.percent, rate.why, rate.machines)
    if not cifar:
        yield untestable(CIFAR, claims[CIFAR], "no network", "no network trained on CIFAR-10 is shipped")
    for key in WITHOUT_WEIGHTS:
        why = "no trained 1-bit weights of it are to be had; with synthetic ones the rate is put in"
        yield untestable(key, claims[key], "no network", why)
    yield from _averages(claims[AVERAGE], rates)


def _averages(claim: Claim, rates: list[Rate]) -> Iterator[Finding]:
    """Yield the mean of each order, which decides the share of ones before the pools; theirs is not known."""
    by_order: dict[str, list[Rate]] = defaultdict(list)
    for rate in rates:
        by_order[rate.order].append(rate)
    for order, some in sorted(by_order.items()):
        each = ", ".join(f"{rate.name} {rate.percent:.1f}" for rate in some)
        why = f"{each}: other networks and data sets than the published ones, whose order is not known"
        subject = f"{order}, mean of {len(some)} trained network{'s' * (len(some) > 1)}"
        yield judged(AVERAGE, claim, subject, fmean(rate.percent for rate in some), why)


def _run(evidence: Evidence, trained: Trained) -> Rate:
    """Measure the binary, thresholded edges that o3bnn leaves out."""
    log = load_logs().get(trained.name)
    percent = pruned_percent(evidence.run(trained, "o3bnn"), trained.counted_layers())
    cifar = trained.network.input_shape == CIFAR_INPUT
    why = f"share of ones before pools {evidence.p1(trained):.2f}{'' if log is None else _accuracy(log)}"
    order = NOT_LOGGED if log is None else log.order
    return Rate(trained.name, order, cifar, percent, f"{trained.subject}, o3bnn, {order}", why, ("o3bnn",))


def _logged(log: TrainingLog) -> Rate:
    """Take the rate from the log, where there are no images to run."""
    image = load_workload(log.name).workload.input
    cifar = (image.height, image.width, image.channels) == CIFAR_INPUT
    subject = f"{log.name}, {log.images_profiled} images, the log of its training, {log.order}"
    why = (
        f"edges that bounds checked every 32 leave out{_accuracy(log)}; its images are not shipped:"
        " `o3sim data` converts a copy, and with --image-file o3bnn runs them"
    )
    return Rate(log.name, log.order, cifar, log.pruned_percent, subject, why)


def _accuracy(log: TrainingLog) -> str:
    return f"; accuracy {100 * log.accuracy:.1f} % (published network: {PUBLISHED_ACCURACY_PERCENT} %)"
