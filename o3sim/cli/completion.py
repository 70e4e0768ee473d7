"""Shell completion: ``o3sim completion SHELL`` prints a script, which asks o3sim itself what may follow.

The script gives the words up to the cursor as they are, with :data:`ASKED` set, and gets a line for each
candidate: the word, and after a tab what it is. Nothing is printed where files are meant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from o3sim.errors import InputError

ASKED = "_O3SIM_COMPLETE"

_BASH = """\
# Completion of o3sim for bash:  source <(o3sim completion bash)
_o3sim() {
    local IFS=$'\\n' current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=($(_O3SIM_COMPLETE=bash o3sim "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${COMPREPLY[0]} == *[=] ]] && compopt -o nospace
}
complete -o default -F _o3sim o3sim
"""

_ZSH = """\
#compdef o3sim
# Completion of o3sim for zsh:  source <(o3sim completion zsh)   # after compinit
_o3sim() {
    local -a values says
    local word what
    while IFS=$'\\t' read -r word what; do
        values+=("$word")
        says+=("$word${what:+  -- $what}")
    done < <(_O3SIM_COMPLETE=zsh o3sim "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ! $#values )); then
        _files
    elif [[ $values[1] == *= ]]; then
        compadd -l -d says -S '' -a values
    else
        compadd -l -d says -a values
    fi
}
compdef _o3sim o3sim
"""

_FISH = """\
# Completion of o3sim for fish:  o3sim completion fish | source
function __o3sim_complete
    set -l words (commandline -opc) (commandline -ct)
    _O3SIM_COMPLETE=fish o3sim $words[2..-1] 2>/dev/null
end
complete -c o3sim -a '(__o3sim_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL",
            help="bash, zsh or fish.",
            autocompletion=lambda incomplete: [name for name in SCRIPTS if name.startswith(incomplete)],
        ),
    ],
) -> None:
    """Print a script that makes a shell complete commands, shipped names and keys.

    For this session: `source <(o3sim completion bash)`, the same with zsh, or `o3sim completion fish |
    source`; for every one, put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.
    """
    if shell not in SCRIPTS:
        raise InputError(f"no completion for `{shell}`: there is one for {', '.join(SCRIPTS)}")
    print(SCRIPTS[shell], end="")


def answer(application: typer.Typer) -> None:
    """Print what may follow the words of the command line, if the script asks."""
    shell = os.environ[ASKED]
    words = sys.argv[1:]
    joined = _joined(words) if shell == "bash" else words
    *before, incomplete = joined or [""]
    for value, says in candidates(application, before, incomplete):
        if shell == "bash":  # which has split the word at each of these, and completes the last part
            print(value[len(incomplete) - len(_last_part(words)) :])
        else:
            print(f"{value}\t{says}".rstrip("\t"))


def candidates(application: typer.Typer, before: Sequence[str], incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the words that may stand after others, each with what it is."""
    from typer._completion_classes import BashComplete  # knows what is a command, an option or a value
    from typer.main import get_command

    asked: Any = BashComplete(get_command(application), {}, "o3sim", ASKED)
    for item in asked.get_completions(list(before), incomplete):
        if item.type == "plain":  # others are files, which shells complete themselves
            yield str(item.value), " ".join(str(item.help or "").split())


def _joined(words: Sequence[str]) -> list[str]:
    """Put words together that bash has split at ``=``, where there was no space.

    >>> _joined(["run", "--set", "pe.count", "="])
    ['run', '--set', 'pe.count=']
    """
    whole: list[str] = []
    after = False
    for word in words:
        if whole and (after or word == "="):
            whole[-1] += word
        else:
            whole.append(word)
        after = word == "="
    return whole


def _last_part(words: Sequence[str]) -> str:
    return "" if not words or words[-1] == "=" else words[-1]
