"""Shared fixtures: an environment without personal settings, and a factory for small templates."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from scaffold.catalog import registry
from scaffold.catalog.model import Template

TEMPLATES_TESTS = Path(__file__).parent / "templates"
ABOUT = {"version": "0.1.0", "title": "Shop", "stack": "Python", "description": "A shop.", "port": 8000}
QUESTIONS = {
    "project_name": "My Shop",
    "project_slug": "{{ cookiecutter.project_name | slugify(separator='_') }}",
}
FOLDER = "{{cookiecutter.__dist_name}}"

MakeTemplate = Callable[..., Template]


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test its own home, git identity, terminal width and folder. Template tests set their own."""
    if TEMPLATES_TESTS in request.path.parents:
        return
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada Lovelace")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture
def make_template(tmp_path: Path) -> MakeTemplate:
    """Return a factory: `make_template({"a.md": "# {{ cookiecutter.project_name }}"}, _optional=[...])`."""

    def make(files: Mapping[str, str | bytes], name: str = "shop", **variables: object) -> Template:
        path = tmp_path / "templates" / name
        path.mkdir(parents=True)
        raw = {
            **QUESTIONS,
            "_scaffold": {**ABOUT, "name": name},
            "__dist_name": "{{ cookiecutter.project_slug | replace('_', '-') }}",
            "_optional": [],
            "_secrets": [],
            **variables,
        }
        (path / "cookiecutter.json").write_text(json.dumps(raw), encoding="utf-8")
        (path / FOLDER).mkdir()
        for file, content in files.items():
            target = path / FOLDER / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return registry.load(path)

    return make


def tree(folder: Path) -> dict[str, bytes]:
    """Return the path and content of every file below a folder, except those of git."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
