"""What a command leaves in a folder, and how that compares with what one left that nobody hurt."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.kills.commands import Writing
from tests.kills.running import Commands, Ended

Files = dict[str, bytes]
OLD = b"what was there before\n"


def files_of(folder: Path) -> Files:
    """Read every file in a folder, by its path from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_temporary(path: str) -> bool:
    """Tell what is on its way to another name."""
    return any(part.startswith(".") and part != ".lock" for part in Path(path).parts)


def scratch_of(folder: Path) -> set[str]:
    """Name what is left in ``TMPDIR`` by commands that ran in a folder; o3sim's own is not to be there."""
    scratch = folder.with_name(f"{folder.name}-scratch")
    names = {path.name for path in scratch.glob("*")}
    assert not [name for name in names if name.startswith(("o3sim-", "pymp-", "tmp"))]
    return names


@dataclass(frozen=True)
class Unhurt:
    """A command that ran to its end, in which folder, and how it looked there before and after."""

    command: Writing
    commands: Commands
    prepared: Path
    before: Files
    after: Files
    scratch: set[str]
    ended: Ended

    def fresh(self, folder: Path, over: bool = False) -> Path:
        """Prepare another folder, where files that are to be replaced are there already if ``over``."""
        shutil.copytree(self.prepared, folder)
        for name in self.command.over if over else ():
            (folder / name).write_bytes(OLD)
        return folder

    def go_on(self, folder: Path) -> Ended:
        """Run the command again, as users do after it was cut off."""
        return self.commands.run(folder, *self.command.words.split(), *self.command.again.split())

    def assert_whole(self, folder: Path) -> None:
        """Assert that every file is there as it was, as it is to be, or not at all."""
        for path, content in files_of(folder).items():
            name = Path(path).name
            if is_temporary(path) or name in self.command.keeps or content == self.before.get(path):
                continue
            assert path in self.after, path
            if name in self.command.varies:
                continue
            same = content == self.after[path]
            same |= name in self.command.over and content == OLD
            same |= name in self.command.grows and self.after[path].startswith(content)
            assert same, f"{path} is neither old nor new"

    def assert_finished(self, folder: Path) -> None:
        """Assert that all is there as without the harm, and nothing else."""
        found = files_of(folder)
        assert sorted(found) == sorted(self.after)
        for path, content in found.items():
            assert Path(path).name in self.command.varies or content == self.after[path], path
        assert scratch_of(folder) <= self.scratch


def run_unhurt(commands: Commands, command: Writing, folder: Path) -> Unhurt:
    """Prepare a folder, and run a command in a copy of it."""
    prepared, there = folder / "prepared", folder / "there"
    prepared.mkdir()
    command.prepare(prepared)
    shutil.copytree(prepared, there)
    before = files_of(there)
    ended = commands.run(there, *command.words.split())
    assert ended.status == 0, ended.err
    return Unhurt(command, commands, prepared, before, files_of(there), scratch_of(there), ended)
