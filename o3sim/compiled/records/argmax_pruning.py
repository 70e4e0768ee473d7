"""Classes that race: the best seen so far, and what it takes to eliminate the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import located, records
from o3sim.compiled.record import Table, numbers, rows
from o3sim.profile.classes import ClassRace


class WordCycle:
    """The cycle in which a word went in."""

    cycle: int


class ArgmaxPruning:
    """Pruning of classes.

    Attributes
    ----------
    best_class : int
        Best of the classes whose score is seen; -1 while none is.
    rank, eliminated_after : table
        As in :class:`~o3sim.profile.classes.ClassRace`, the second row by row.
    word_cycles : table
        Of the words of the op of each context, ``layer.table_words`` for each.
    """

    best_class: int
    rank: Table[np.int32]
    eliminated_after: Table[np.int32]
    word_cycles: Table[WordCycle]


rank_of = numbers("rank", np.int32)
eliminated_after = numbers("eliminated_after", np.int32)
word_cycle_at = rows("word_cycles", WordCycle)


def argmax_pruning_of(race: ClassRace, contexts: int, table_words: int) -> dict[str, Any]:
    """Begin with no score seen."""
    return {
        "best_class": -1,
        "rank": located(race.rank, np.int32),
        "eliminated_after": located(race.beaten_after, np.int32),
        "word_cycles": records(WordCycle, contexts * table_words),
    }
