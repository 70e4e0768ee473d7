"""Code of the user's files runs with consent only: to its content, for a while or kept."""

from __future__ import annotations

import hashlib
import os
import py_compile
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from o3sim.config import custom_load
from o3sim.config.code_content import CodeContent, content_of_code
from o3sim.config.consent import allow_code, allowed_content, check_consent, consent_of_task
from o3sim.config.custom_load import load_class
from o3sim.config.kept_consent import keep_consent, kept_file
from o3sim.errors import InputError
from tests.sample_runs import architecture

CODE = """\
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
import {helper}
sys.path.pop(0)
class Mine:
    says = {helper}.SAYS
"""


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    file = tmp_path / "alone.py"
    file.write_text("class Mine: ...\n")
    return file


@pytest.fixture
def code(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file that imports a module beside it, whose name no other test has: imports happen once a process."""
    helper = f"helper_{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}"
    (tmp_path / f"{helper}.py").write_text("SAYS = 'aaa'\n")
    file = tmp_path / "mine.py"
    file.write_text(CODE.format(helper=helper))
    return file


def helper_of(code: Path) -> Path:
    (path,) = content_of_code(code).others.values()
    return path


def load(file: Path) -> type:
    return load_class(f"{file}:Mine", object)


def refused(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(file)
    return str(caught.value)


def test_nothing_runs_unasked(tmp_path: Path) -> None:
    file = tmp_path / "evil.py"
    file.write_text("raise SystemExit('ran')\nclass Mine: ...\n")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert refused(file).startswith(f"{file} (SHA-256 {sha256}): would run ")


def test_consent_lasts_as_long_as_its_block(alone: Path) -> None:
    with allow_code():
        load(alone)
    assert "would run" in refused(alone)
    consent = allow_code()
    load(alone)
    consent.close()
    consent.close()
    assert "would run" in refused(alone)


def test_hashes_allow_what_has_them(alone: Path, code: Path) -> None:
    with allow_code(content_of_code(code).sha256, "0" * 64):
        load(code)
        assert "would run" in refused(alone)


@pytest.mark.parametrize("wrong", ["", "all", "0" * 63, "G" * 64, None, 7])
def test_what_is_no_hash_allows_nothing(wrong: str, alone: Path) -> None:
    with pytest.raises(InputError, match="expected a SHA-256"):
        allow_code(wrong)
    assert "would run" in refused(alone)


def test_the_hash_covers_what_is_imported(code: Path) -> None:
    before = content_of_code(code).sha256
    assert f"{code} with {helper_of(code).name} (SHA-256 of all {before})" in refused(code)
    helper_of(code).write_text("SAYS = 'bbb'\n")
    assert content_of_code(code).sha256 != before
    with allow_code(before):
        assert "would run" in refused(code)


@pytest.mark.parametrize("suffix", [EXTENSION_SUFFIXES[0], ".pyc"])
def test_the_hash_covers_modules_that_are_no_text(code: Path, suffix: str) -> None:
    before, helper = content_of_code(code), helper_of(code)
    if suffix == ".pyc":
        helper.unlink()  # Python takes bytecode where there is no text, machine code even where there is
    other = helper.with_suffix(suffix)
    other.write_bytes(b"\0")
    now = content_of_code(code)
    assert list(now.others.values()) == [other]
    assert now.sha256 != before.sha256


def test_a_name_that_is_computed_is_not_seen(code: Path) -> None:
    helper = helper_of(code).stem
    code.write_text(f"import importlib\nfound = importlib.import_module('{helper}')\nclass Mine: ...\n")
    assert not content_of_code(code).others


def plant_bytecode(file: Path, text: str) -> None:
    """Put bytecode of something else where Python takes it without comparing."""
    right = file.read_text()
    file.write_text(text)
    py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    file.write_text(right)


def test_bytecode_beside_the_text_is_not_run(code: Path) -> None:
    plant_bytecode(code, "class Mine:\n    says = 'evil'\n")
    plant_bytecode(helper_of(code), "SAYS = 'evil'\n")
    with allow_code():
        assert load(code).says == "aaa"  # type: ignore[attr-defined]  # of the file above


def test_the_text_that_was_allowed_runs_not_what_the_file_is_by_then(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_once_allowed(file: Path) -> CodeContent:
        content = allowed_content(file)
        file.write_text("class Mine:\n    says = 'late'\n")
        return content

    monkeypatch.setattr(custom_load, "allowed_content", changed_once_allowed)
    with allow_code():
        found = load(alone)
    assert not hasattr(found, "says")
    assert sys.modules[found.__module__].__file__ == str(alone)


def test_kept_consent_is_to_the_content(code: Path) -> None:
    keep_consent([content_of_code(code)])
    load(code)
    keep_consent([content_of_code(code)])
    assert kept_file().read_text() == f"{content_of_code(code).sha256}  {code}\n"
    assert kept_file().stat().st_mode & 0o777 == 0o600
    helper_of(code).write_text("SAYS = 'ccc'\n")
    assert "would run" in refused(code)


def test_a_line_that_is_removed_is_no_consent(alone: Path, code: Path) -> None:
    keep_consent([content_of_code(alone), content_of_code(code)])
    kept_file().write_text(kept_file().read_text().splitlines()[1] + "\n\nremark\n")
    assert "would run" in refused(alone)
    load(code)


def by_others(kept: Path) -> None:
    kept.chmod(0o620)


def by_a_pipe(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept)


@pytest.mark.parametrize(("change", "says"), [(by_others, "others can write it"), (by_a_pipe, "is a pipe")])
def test_a_file_that_may_be_of_others_is_no_consent(
    alone: Path, change: Callable[[Path], None], says: str
) -> None:
    keep_consent([content_of_code(alone)])
    change(kept_file())
    assert says in refused(alone)


def test_consent_is_not_looked_for_where_code_may_have_come_along(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o3sim").mkdir()
    (tmp_path / "o3sim" / "allowed-code").write_text(f"{content_of_code(alone).sha256}\n")
    assert kept_file() == tmp_path / "home" / ".config" / "o3sim" / "allowed-code"
    assert "would run" in refused(alone)
    monkeypatch.setenv("HOME", ".")
    with pytest.raises(InputError, match="no configuration folder"):
        kept_file()


def test_all_that_is_refused_is_told_at_once(alone: Path, code: Path) -> None:
    machines = [architecture(scheduler={"policy": f"{file}:Mine"}) for file in (alone, alone, code)]
    with pytest.raises(InputError) as caught:
        check_consent(*machines, more=[f"{alone}:Mine", "lockstep", 7])
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{alone} (")
    assert second.startswith(f"{code} with ")


def test_consent_comes_back_as_hashes_for_workers(alone: Path, code: Path) -> None:
    machines = [architecture(scheduler={"policy": f"{file}:Mine"}) for file in (alone, code)]
    with allow_code():
        told = check_consent(*machines, architecture())
    assert told == {content_of_code(alone).sha256, content_of_code(code).sha256}
    with consent_of_task(told):
        load(alone)
        alone.write_text("class Mine: says = 1\n")
        assert "is not what was allowed to run" in refused(alone)


def test_a_task_runs_with_the_consent_of_its_command_alone(alone: Path) -> None:
    keep_consent([content_of_code(alone)])
    with allow_code(), consent_of_task(frozenset()):
        assert "is not what was allowed to run" in refused(alone)
    load(alone)
