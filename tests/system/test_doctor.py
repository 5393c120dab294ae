"""The doctor: what is there, what is not, how to get it, and never longer than a few seconds."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from scaffold.catalog import registry
from scaffold.cli import main
from scaffold.system import doctor

Program = Callable[..., None]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """Empty PATH, and return a function that adds a shell script to it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def add(name: str, script: str) -> None:
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)

    return add


def found() -> dict[str, doctor.Check]:
    """Return the checks by name."""
    return {check.name: check for check in doctor.run_checks()}


def test_a_complete_machine_needs_no_hints(program: Program) -> None:
    """Versions are parsed from the output of the programs."""
    program("uv", "echo 'uv 0.9.3 (0c6dd5a 2026-01-01)'")
    program("git", 'case "$*" in *--version) echo git version 2.51.0;; *) exec /usr/bin/git "$@";; esac')
    program(
        "docker",
        'case "$1" in compose) echo 2.40.1;; version) echo 28.5.1;; *) echo Docker version 28;; esac',
    )
    checks = found()
    assert [check.found for name, check in checks.items() if name != "Python"] == [
        "0.9.3", "2.51.0", "Ada Lovelace <ada@example.org>", "28.5.1", "2.40.1",
    ]  # fmt: skip
    assert not any(check.hint for name, check in checks.items() if name != "Python")
    assert all(check.needed_for for check in checks.values())


@pytest.mark.parametrize(
    ("version", "works"),
    [
        ("0.4.20", False),
        ("0.4.26", False),
        ("0.4.27", True),
        ("0.5.0", True),
        ("0.13.9", True),
        ("1.0", True),
    ],
)
def test_an_old_uv_gets_a_hint(program: Program, version: str, *, works: bool) -> None:
    """Before 0.4.27, uv has no dependency groups, so `uv run poe dev` finds no poe."""
    program("uv", f"echo 'uv {version} (0c6dd5a 2026-01-01)'")
    (row,) = (
        row
        for row in CliRunner().invoke(main, ["doctor"]).stdout.splitlines()
        if row[1:5] == " uv " and row[0] != " "
    )
    assert row.split() == ["✔" if works else "-", "uv", version]
    hint = f"uv {version} is too old to run a project; 0.4.27 or newer is required."
    assert found()["uv"].hint.startswith("" if works else hint)
    assert bool(found()["uv"].hint) != works


@pytest.mark.usefixtures("program")
def test_an_empty_machine_gets_hints() -> None:
    """Each missing program has a hint, and only Python is required."""
    checks = found()
    assert [name for name, check in checks.items() if check.found is None] == [
        "uv", "git", "git identity", "Docker engine", "Docker Compose",
    ]  # fmt: skip
    assert all(check.hint for name, check in checks.items() if name != "Python")
    assert [name for name, check in checks.items() if check.required] == ["Python"]


def test_a_docker_engine_that_is_not_running(program: Program) -> None:
    """The hint differs from that of a missing Docker."""
    program("docker", 'case "$1" in --version) echo Docker version 28.5.1;; *) exit 1;; esac')
    engine = found()["Docker engine"]
    assert engine.found is None
    assert engine.hint.startswith("Docker is installed, but its engine is not running")


def test_an_old_python_gets_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scaffold runs on Python 3.11, its projects do not."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert "Projects need Python 3.12 or newer" in found()["Python"].hint
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    assert found()["Python"].hint == ""


def test_a_hanging_program_times_out(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs run concurrently, each with a timeout."""
    monkeypatch.setattr(doctor, "TIMEOUT", 0.3)
    for name in ("uv", "docker"):
        program(name, "exec /bin/sleep 30")
    start = time.monotonic()
    assert found()["uv"].found is None
    assert time.monotonic() - start < 5


def test_a_port_in_use_gets_a_hint() -> None:
    """It names the port, the templates and the variable that changes it."""
    (template, *_) = registry.load_all()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        taken = doctor._check_port(number, "shop")
        assert (taken.port, taken.free, taken.needed_for) == (number, False, "shop")
        assert f"Another program listens on 127.0.0.1:{number}" in taken.hint
        assert "set PORT in the project's .env" in taken.hint
    assert doctor._check_port(number, "shop").free
    assert {8000, 8080, 8443} <= {port.port for port in doctor.check_ports([template])}


def test_a_bound_port_without_a_listener_is_in_use() -> None:
    """It refuses connections, but cannot be bound again."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert not doctor._check_port(other.getsockname()[1], "shop").free


def test_an_author_without_a_committer_is_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit needs both."""
    assert found()["git identity"].found == "Ada Lovelace <ada@example.org>"
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    assert found()["git identity"].found is None


@pytest.mark.usefixtures("program")
def test_missing_programs_are_not_an_error() -> None:
    """The command succeeds, and says what each program is needed for."""
    result = CliRunner().invoke(main, ["doctor"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        "- uv              not found\n  for installing and running a project in one command\n"
        in result.stdout
    )
    assert "Port 8000" in result.stdout


def test_the_checks_as_json(program: Program) -> None:
    """The same data in machine-readable form."""
    program("uv", "echo uv 0.9.3")
    told = json.loads(CliRunner().invoke(main, ["doctor", "--json"]).stdout)
    assert list(told) == ["checks", "ports"]
    assert told["checks"][1] == {
        "name": "uv",
        "found": "0.9.3",
        "needed_for": "installing and running a project in one command",
        "required": False,
        "hint": "",
    }
    assert all(list(port) == ["port", "free", "needed_for", "hint"] for port in told["ports"])
    assert os.listdir() == []
