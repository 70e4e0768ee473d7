"""Optuna as a proposer: it asks for points batch by batch and is told what they came to.

A batch is asked for when everything before it has been told, in the order of the points. So what is
proposed depends on the seed and on results alone, not on how many processes ran them, and a search
that was interrupted is resumed by proposing it all again and looking up what is already known.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from o3sim.errors import InputError
from o3sim.studies.search.quiet import quiet_optuna
from o3sim.studies.search.space import Candidate, Space

if TYPE_CHECKING:
    import optuna
    import optuna.trial

    from o3sim.studies.search.config import Explore
    from o3sim.studies.sweep.config import Scalar

MOST_REFUSED = 50
"""Draws in a row that are refused (run before, or not allowed) until points are taken by dice."""

MOST_LISTED = 20_000
"""Combinations of a space up to which the rest of it is listed; of a larger one this many are drawn."""


BROKEN_LIMITS = "broken_limits"
"""Attribute of a trial: conditions on results that it does not meet."""


class Proposer:
    """Proposes points of a space, none twice.

    Parameters
    ----------
    explore : Explore
        Its sampler, seed, batch and objectives.
    space : Space

    Raises
    ------
    InputError
        If Optuna is not installed.
    """

    def __init__(self, explore: Explore, space: Space) -> None:
        with quiet_optuna() as found:
            self.study = found.create_study(
                directions=[direction.replace("ise", "ize") for direction in explore.objectives.values()],
                sampler=_sampler(explore, bool(space.limits)),
                study_name=explore.name,
            )
        self._space = space
        self._distributions = {each.label: each.distribution() for each in space.parameters}
        self._dice = random.Random(explore.seed)  # noqa: S311 - a search, not a secret
        self._seen: set[tuple[Scalar, ...]] = set()
        self._open: list[optuna.Trial] = []
        self.refusal = ""

    def batch(self, count: int) -> list[Candidate]:
        """Return up to this many points that were not proposed before; fewer when there are no more.

        :attr:`refusal` says why the last refused draw was.
        """
        found: list[Candidate] = []
        refused = 0
        with quiet_optuna():
            while len(found) < count and refused < MOST_REFUSED:
                candidate = self._ask()
                refused = 0 if candidate else refused + 1
                found += [candidate] if candidate else []
            found += self._unseen(count - len(found))
        return found

    def tell(self, values: Sequence[Sequence[float] | None], broken_limits: Sequence[int]) -> None:
        """Tell what the points of the last batch came to, in their order.

        Parameters
        ----------
        values : sequence
            None for a point that failed.
        broken_limits : sequence of int
            Conditions on results that each point does not meet.
        """
        with quiet_optuna() as optuna:
            for trial, found, broken in zip(self._open, values, broken_limits, strict=True):
                trial.set_user_attr(BROKEN_LIMITS, broken)
                state = optuna.trial.TrialState.FAIL if found is None else None
                self.study.tell(trial, found, state=state)
        self._open = []

    def _ask(self) -> Candidate | None:
        """Draw a point; None if it is of no use."""
        import optuna

        trial = self.study.ask(self._distributions)
        axes = {each.key: each.value(trial.params[each.label]) for each in self._space.parameters}
        candidate = self._allowed(axes)
        if candidate is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._open.append(trial)
        return candidate

    def _allowed(self, axes: Mapping[str, Scalar]) -> Candidate | None:
        key = tuple(axes.values())
        if key in self._seen:
            return None
        self._seen.add(key)
        try:
            return self._space.candidate(axes)
        except InputError as error:
            self.refusal = str(error)
            return None

    def _unseen(self, count: int) -> list[Candidate]:
        """Take points by dice where the sampler draws no new ones."""
        if count == 0:
            return []
        found = list(islice(filter(None, map(self._allowed, self._drawn())), count))
        for candidate in found:
            self.study.enqueue_trial(
                {each.label: each.drawn(candidate.axes[each.key]) for each in self._space.parameters}
            )
            self._open.append(self.study.ask(self._distributions))
        return found

    def _drawn(self) -> Iterator[dict[str, Scalar]]:
        if self._space.size <= MOST_LISTED:
            every = list(self._space.combinations())
            self._dice.shuffle(every)
            yield from every
            return
        for _ in range(MOST_LISTED):
            yield {each.key: self._dice.choice(each.values) for each in self._space.parameters}


def _sampler(explore: Explore, limited: bool) -> Any:
    from optuna.samplers import NSGAIISampler, RandomSampler, TPESampler

    if explore.sampler == "random":
        return RandomSampler(seed=explore.seed)
    # Asked for only where there are conditions: Optuna treats trials without them differently.
    limits = _broken_limits if limited else None
    if explore.sampler == "nsga2":
        return NSGAIISampler(
            population_size=max(2, explore.batch), seed=explore.seed, constraints_func=limits
        )
    # Parameters of machines depend on each other: `multivariate` proposes them together.
    return TPESampler(
        n_startup_trials=explore.batch,
        multivariate=True,
        constant_liar=True,
        seed=explore.seed,
        constraints_func=limits,
    )


def _broken_limits(trial: optuna.trial.FrozenTrial) -> Sequence[float]:
    """Return what Optuna takes for a violation: above 0 it is one."""
    return (float(trial.user_attrs[BROKEN_LIMITS]),)
