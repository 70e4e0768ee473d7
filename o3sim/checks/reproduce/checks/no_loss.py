"""No accuracy is lost: every output bit of every image, pruned and out of order, is the exact one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Finding, judged, untestable

KEY = "no-loss"


def check_no_loss(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Count layers of which a run changed any output bit, over all trained networks."""
    if not evidence.trained:
        yield untestable(KEY, claims[KEY], "no network", "no trained network with images is at hand")
        return
    changed = layers = images = 0
    for trained in evidence.trained.values():
        result = evidence.run(trained, "o3bnn")
        changed += sum(not layer.outputs_exact for layer in result.layers)
        layers += len(result.layers)
        images += result.images
    subject = f"{len(evidence.trained)} trained networks on o3bnn, {images} images in all"
    why = f"all bits of {layers} layers set beside functional inference, image by image"
    yield judged(KEY, claims[KEY], subject, changed, why, ("o3bnn",))
