"""What a template is made of, and the hash that two copies of it have in common."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.catalog import contents, registry
from scaffold.catalog.contents import content_hash
from scaffold.catalog.model import Template
from scaffold.errors import TemplateError
from tests.conftest import FOLDER, MakeTemplate

Edit = Callable[[Path], object]


@pytest.fixture
def shop(make_template: MakeTemplate) -> Template:
    """Return a template with a hook, a script and a text."""
    template = make_template({"a.txt": "a\n", "b/run.sh": "#!/bin/sh\n"})
    (template.path / FOLDER / "b/run.sh").chmod(0o755)
    (template.path / "hooks").mkdir()
    (template.path / "hooks/post_gen_project.py").write_text("print()\n", encoding="utf-8")
    return template


def copied(template: Template, to: Path, edit: Edit) -> Template:
    """Return a copy of the template that lies elsewhere and was edited."""
    shutil.copytree(template.path, to / template.name)
    edit(to / template.name)
    return registry.load(to / template.name)


def same(_root: Path) -> None:
    """Edit nothing."""


def recreated(root: Path) -> None:
    """Make the files again in another order, so that a folder lists them differently."""
    files = {path: (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    for path in files:
        path.unlink()
    for path, (content, mode) in sorted(files.items(), reverse=True):
        path.write_bytes(content)
        path.chmod(mode)


def closed(root: Path) -> None:
    """Take the permissions of everybody else away."""
    (root / FOLDER / "a.txt").chmod(0o600)
    (root / FOLDER / "b/run.sh").chmod(0o700)


def littered(root: Path) -> None:
    """Leave what Python and systems leave, and what no project gets."""
    for name in ("hooks/__pycache__/post.pyc", f"{FOLDER}/b/x.pyc", f"{FOLDER}/.DS_Store", "notes.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"\0")


@pytest.mark.parametrize("edit", [same, recreated, closed, littered])
def test_the_same_content_elsewhere_has_the_same_hash(shop: Template, tmp_path: Path, edit: Edit) -> None:
    """Whatever the order of its files, the permissions of the checkout, and what lies around."""
    assert content_hash(copied(shop, tmp_path / "copy", edit)) == content_hash(shop)


def write(name: str, text: str) -> Edit:
    """Return an edit that writes a file, line ends as they are."""
    return lambda root: (root / name).write_bytes(text.encode())


@pytest.mark.parametrize(
    "edit",
    [
        write(f"{FOLDER}/a.txt", "b\n"),
        write(f"{FOLDER}/a.txt", "a\r\n"),
        write(f"{FOLDER}/new.txt", ""),
        write("hooks/post_gen_project.py", "print(1)\n"),
        lambda root: (root / "cookiecutter.json").write_text(
            (root / "cookiecutter.json").read_text().replace("My Shop", "Our Shop")
        ),
        lambda root: (root / FOLDER / "a.txt").rename(root / FOLDER / "c.txt"),
        lambda root: (root / FOLDER / "a.txt").rename(root / FOLDER / "b/a.txt"),
        lambda root: (root / FOLDER / "a.txt").unlink(),
        lambda root: (root / FOLDER / "a.txt").chmod(0o755),
        lambda root: (root / FOLDER).rename(root / "{{cookiecutter.project_slug}}"),
    ],
    ids=["a byte", "a line end", "a new file", "a hook", "a default", "a name", "a folder", "a missing file",
         "an executable bit", "the project's folder"],
)  # fmt: skip
def test_another_content_has_another_hash(shop: Template, tmp_path: Path, edit: Edit) -> None:
    """Each thing that changes what is generated changes it."""
    assert content_hash(copied(shop, tmp_path / "copy", edit)) != content_hash(shop)


def test_it_is_computed_once_per_process(shop: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cohort of hundreds asks for it again and again."""
    before = content_hash(shop)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", None)
        assert content_hash(shop) == before


def test_a_link_is_refused(shop: Template) -> None:
    """As it is when the template is rendered: what it leads to may differ from machine to machine."""
    (shop.path / FOLDER / "link").symlink_to("a.txt")
    with pytest.raises(TemplateError, match=r"holds a link, \{\{cookiecutter"):
        content_hash(shop)


def test_a_template_that_cannot_be_read_is_named(shop: Template) -> None:
    """Not a traceback."""
    (shop.path / "cookiecutter.json").unlink()
    with pytest.raises(TemplateError, match=r"The template shop cannot be read: .*cookiecutter\.json"):
        content_hash(shop)


def test_a_template_without_a_folder_is_refused(shop: Template) -> None:
    """There would be nothing to generate."""
    with pytest.raises(TemplateError, match="The template hooks has no folder to generate from"):
        contents.project_folder(replace(shop, name="hooks", path=shop.path / "hooks"))


def test_windows_takes_the_same_files_for_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the real templates: otherwise commits would have other ids there."""
    for template in registry.templates():
        files = [path for path in template.path.rglob("*") if path.is_file()]
        here = [path for path in files if contents.is_executable(path)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", "win32")
            assert [path for path in files if contents.is_executable(path)] == here
