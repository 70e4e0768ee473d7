"""The command line: help, version, exit statuses, errors in one line, quiet on a closed pipe."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from pydantic import BaseModel, ValidationError, model_serializer, model_validator
from pydantic_core import PydanticSerializationError

import o3sim as package
from o3sim.cli import app as cli
from o3sim.errors import ConfigError, InputError

O3SIM = [sys.executable, "-m", "o3sim"]


def o3sim(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*O3SIM, *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=60
    )


def exit_of(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


def test_help_lists_every_command() -> None:
    done = o3sim("--help")
    assert done.returncode == 0
    for command in ("run", "explain", "plot", "profile", "import", "validate", "show", "list", "schema"):
        assert f"  {command} " in done.stdout
    assert "..." not in done.stdout.split("Commands:")[1]


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from o3sim.cli import app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "numba", "simpy", "matplotlib", "pydantic", "yaml"} & set(loaded)


def test_validate_imports_nothing_heavy() -> None:
    code = "import sys, o3sim.cli.kinds; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numba", "simpy", "matplotlib"} & set(loaded)


def test_version() -> None:
    done = o3sim("--version")
    assert done.returncode == 0
    assert done.stdout == f"o3sim {package.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", package.__version__)


def test_h_is_help_of_every_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ([], ["run"], ["plot"], ["plot", "stack"]):
        monkeypatch.setattr(sys, "argv", ["o3sim", *words, "-h"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"Usage: {' '.join(['o3sim', *words])}")


@pytest.mark.parametrize("arguments", [["lst"], ["--nonsense"], ["show"], ["show", "a", "b"], ["validate"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    done = o3sim(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_an_input_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(InputError("no such thing"), monkeypatch) == 2
    assert capsys.readouterr() == ("", "error: no such thing\n")


def test_config_problems_start_their_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(ConfigError(["f:1:2: a", "f:3:4: b"]), monkeypatch) == 2
    assert capsys.readouterr().err == "f:1:2: a\nf:3:4: b\nerror: 2 problems in the configuration\n"


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda folder: (folder / "absent").read_text(), "absent: No such file or directory"),
        (lambda folder: folder.read_text(), ": Is a directory"),
        (lambda folder: (folder / "f" / "x").read_text(), "f/x: Not a directory"),
    ],
)
def test_an_error_about_a_file_is_one_line(
    act: Callable[[Path], object],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(OSError, match="Errno") as caught:
        act(tmp_path)
    assert exit_of(caught.value, monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.endswith(f"{name}\n")
    assert error.count("\n") == 1


def test_other_errors_are_bugs_and_show_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "app", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_an_interrupt_is_status_130() -> None:
    code = (
        "import os, signal; from o3sim.cli import app;"
        "app.app.command('wait')(lambda: os.kill(os.getpid(), signal.SIGINT)); app.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "wait"], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end) as closed:
        done = subprocess.run([*O3SIM, "list"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in (1, -signal.SIGPIPE)


class WrappedError(Exception):
    """What a library makes of an exception in a function that it calls back."""


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
@pytest.mark.parametrize("last", [WrappedError, InputError, OSError])
def test_a_request_to_stop_that_a_library_wrapped_is_still_one(
    stop: BaseException, status: int, last: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = last("wrapped")
    wrapped.__context__ = WrappedError()
    wrapped.__context__.__cause__ = stop
    assert exit_of(wrapped, monkeypatch) == status


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_a_request_to_stop_that_a_serializer_met_is_still_one(
    stop: BaseException, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of which pydantic keeps the text only."""

    class Stopped(BaseModel):
        @model_serializer
        def _stop(self) -> dict[str, int]:
            raise stop

    class Checked(BaseModel):
        @model_validator(mode="after")
        def _check(self) -> Self:
            Stopped().model_dump()
            return self

    with pytest.raises(PydanticSerializationError) as caught:
        Stopped().model_dump()
    assert exit_of(caught.value, monkeypatch) == status
    with pytest.raises(ValidationError) as refused:
        Checked.model_validate({})
    assert exit_of(refused.value, monkeypatch) == status


def test_memory_is_let_go_before_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Large:
        """What filled the memory."""

    alive: list[weakref.ref[Large]] = []
    told: list[str] = []

    def fill(**_: object) -> None:
        large = Large()
        alive.append(weakref.ref(large))
        raise MemoryError

    def tell(text: str) -> None:
        assert alive[0]() is None
        told.append(text)

    monkeypatch.setattr(cli, "app", fill)
    monkeypatch.setattr(cli, "tell", tell)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert [line.partition(":")[0] for line in told] == ["error"]


STOPPED_AS_IT_LOADS = """
import signal, sys
class Stop:
    def find_spec(self, name, *_):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Stop())
from {0} import main
main()
"""


def test_ctrl_c_is_quiet_while_the_command_is_being_loaded() -> None:
    """In the function that the installed command calls."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, function = project["project"]["scripts"]["o3sim"].partition(":")
    assert function == "main"
    code = STOPPED_AS_IT_LOADS.format(module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


SWALLOWED = """
import signal, time
from o3sim.cli import app as cli
class Gone:
    def __del__(self):
        {0}
def work(**_):
    gone = Gone()
    del gone
    time.sleep(20)
    raise AssertionError("went on")
cli.app = work
cli.main()
"""


def test_ctrl_c_in_a_destructor_stops_as_any_other_at_once() -> None:
    code = SWALLOWED.format("signal.raise_signal(signal.SIGINT)")
    before = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert time.monotonic() - before < 20  # the sleep did not go on to its end


def test_other_errors_in_a_destructor_are_printed() -> None:
    code = SWALLOWED.format("raise ValueError(7)").replace("sleep(20)", "sleep(0)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Exception ignored in" in done.stderr
    assert "ValueError: 7" in done.stderr
