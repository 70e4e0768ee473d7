"""Claims are read as they are quoted, and judged by their own margins."""

from __future__ import annotations

import pytest

from o3sim.checks.reproduce.claims import Claim, load_claims


def _claim(better: str, within: float = 2.0) -> Claim:
    return Claim.model_validate(
        {"says": "a", "published": 10.0, "unit": "%", "within": within, "better": better, "source": "b"}
    )


@pytest.mark.parametrize(
    ("better", "measured", "holds"),
    [
        ("neither", 12.0, True),
        ("neither", 12.1, False),
        ("neither", 7.9, False),
        ("higher", 99.0, True),
        ("higher", 7.9, False),
        ("lower", 1.0, True),
        ("lower", 12.1, False),
    ],
)
def test_a_figure_holds_within_the_margin_or_beyond_it_on_the_better_side(
    better: str, measured: float, holds: bool
) -> None:
    assert _claim(better).holds_for(measured) is holds


def test_every_claim_has_a_source_and_the_published_figures_are_those_of_the_papers() -> None:
    claims = load_claims()
    assert all(claim.source for claim in claims.values())
    published = {key: claims[key].published for key in ("pruned-cifar", "pruned-vgg16", "pruned-alexnet")}
    assert published == {"pruned-cifar": 42, "pruned-vgg16": 27, "pruned-alexnet": 16}
