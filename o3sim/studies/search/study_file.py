"""The search as an Optuna study on disk, for Optuna's own viewers; o3sim itself never reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.studies.search.quiet import quiet_optuna

if TYPE_CHECKING:
    import optuna


class StudyFile:
    """A journal file of Optuna that follows a study, a finished trial after the other.

    ``optuna.load_study(study_name=..., storage=JournalStorage(JournalFileBackend(path)))`` and
    optuna-dashboard open it, also while the search runs. A resumed search writes it anew.

    Parameters
    ----------
    path : Path
        Overwritten.
    study : optuna.Study
        Followed by :meth:`update`, with all trials that it has already.

    Raises
    ------
    InputError
        If it cannot be written.
    """

    def __init__(self, path: Path, study: optuna.Study) -> None:
        self._path, self._followed, self._known = path, study, 0
        try:
            path.unlink(missing_ok=True)
            self._study = self._created()
        except OSError as error:
            raise self._refused(error) from None
        self.update()

    def _created(self) -> optuna.Study:
        with quiet_optuna() as found:
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend

            followed = self._followed
            storage = JournalStorage(JournalFileBackend(str(self._path)))
            study: optuna.Study = found.create_study(
                storage=storage, study_name=followed.study_name, directions=followed.directions
            )
        return study

    def update(self) -> None:
        """Add the trials that have finished since; draws that were refused are left out.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        from optuna.trial import TrialState

        trials = self._followed.get_trials(deepcopy=False)
        try:
            with quiet_optuna():
                for trial in trials[self._known :]:
                    if not trial.state.is_finished():
                        break
                    if trial.state == TrialState.COMPLETE:
                        self._study.add_trial(trial)
                    self._known += 1
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> InputError:
        return InputError(f"{self._path}: cannot be written: {error.strerror or error}")
