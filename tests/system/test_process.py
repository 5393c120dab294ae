"""Other programs are run without a shell, without input, and never raise for what they do."""

import sys
from pathlib import Path

import pytest

from scaffold.system import process

HERE = Path()


def python(code: str, patience: float = 60) -> process.Result:
    """Run a line of Python."""
    return process.run([sys.executable, "-c", code], HERE, patience=patience)


def test_output_and_code_come_back() -> None:
    """Both streams apart."""
    result = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (result.code, result.stdout, result.stderr, result.ok, result.found) == (
        3,
        "out\n",
        "err\n",
        False,
        True,
    )


def test_success_is_ok() -> None:
    """Code 0."""
    assert python("").ok


def test_a_program_that_is_not_there_is_not_found() -> None:
    """Not an exception."""
    result = process.run(["no-such-program-anywhere"], HERE)
    assert (result.ok, result.found) == (False, False)


def test_a_folder_that_is_not_there_is_another_failure() -> None:
    """The system gives one error for both, and the program is there."""
    result = process.run([sys.executable, "-c", ""], HERE / "nowhere")
    assert (result.ok, result.found, result.complaint) == (
        False,
        True,
        "the folder nowhere cannot be entered: no such file or directory",
    )


def test_a_program_that_takes_too_long_is_ended() -> None:
    """With a sentence on it."""
    result = python("import signal; signal.pause()", patience=0.2)
    assert (result.ok, result.found, result.complaint) == (False, True, "it did not end within 0 seconds")


def test_there_is_no_input() -> None:
    """A program that asks gets the end of the file at once."""
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_output_that_is_not_text_does_no_harm() -> None:
    """File names are bytes."""
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
    """For use in a sentence of ours."""
    assert process.Result(9, stdout, stderr).complaint == complaint


def test_git_sees_no_other_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As when scaffold runs in somebody's git hook."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Mallory")
    assert process.git(["init", "-q"], tmp_path).ok
    assert (tmp_path / ".git").is_dir()
    assert process.git(["config", "user.name"], tmp_path).stdout == ""


def test_git_gets_the_settings_it_is_given(tmp_path: Path) -> None:
    """On top of those that keep the person's hooks out."""
    assert process.git(["config", "a.b"], tmp_path, {"a.b": "c"}).stdout == "c\n"
    assert process.git(["config", "core.hooksPath"], tmp_path).stdout == "/dev/null\n"
