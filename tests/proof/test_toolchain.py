"""Projects are run with uv and a Python of this machine, and with nothing of the caller's."""

import os
import sys
from pathlib import Path

import pytest

from scaffold.errors import ScaffoldError
from scaffold.proof import toolchain
from scaffold.proof.toolchain import Toolchain


def test_an_interpreter_is_found_by_its_path() -> None:
    """With uv, and both say which they are."""
    found = toolchain.find(sys.executable)
    version = ".".join(map(str, sys.version_info[:3]))
    assert found.python == Path(sys.executable)
    assert found.versions.startswith("uv ")
    assert found.versions.endswith(f", Python {version}")


def test_an_interpreter_is_found_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PATH, if it is what it is called."""
    (tmp_path / "python3.99").write_text("#!/bin/sh\necho Python 3.99.1\n", encoding="utf-8")
    (tmp_path / "python3.99").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert toolchain.find("3.99").python == tmp_path / "python3.99"


def test_an_interpreter_that_is_not_there_is_named() -> None:
    """With what to do."""
    with pytest.raises(ScaffoldError, match=r"^There is no Python 3\.98 on PATH, in pyenv or known to uv\.$"):
        toolchain.find("3.98")


def test_nothing_of_the_caller_leaks_into_a_project(
    stand_in: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither variables nor tools; uv is the first on PATH."""
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PORT", "DJANGO_DEBUG", "PYTEST_ADDOPTS"):
        monkeypatch.setenv(name, "mine")
    own = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", own, prepend=os.pathsep)
    (tmp_path / "run").mkdir()
    found = stand_in.environment(tmp_path / "run", UV_OFFLINE="1")
    assert "mine" not in found.values()
    assert own not in found["PATH"].split(os.pathsep)
    assert Path(found["PATH"].split(os.pathsep)[0], "uv").resolve() == stand_in.uv
    assert (found["UV_PYTHON"], found["UV_OFFLINE"]) == (str(stand_in.python), "1")
