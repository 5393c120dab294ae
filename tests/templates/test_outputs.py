"""Every template, generated for every combination of its choices that makes a difference."""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from .harness.choices import CHOICES, Choices, label
from .harness.parsing import unreadable, untidy
from .harness.processes import environment, run
from .harness.projects import Project, Scaffold, executable, tree
from .harness.traces import traces

# A file more is a decision, made here. CONTRACT.md wants well under a hundred, and modules under
# 200 lines; the features and one test per OWASP category take this many.
MOST_FILES = {"blog-django": 165, "chat-websockets": 185, "ecommerce-flask": 155, "iot-fastapi": 225}
LICENCES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License",
    "BSD-3-Clause": "BSD 3-Clause License",
    "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE",
}


@pytest.fixture(scope="module", params=list(CHOICES.values()), ids=list(CHOICES))
def choices(request: pytest.FixtureRequest) -> Choices:
    """Return the questions of one template, then of the next."""
    given = request.param
    assert isinstance(given, Choices)
    return given


@pytest.fixture(scope="module")
def baked(
    choices: Choices, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Project]:
    """Generate each combination once, by the installed command."""
    folder = tmp_path_factory.mktemp("baked")
    return {
        label(answers): scaffold.new(choices.template, folder / label(answers) / choices.folder, answers)
        for answers in choices.combinations
    }


def found(baked: dict[str, Project], look: Callable[[Project, dict[str, bytes]], Iterable[str]]) -> list[str]:
    """Return everything that `look` finds in the projects, each with where and how often."""
    where: dict[str, list[str]] = {}
    for name, project in baked.items():
        for finding in look(project, tree(project.path)):
            where.setdefault(finding, []).append(name)
    return [f"{what} (in {len(names)}, such as {names[0]})" for what, names in where.items()]


def test_every_file_parses(baked: dict[str, Project]) -> None:
    """Every TOML, YAML, JSON, HTML, XML and environment file is valid."""

    def look(_project: Project, files: dict[str, bytes]) -> Iterator[str]:
        yield from (f"{path}: {why}" for path, why in unreadable(files).items())

    assert found(baked, look) == []


def test_every_file_is_tidy(baked: dict[str, Project]) -> None:
    """Every file has Unix line ends, no trailing space and exactly one newline at its end."""

    def look(_project: Project, files: dict[str, bytes]) -> Iterator[str]:
        yield from (f"{path} {why}" for path, why in untidy(files).items())

    assert found(baked, look) == []


def test_no_hole_is_left(baked: dict[str, Project]) -> None:
    """No placeholder of Cookiecutter is left in a path or a text."""
    hole = re.compile(rb"cookiecutter|\{%-? *(raw|endraw)")

    def look(_project: Project, files: dict[str, bytes]) -> Iterator[str]:
        yield from (path for path, text in files.items() if hole.search(path.encode() + text))

    assert found(baked, look) == []


def test_no_trace_of_what_was_not_chosen(baked: dict[str, Project]) -> None:
    """Nothing names a licence, CI, Python or database that was not chosen."""
    assert found(baked, lambda project, files: traces(files, project.answers)) == []


def test_no_more_files_than_counted(choices: Choices, baked: dict[str, Project]) -> None:
    """A project has no more files than its template is allowed."""
    counts = {
        name: len([text for text in tree(project.path).values() if text]) for name, project in baked.items()
    }
    assert max(counts.values()) <= MOST_FILES[choices.template]


def test_manifest_names_exactly_the_files(baked: dict[str, Project]) -> None:
    """The manifest lists every file but itself and the secrets, and tells the answers."""

    def look(project: Project, files: dict[str, bytes]) -> Iterator[str]:
        manifest = json.loads(files[".scaffold.json"])
        listed = set(manifest["files"])
        yield from listed ^ (set(files) - {".env", ".scaffold.json"})
        if not project.answers.items() <= manifest["answers"].items():
            yield f"answers are {manifest['answers']}"

    assert found(baked, look) == []


def test_licence_is_the_chosen_one(baked: dict[str, Project]) -> None:
    """LICENSE is the chosen licence's text, pyproject.toml names it; with none, neither does."""

    def look(project: Project, files: dict[str, bytes]) -> Iterator[str]:
        chosen = project.answers["license"]
        about = project.pyproject["project"]
        assert isinstance(about, dict)
        text = files.get("LICENSE", b"").decode().strip().partition("\n")[0].strip()
        if text != LICENCES.get(chosen, ""):
            yield f"LICENSE of {chosen} starts with {text!r}"
        if about.get("license", "none") != chosen:
            yield f"pyproject.toml of {chosen} has {about.get('license')}"

    assert found(baked, look) == []


def test_python_is_the_same_in_every_project(baked: dict[str, Project]) -> None:
    """Per database the code has the same bytes: what holds for one output holds for all."""
    seen: dict[str, dict[str, bytes]] = {}
    for project in baked.values():
        files = tree(project.path)
        code = {path: text for path, text in files.items() if path.endswith((".py", ".html"))}
        first = seen.setdefault(project.answers.get("database", ""), code)
        assert code == first, f"{label(project.answers)} differs"


def test_every_output_is_formatted_and_lints(
    baked: dict[str, Project], scaffold: Scaffold, python: str
) -> None:
    """The formatter changes nothing and the linter finds nothing, for every choice."""
    wrong = []
    for project in baked.values():
        seed = (project.path / "uv.lock").read_bytes()
        ready = scaffold.ready(project, python)
        assert ready.venv
        ruff = executable(ready.venv, "ruff")
        for words in (["format", "--check"], ["check"]):
            done = run([ruff, *words, "--no-cache", "."], project.path)
            if done.code:
                wrong.append(f"{label(project.answers)}: {done.text[-1500:]}")
        (project.path / "uv.lock").write_bytes(seed)
    assert wrong == []


def secret_names(files: Mapping[str, bytes]) -> list[str]:
    """Return the names in .env, whose values are new in every project."""
    lines = files[".env"].decode().splitlines()
    return [line.partition("=")[0] for line in lines]


def same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Assert that two trees hold the same bytes, and .env the same names."""
    assert secret_names(one) == secret_names(other)
    assert one[".env"] != other[".env"]
    assert set(one) == set(other)
    assert [path for path in one if path != ".env" and one[path] != other[path]] == []


def test_plain_cookiecutter_gives_the_same_project(
    choices: Choices, baked: dict[str, Project], scaffold: Scaffold, tmp_path: Path
) -> None:
    """Whoever uses Cookiecutter itself gets the same bytes as with `scaffold new`."""
    command = scaffold.command.with_name("cookiecutter")
    config = tmp_path / "config.yaml"
    config.write_text(f"replay_dir: {tmp_path}/replay\ncookiecutters_dir: {tmp_path}/them\n")
    for answers in choices.few:
        out = tmp_path / label(answers)
        words: list[str | Path] = ["--no-input", "--config-file", config, "-o", out]
        pairs = [f"{name}={value}" for name, value in answers.items()]
        run([command, *words, scaffold.templates / choices.template, *pairs], tmp_path).good()
        (made,) = out.iterdir()
        same(tree(made), tree(baked[label(answers)].path))


def surroundings(folder: Path) -> Iterator[dict[str, str]]:
    """Yield environments that must change nothing."""
    rc = folder / ".cookiecutterrc"
    rc.write_text("default_context:\n  project_name: From the file\n  license: none\n")
    yield {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}
    yield {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    yield {"HOME": str(folder), "COOKIECUTTER_CONFIG": str(rc), "XDG_CONFIG_HOME": str(folder)}


def test_surroundings_change_nothing(
    choices: Choices, baked: dict[str, Project], scaffold: Scaffold, tmp_path: Path
) -> None:
    """Locale, time zone, folder, umask and Cookiecutter's own settings change no byte."""
    answers = choices.few[0]
    words = ["new", choices.template, "--defaults", "--no-git"]
    for name, value in answers.items():
        words += ["-a", f"{name}={value}"]
    expected = tree(baked[label(answers)].path)
    for number, extra in enumerate(surroundings(tmp_path)):
        folder = tmp_path / f"Ordner mit Umlaut ä {number}"
        folder.mkdir()
        env = environment(**extra)
        command: list[str | Path] = ["sh", "-c", 'umask 077; exec "$0" "$@"', scaffold.command]
        run([*command, *words], folder, env).good()
        (made,) = folder.iterdir()
        same(tree(made), expected)


def test_env_is_private_and_ignored(choices: Choices, baked: dict[str, Project]) -> None:
    """The generated .env can be read by its owner only, and git does not see it."""
    project = baked[label(choices.few[0])]
    assert (project.path / ".env").stat().st_mode & 0o777 == 0o600
    run(["git", "init", "-q"], project.path).good()
    assert run(["git", "check-ignore", ".env"], project.path).code == 0
    shutil.rmtree(project.path / ".git")
    example = dict(
        line.split("=", 1)
        for line in (project.path / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert [name for name in example if "SECRET" in name and example[name]] == []
