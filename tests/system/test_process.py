"""Other programs are run without a shell, without input, and never raise for what they do."""

import sys
import time
from pathlib import Path

import pytest

from scaffold.errors import ScaffoldError
from scaffold.system import process

HERE = Path()


def python(code: str, patience: float = 60) -> process.Result:
    """Run Python code."""
    return process.run([sys.executable, "-c", code], HERE, patience=patience)


def test_output_and_exit_code_are_returned() -> None:
    """Stdout and stderr are separate."""
    result = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (result.code, result.stdout, result.stderr, result.ok, result.found) == (
        3,
        "out\n",
        "err\n",
        False,
        True,
    )


def test_exit_code_zero_is_ok() -> None:
    """Any other code is not."""
    assert python("").ok


def test_a_missing_program_is_not_found() -> None:
    """It does not raise."""
    result = process.run(["no-such-program-anywhere"], HERE)
    assert (result.ok, result.found) == (False, False)


def test_a_missing_folder_is_another_failure() -> None:
    """The system reports the same error, although the program exists."""
    result = process.run([sys.executable, "-c", ""], HERE / "nowhere")
    assert (result.ok, result.found, result.complaint) == (
        False,
        True,
        "the folder nowhere cannot be entered: no such file or directory",
    )


def test_a_program_that_takes_too_long_is_killed() -> None:
    """Stderr says so."""
    result = python("import signal; signal.pause()", patience=0.2)
    assert (result.ok, result.found, result.complaint) == (False, True, "it did not end within 0 seconds")


def test_there_is_no_input() -> None:
    """A program that reads stdin gets the end of file."""
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_output_may_be_binary() -> None:
    """File names can be any bytes."""
    assert python(r"import sys; sys.stdout.buffer.write(b'\xff')").stdout == "\udcff"


@pytest.mark.parametrize(
    ("stdout", "stderr", "complaint"),
    [
        ("", "hint: x\nfatal: it broke.\nhint: y\n", "fatal: it broke"),
        ("", "first\nlast.\n\n", "last"),
        ("said so\n", "", "said so"),
        ("", "", "it ended with code 9"),
    ],
)
def test_the_complaint_is_the_line_that_says_why(stdout: str, stderr: str, complaint: str) -> None:
    """It becomes part of an error message."""
    assert process.Result(9, stdout, stderr).complaint == complaint


def test_git_ignores_the_callers_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For example when scaffold runs in a git hook."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Mallory")
    assert process.git(["init", "-q"], tmp_path).ok
    assert (tmp_path / ".git").is_dir()
    assert process.git(["config", "user.name"], tmp_path).stdout == ""


def test_git_gets_the_given_settings(tmp_path: Path) -> None:
    """In addition to those that disable the user's hooks."""
    assert process.git(["config", "a.b"], tmp_path, {"a.b": "c"}).stdout == "c\n"
    assert process.git(["config", "core.hooksPath"], tmp_path).stdout == "/dev/null\n"


def test_a_running_program_has_output_and_exit_code() -> None:
    """Stdout and stderr are separate, while it runs and afterwards."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    with process.running([sys.executable, "-c", code], HERE) as program:
        assert program.wait(60) == 3
        assert (program.code, program.stdout, program.stderr) == (3, "out\n", "err\n")


def test_a_running_program_is_interrupted_as_at_a_terminal() -> None:
    """It can clean up."""
    code = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(3)); "
    code += "print('up', flush=True); signal.pause()"
    with process.running([sys.executable, "-c", code], HERE) as program:
        while "up" not in program.stdout:
            time.sleep(0.01)
        assert program.wait(0) is None
        program.interrupt()
        assert program.wait(60) == 3


def test_nothing_is_left_of_a_running_program() -> None:
    """Its orphaned children are killed too."""
    child = "import time; print('child', flush=True); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])"
    with process.running([sys.executable, "-c", code], HERE) as program:
        while "child" not in program.stdout:
            time.sleep(0.01)
        group = program._process.pid
    deadline = time.monotonic() + 60
    while process.run(["ps", "-o", "stat=", "-g", str(group)], HERE).stdout.strip(" Z\n"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_program_that_ignores_ctrl_c_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even children with their own session, such as the tasks of poe."""
    monkeypatch.setattr(process, "_GRACE", 0.2)
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    code = "import signal, subprocess, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    code += f"subprocess.run([sys.executable, '-c', {child!r}], start_new_session=True)"
    with process.running([sys.executable, "-c", code], HERE) as program:
        while not program.stdout:
            time.sleep(0.01)
        pid = program.stdout.strip()
    deadline = time.monotonic() + 60
    while process.run(["ps", "-o", "stat=", "-p", pid], HERE).stdout.strip(" Z\n"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_missing_running_program_is_named() -> None:
    """As a ScaffoldError."""
    with (
        pytest.raises(
            ScaffoldError, match=r"^no-such-program cannot be started in \.: no such file or directory\.$"
        ),
        process.running(["no-such-program"], HERE),
    ):
        pass
