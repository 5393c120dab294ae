"""The blog, generated for every combination of its choices that makes a difference."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .harness.parsing import unreadable, untidy
from .harness.processes import environment, run
from .harness.projects import ROOT, Project, Scaffold, executable, tree
from .harness.tools import Needs
from .harness.traces import traces

TEMPLATE = ROOT / "templates" / "blog-django"
CHOICES = {
    name: tuple(values)
    for name, values in json.loads((TEMPLATE / "cookiecutter.json").read_text()).items()
    if isinstance(values, list) and not name.startswith("_")
}
COMBINATIONS = [
    dict(zip(CHOICES, values, strict=True))
    for values in itertools.product(*CHOICES.values())
]
# A set in which every value of every question appears, for what is too dear for all of them.
FEW = [
    {name: values[turn % len(values)] for name, values in CHOICES.items()}
    for turn in range(max(map(len, CHOICES.values())))
]
LICENCES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License",
    "BSD-3-Clause": "BSD 3-Clause License",
    "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE",
}


def label(answers: Mapping[str, str]) -> str:
    """Name a combination in a test's id."""
    return "-".join(answers.values())


@pytest.fixture(scope="module")
def baked(
    scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Project]:
    """Generate each combination once, by the installed command."""
    folder = tmp_path_factory.mktemp("baked")
    return {
        label(answers): scaffold.new("blog-django", folder / label(answers), answers)
        for answers in COMBINATIONS
    }


@pytest.fixture(params=[label(answers) for answers in COMBINATIONS])
def output(request: pytest.FixtureRequest, baked: dict[str, Project]) -> Project:
    """One generated project."""
    return baked[request.param]


def test_every_file_parses(output: Project) -> None:
    """Every TOML, YAML, JSON, Python, HTML, XML and environment file is valid."""
    assert unreadable(tree(output.path)) == {}


def test_every_file_is_tidy(output: Project) -> None:
    """Every file has Unix line ends, no trailing space and exactly one newline at its end."""
    assert untidy(tree(output.path)) == {}


def test_no_hole_is_left(output: Project) -> None:
    """No placeholder of Cookiecutter is left in a path or a text."""
    holes = re.compile(rb"cookiecutter|\{%-? *(raw|endraw)")
    left = [
        path
        for path, content in tree(output.path).items()
        if "cookiecutter" in path or holes.search(content)
    ]
    assert left == []


def test_no_trace_of_what_was_not_chosen(output: Project) -> None:
    """Nothing names a licence, CI, Python or database that was not chosen."""
    assert list(traces(tree(output.path), output.answers)) == []


def test_fewer_than_a_hundred_files(output: Project) -> None:
    """A student can find the way: there are fewer than a hundred source files."""
    named = [path for path in output.files() if not path.endswith("__init__.py")]
    assert len(named) < 100  # noqa: PLR2004


def test_manifest_names_exactly_the_files(output: Project) -> None:
    """The manifest lists every file but itself and the secrets, and tells the answers."""
    manifest = json.loads((output.path / ".scaffold.json").read_text(encoding="utf-8"))
    there = set(tree(output.path)) - {".env", ".scaffold.json"}
    assert set(manifest["files"]) == there
    assert output.answers.items() <= manifest["answers"].items()


def test_licence_is_the_chosen_one(output: Project) -> None:
    """LICENSE is the text of the chosen licence, pyproject.toml names it; with none, neither."""
    licence = output.path / "LICENSE"
    about = output.pyproject["project"]
    assert isinstance(about, dict)
    if output.answers["license"] == "none":
        assert not licence.exists()
        assert "license" not in about
    else:
        first = licence.read_text(encoding="utf-8").lstrip().splitlines()[0].strip()
        assert first == LICENCES[output.answers["license"]]
        assert about["license"] == output.answers["license"]


def test_python_is_the_same_in_every_project(baked: dict[str, Project]) -> None:
    """Per database the code has the same bytes: what holds for one output holds for all."""
    seen: dict[str, dict[str, bytes]] = {}
    for project in baked.values():
        files = tree(project.path)
        code = {path: text for path, text in files.items() if path.endswith((".py", ".html"))}
        first = seen.setdefault(project.answers["database"], code)
        assert code == first, f"{label(project.answers)} differs"


def test_every_output_is_formatted_and_lints(
    baked: dict[str, Project], scaffold: Scaffold, python: str
) -> None:
    """The formatter changes nothing and the linter finds nothing, for every choice."""
    wrong = []
    for project in baked.values():
        ready = scaffold.ready(project, python)
        assert ready.venv
        ruff = executable(ready.venv, "ruff")
        for words in (["format", "--check"], ["check"]):
            done = run([ruff, *words, "--no-cache", "."], project.path)
            if done.code:
                wrong.append(f"{label(project.answers)}: {done.text[-1500:]}")
        (project.path / "uv.lock").unlink()
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


@pytest.mark.parametrize("answers", FEW, ids=label)
def test_plain_cookiecutter_gives_the_same_project(
    answers: dict[str, str], baked: dict[str, Project], scaffold: Scaffold, tmp_path: Path
) -> None:
    """Whoever uses Cookiecutter itself gets the same bytes as with `scaffold new`."""
    command = scaffold.command.with_name("cookiecutter")
    config = tmp_path / "config.yaml"
    config.write_text(f"replay_dir: {tmp_path}/replay\ncookiecutters_dir: {tmp_path}/them\n")
    words = ["--no-input", "--config-file", config, "-o", tmp_path / "out", TEMPLATE]
    pairs = [f"{name}={value}" for name, value in answers.items()]
    run([command, *words, *pairs], tmp_path).good()
    (made,) = (tmp_path / "out").iterdir()
    same(tree(made), tree(baked[label(answers)].path))


def surroundings(folder: Path) -> Iterator[dict[str, str]]:
    """Yield environments that must change nothing."""
    rc = folder / ".cookiecutterrc"
    rc.write_text("default_context:\n  project_name: From the file\n  license: none\n")
    yield {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}
    yield {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    yield {"HOME": str(folder), "COOKIECUTTER_CONFIG": str(rc), "XDG_CONFIG_HOME": str(folder)}


def test_surroundings_change_nothing(
    baked: dict[str, Project], scaffold: Scaffold, tmp_path: Path
) -> None:
    """Locale, time zone, folder, umask and Cookiecutter's own settings change no byte."""
    answers = FEW[0]
    words = ["new", "blog-django", "--defaults", "--no-git"]
    for name, value in answers.items():
        words += ["-a", f"{name}={value}"]
    expected = tree(baked[label(answers)].path)
    for number, extra in enumerate(surroundings(tmp_path)):
        folder = tmp_path / f"Ordner mit Umlaut ä {number}"
        folder.mkdir()
        env = environment(**extra)
        command = ["sh", "-c", 'umask 077; exec "$0" "$@"', scaffold.command]
        run([*command, *words], folder, env).good()
        (made,) = folder.iterdir()
        same(tree(made), expected)


def test_env_is_private_and_ignored(baked: dict[str, Project]) -> None:
    """The generated .env can be read by its owner only, and git does not see it."""
    project = baked[label(FEW[0])]
    assert (project.path / ".env").stat().st_mode & 0o777 == 0o600  # noqa: PLR2004
    ignored = (project.path / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".env" in ignored
    example = dict(
        line.split("=", 1)
        for line in (project.path / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert [name for name in example if "SECRET" in name and example[name]] == []
