"""Shell completion: the candidates, and the scripts in bash, zsh and fish."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scaffold.cli import main
from scaffold.terminal import completion
from tests.pseudoterminal import Session

KEYS = ["project_name=", "project_slug=", "description=", "author_name=", "author_email=", "license=", "ci="]
REQUIRED = "shells" in os.environ.get("SCAFFOLD_REQUIRE", "").split(",")


def offers(*words: str) -> list[str]:
    """Return what is offered for the last of the words, without the descriptions."""
    handed = "".join(f"{word}\n" for word in ("scaffold", *words)) + "."
    result = CliRunner().invoke(main, [], env={"SCAFFOLD_WORDS": handed})
    assert (result.exit_code, result.stderr) == (0, "")
    return [line.split("\t")[0] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["n"], ["new"]),
        (["new", "blog"], ["blog-django"]),
        (["show", "blog"], ["blog-django"]),
        (["new", "blog-django", ""], [":dirs"]),
        (["new", "blog-django", "-a", "lic"], ["license="]),
        (["new", "blog-django", "-a", "license=M"], ["license=MIT"]),
        (["new", "blog-django", "--answer", "ci="], ["ci=github", "ci=gitlab", "ci=jenkins"]),
        (["new", "blog-django", "--answer=ci=j"], ["--answer=ci=jenkins"]),
        (["new", "-a", "lic"], ["license="]),
        (["new", "nothing", "-a", "lic"], ["license="]),
        (["new", "blog-django", "-a", "project_name="], []),
        (["new", "blog-django", "-a", "nothing="], []),
        (["new", "blog-django", "--answers", ""], [":files"]),
        (["new", "--dr"], ["--dry-run"]),
        (["new", "--assignment", ""], [":files"]),
        (["as"], ["assignment"]),
        (["assignment", ""], ["check", "init"]),
        (["assignment", "check", ""], [":files"]),
        (["assignment", "init", "-t", "blog"], ["blog-django"]),
        (["assignment", "init", "-t", "blog-django", "-a", "ci=g"], ["ci=github", "ci=gitlab"]),
        (["cohort", ""], ["create", "push", "status"]),
        (["cohort", "create", ""], [":files"]),
        (["cohort", "create", "a.toml", ""], [":files"]),
        (["cohort", "create", "a.toml", "r.csv", "--out", ""], [":dirs"]),
        (["cohort", "status", ""], [":dirs"]),
        (["cohort", "push", "x", "--re"], ["--remote"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
    ids=" ".join,
)
def test_what_is_offered(words: list[str], offered: list[str]) -> None:
    """Commands, templates, answer keys with their sign, the choices after it, folders and files."""
    assert offers(*words) == offered


def test_every_key_of_a_template_is_offered() -> None:
    """In the order of the questions."""
    assert offers("new", "blog-django", "-a", "")[: len(KEYS)] == KEYS


def test_offers_come_with_descriptions() -> None:
    """Shells that can show them do."""
    handed = "scaffold\nnew\nblog-django\n-a\nlicense=M\n."
    result = CliRunner().invoke(main, [], env={"SCAFFOLD_WORDS": handed})
    value, _, about = result.stdout.rstrip("\n").partition("\t")
    assert value == "license=MIT"
    assert about


def test_completion_imports_no_template_engine() -> None:
    """Completion must be fast, so it renders nothing."""
    code = "import sys; from scaffold.cli import main\n"
    code += "try: main([])\nfinally: print({'jinja2', 'questionary'} & set(sys.modules))"
    with Session(
        [sys.executable, "-c", code], Path.cwd(), {"SCAFFOLD_WORDS": "scaffold\nnew\nblog-django\n-a\nlic\n."}
    ) as session:
        session.expect("set()")


@pytest.mark.parametrize("shell", completion.SCRIPTS)
def test_the_script_is_printed_as_it_is(shell: str) -> None:
    """`eval` gets exactly the script."""
    assert CliRunner().invoke(main, ["completion", shell]).stdout == completion.SCRIPTS[shell]


STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'PS1="ready> "; eval "$(scaffold completion bash)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        'PS1="ready> "; autoload -Uz compinit; compinit -u; eval "$(scaffold completion zsh)"',
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        'function fish_prompt; echo -n "ready> "; end; scaffold completion fish | source',
    ),
}


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("scaffold ne", "scaffold new "),
        ("scaffold new blo", "scaffold new blog-django "),
        ("scaffold show blo", "scaffold show blog-django "),
        ("scaffold new blog-django -a lic", "-a license="),
        ("scaffold new blog-django -a license=M", "-a license=MIT "),
        ("scaffold new blog-django -a ci=jen", "-a ci=jenkins "),
        ("scaffold new blog-django --answer=lic", "--answer=license="),
        ("scaffold new blog-django --answers ans", "--answers answers.toml "),
        ("scaffold new blog-django tea-h", "blog-django tea-house/"),
    ],
)
@pytest.mark.parametrize("shell", completion.SCRIPTS)
def test_a_real_shell_completes(shell: str, typed: str, completed: str) -> None:
    """Tab in an interactive shell writes the rest; a key stays open for its value, a word gets its space."""
    if shutil.which(shell) is None:
        assert not REQUIRED, f"{shell} is not installed"
        pytest.skip(f"{shell} is not installed, so its completion script was not run")
    Path("tea-house").mkdir()
    Path("answers.toml").touch()
    start, prepare = STARTS[shell]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with Session(start, Path.cwd(), {"PATH": path, "PROMPT_COMMAND": ""}, size=(120, 24)) as session:
        session.type(f"{prepare}\r")
        session.expect("\nready>")
        session.type("clear; echo begin\r")
        session.expect("begin\nready>")
        session.type(f"{typed}\t")
        session.expect(completed.rstrip())
        session.type("x")
        session.expect(f"{completed}x")
