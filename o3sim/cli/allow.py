"""`o3sim allow`: consent to run code, kept for its content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def allow(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.py...", help="Files that you have read.")],
) -> None:
    """Let every command run these Python files, as they are now, where FILE.py:Class names them.

    Consent is to their content and that of the local modules that they import: when one of them changes,
    it is asked for again. It is kept in o3sim/allowed-code in your configuration folder ($XDG_CONFIG_HOME,
    else ~/.config); remove a line to take it back.
    """
    from o3sim.config.code_content import content_of_code
    from o3sim.config.kept_consent import keep_consent, kept_file

    contents = [content_of_code(file) for file in files]
    keep_consent(contents)
    for content in contents:
        print(f"allowed {content}")
    print(f"kept in {kept_file()}")
