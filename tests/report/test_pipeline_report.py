"""What the report of a run says of a pipeline."""

from __future__ import annotations

import io

from o3sim.report.console import WIDTH_COLUMNS, make_console
from o3sim.report.run import print_run
from tests.sample_runs import pipeline_result, result


def written(main: object) -> str:
    stream = io.StringIO()
    print_run(make_console(stream), main)  # type: ignore[arg-type]  # one of the two kinds of sample
    return stream.getvalue()


def test_stages_and_rate_are_there() -> None:
    text = written(pipeline_result())
    assert "o3bnn: a pipeline of 2 stages, the slowest scores" in text
    assert "initiation interval: 2,000 cycles" in text
    assert "latency of the first image: 3,500 cycles" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= WIDTH_COLUMNS
    row = next(line for line in text.splitlines() if line.split()[:2] == ["scores", "64"])
    assert row.split()[3] == "1,900"
    assert row.split()[-2:] == ["3", "1.5"]


def test_other_runs_say_nothing_of_stages() -> None:
    assert "stage" not in written(result())
