"""A project generated again under the same name: new passwords, and the volume that keeps the old ones."""

import re
import shutil
from pathlib import Path

import pytest

from .harness.compose import stack
from .harness.projects import Scaffold
from .harness.tools import Needs

TEMPLATES = ("blog-django", "chat-websockets", "ecommerce-flask", "iot-fastapi")
ADVICE = "docker compose down --volumes"
# What the README says of each: the service that fails, and the words with which it does.
SENTENCE = re.compile(
    r'^Does `(?P<service>\w+)` fail with "(?P<words>[^"]+)"\? (?P<rest>[^`]+`[^`]+`)', re.MULTILINE
)


def sentence(folder: Path) -> re.Match[str]:
    """Return the sentence of the project's README about it."""
    found = SENTENCE.search((folder / "README.md").read_text(encoding="utf-8"))
    assert found, folder
    return found


@pytest.mark.parametrize("template", TEMPLATES)
def test_readme_names_the_command(scaffold: Scaffold, tmp_path: Path, template: str) -> None:
    """Each README says which service fails, and the command after which it does not."""
    made = scaffold.new(template, tmp_path / "again", {})
    assert ADVICE in sentence(made.path)["rest"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_second_generation_says_what_to_do_and_starts(
    need: Needs, scaffold: Scaffold, tmp_path: Path, template: str
) -> None:
    """It fails as its README says and names the command itself; after that command it starts."""
    docker, folder = need("docker"), tmp_path / "my-project"
    with stack(docker, scaffold.new(template, folder, {}), "app") as made:
        made.up()
        shutil.rmtree(folder)
        scaffold.new(template, folder, {})
        told = sentence(folder)
        done = made.compose("up", "--build", "--wait", "app")
        assert done.code != 0
        assert f'service "{told["service"]}" didn\'t complete successfully' in done.text
        said = made.compose("logs", "--no-color", "--no-log-prefix", told["service"]).good().text
        assert told["words"] in said
        assert ADVICE in said
        made.compose(*ADVICE.split()[2:]).good()
        made.up()
