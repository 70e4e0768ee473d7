"""The ``o3sim`` command line: registers the commands and turns errors into one line each.

A command is a plain function in a file of its own, annotated for typer; its docstring is its help
and the first line of that is what ``--help`` lists. A group of commands is a ``typer.Typer`` in a
file of its own. Options that several commands have are declared in ``options.py`` alone. Such a
file imports only typer, the standard library, ``o3sim.errors`` and ``o3sim.files.inputs``; everything heavier
(pydantic, NumPy, Numba, SimPy) is imported inside the function, because this file imports every command
to show ``o3sim --help``. A command reports wrong input by raising ``InputError`` and prints results to
stdout, progress to stderr.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated

import typer

from o3sim.cli.allow import allow
from o3sim.cli.balance import balance
from o3sim.cli.cliffs import cliffs
from o3sim.cli.completion import ASKED, answer, completion
from o3sim.cli.data import data
from o3sim.cli.diff import diff
from o3sim.cli.docs import docs
from o3sim.cli.example import example
from o3sim.cli.explain import explain
from o3sim.cli.explore import explore
from o3sim.cli.export import export
from o3sim.cli.fifo import fifo
from o3sim.cli.golden import golden_app
from o3sim.cli.importing import import_app
from o3sim.cli.listing import list_shipped
from o3sim.cli.old_spellings import Calibration, FolderOption
from o3sim.cli.order import order
from o3sim.cli.plot import plot_app
from o3sim.cli.profile import profile
from o3sim.cli.report import report
from o3sim.cli.reproduce import reproduce
from o3sim.cli.rtl import rtl
from o3sim.cli.run import run
from o3sim.cli.schema import schema
from o3sim.cli.show import show
from o3sim.cli.speculate import speculate
from o3sim.cli.streams import OUTPUT, abandon_output, prepare_streams, tell
from o3sim.cli.swallowed import swallowed_stops_repeated
from o3sim.cli.sweep import sweep
from o3sim.cli.timeline import timeline
from o3sim.cli.trace import trace
from o3sim.cli.train import train
from o3sim.cli.validate import validate
from o3sim.errors import ConfigError, InputError
from o3sim.network.heartbeat import heartbeat

EXIT_INPUT = 2
EXIT_BROKEN_PIPE = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Simulate out-of-order accelerators for binarized neural networks, cycle by cycle.",
    no_args_is_help=True,
    add_completion=False,  # `o3sim completion`
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # plain help: importing rich would take a third of its time
    pretty_exceptions_enable=False,
)
app.command(short_help="Run a network through a machine.")(run)
app.command(short_help="Run every combination of some parameters.")(sweep)
app.command(short_help="Search the best machines for a network.")(explore)
app.command(short_help="Write a page about a sweep, or a comparison.")(report)
app.command(short_help="Tell where the cycles of a run went.")(explain)
app.command(short_help="Find how deep a pipeline's FIFOs have to be.")(fifo)
app.command(short_help="Count what pruning can leave out.")(profile)
app.command(short_help="Write what happens in a layer, cycle by cycle.")(trace)
app.command(short_help="Write a page to look at a layer, cycle by cycle.")(timeline)
app.command(short_help="Show where two traces or results part.")(diff)
app.command(short_help="Write a machine as SystemVerilog, and check it.")(rtl)
app.command(short_help="Write tiny cases that show the rules of timing.")(cliffs)
app.command(short_help="Set published claims beside measurements.", cls=FolderOption)(reproduce)
app.command(short_help="Evaluate edges in an order that decides earlier.", cls=Calibration)(order)
app.command(short_help="Measure channels, to balance groups of PEs.")(balance)
app.command(short_help="Set bounds to call likely outcomes by: not exact.", cls=Calibration)(speculate)
app.command(short_help="Convert a data set's standard files.")(data)
app.command(short_help="Train a network that prunes well.")(train)
app.add_typer(golden_app, name="golden")
app.add_typer(plot_app, name="plot")
app.add_typer(import_app, name="import")
app.command(short_help="Write a network for other tools.")(export)
app.command(short_help="Keep consent to run a Python file.")(allow)
app.command()(validate)
app.command()(show)
app.command("list", short_help="List what is shipped.")(list_shipped)
app.command(short_help="Read the manual.")(docs)
app.command(short_help="Write the files that the manual uses.")(example)
app.command(cls=FolderOption)(schema)
app.command(short_help="Make a shell complete names and keys.")(completion)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"o3sim {version('o3sim')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options that come before a command."""


def main() -> None:
    """Run the command line; what the user can mend ends in one line and exit status 2."""
    try:
        prepare_streams()
        try:
            with swallowed_stops_repeated(), heartbeat(tell):
                answer(app) if ASKED in os.environ else app(prog_name="o3sim")
        except Exception as error:
            _obey_stop(error)
            raise
        finally:
            sys.stdout.flush()  # so that a closed pipe shows here and not in the interpreter's exit
    except InputError as error:
        sys.exit(_refuse(error))
    except BrokenPipeError:
        abandon_output()
        sys.exit(EXIT_BROKEN_PIPE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        sys.exit(_refuse_by_system(error))
    except MemoryError:
        pass  # told below, where what filled the memory is let go: within here not even a line may fit
    else:
        return
    tell("error: not enough memory: a smaller network or machine, fewer images or --jobs need less")
    sys.exit(EXIT_INPUT)


_STOP_IN_TEXT = re.compile(
    r"^(?: *Value error, )?Error calling function `\w+`: (?:(KeyboardInterrupt)|SystemExit: (\d+))",
    re.MULTILINE,
)
"""What pydantic leaves of an exception out of a serializer that it, or a validator, calls: only this text."""


def _obey_stop(error: BaseException) -> None:
    """Stop if an error comes from that: libraries that call back turn ctrl-C into errors of theirs."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (KeyboardInterrupt, SystemExit)):
            raise seen from None
        if told := _STOP_IN_TEXT.search(str(seen)):
            raise (KeyboardInterrupt() if told[1] else SystemExit(int(told[2]))) from None
        seen = seen.__cause__ or seen.__context__


def _refuse(error: InputError) -> int:
    """Print an error; positions stand at the start of their lines, where editors look for them."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        tell(str(error))
        tell(f"error: {count} problem{'s' * (count != 1)} in the configuration")
    else:
        tell(f"error: {error}")
    return EXIT_INPUT


def _refuse_by_system(error: OSError) -> int:
    """Print what the system refused, and of what."""
    if error.filename == OUTPUT:
        abandon_output()
    reason = error.strerror or str(error) or type(error).__name__
    tell(f"error: {reason}" if error.filename is None else f"error: {error.filename}: {reason}")
    return EXIT_INPUT
