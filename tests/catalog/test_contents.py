"""What a template is made of, and the hash that two copies of it have in common."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.catalog import contents, registry
from scaffold.catalog.contents import compute_content_hash
from scaffold.catalog.model import Template
from scaffold.errors import TemplateError
from tests.conftest import FOLDER, MakeTemplate

Edit = Callable[[Path], object]


@pytest.fixture
def shop(make_template: MakeTemplate) -> Template:
    """Return a template with a hook, a script and a text file."""
    template = make_template({"a.txt": "a\n", "b/run.sh": "#!/bin/sh\n"})
    (template.path / FOLDER / "b/run.sh").chmod(0o755)
    (template.path / "hooks").mkdir()
    (template.path / "hooks/post_gen_project.py").write_text("print()\n", encoding="utf-8")
    return template


def copied(template: Template, to: Path, edit: Edit) -> Template:
    """Return an edited copy of the template in another folder."""
    shutil.copytree(template.path, to / template.name)
    edit(to / template.name)
    return registry.load(to / template.name)


def same(_root: Path) -> None:
    """Edit nothing."""


def recreated(root: Path) -> None:
    """Create the files in another order, so that the folder lists them differently."""
    files = {path: (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    for path in files:
        path.unlink()
    for path, (content, mode) in sorted(files.items(), reverse=True):
        path.write_bytes(content)
        path.chmod(mode)


def closed(root: Path) -> None:
    """Remove the permissions of group and others."""
    (root / FOLDER / "a.txt").chmod(0o600)
    (root / FOLDER / "b/run.sh").chmod(0o700)


def littered(root: Path) -> None:
    """Add junk files, and files that are not generated."""
    for name in ("hooks/__pycache__/post.pyc", f"{FOLDER}/b/x.pyc", f"{FOLDER}/.DS_Store", "notes.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"\0")


@pytest.mark.parametrize("edit", [same, recreated, closed, littered])
def test_the_same_content_elsewhere_has_the_same_hash(shop: Template, tmp_path: Path, edit: Edit) -> None:
    """File order, permissions and junk files do not count."""
    assert compute_content_hash(copied(shop, tmp_path / "copy", edit)) == compute_content_hash(shop)


def write(name: str, text: str) -> Edit:
    """Return an edit that writes a file with its line endings unchanged."""
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
def test_different_content_has_a_different_hash(shop: Template, tmp_path: Path, edit: Edit) -> None:
    """Everything that affects the generated project counts."""
    assert compute_content_hash(copied(shop, tmp_path / "copy", edit)) != compute_content_hash(shop)


def test_the_hash_is_computed_once_per_process(shop: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call reads no file."""
    before = compute_content_hash(shop)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", None)
        assert compute_content_hash(shop) == before


def test_a_link_is_refused(shop: Template) -> None:
    """Rendering refuses it too: its target may differ between machines."""
    (shop.path / FOLDER / "link").symlink_to("a.txt")
    with pytest.raises(TemplateError, match=r"holds a link, \{\{cookiecutter"):
        compute_content_hash(shop)


def test_a_template_that_cannot_be_read_is_named(shop: Template) -> None:
    """As a TemplateError."""
    (shop.path / "cookiecutter.json").unlink()
    with pytest.raises(TemplateError, match=r"The template shop cannot be read: .*cookiecutter\.json"):
        compute_content_hash(shop)


def test_a_template_without_a_folder_is_refused(shop: Template) -> None:
    """There is nothing to generate."""
    with pytest.raises(TemplateError, match="The template hooks has no project folder"):
        contents.find_project_folder(replace(shop, name="hooks", path=shop.path / "hooks"))


def test_windows_detects_the_same_executable_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the real templates. Otherwise, commits would have different ids on Windows."""
    for template in registry.load_all():
        files = [path for path in template.path.rglob("*") if path.is_file()]
        here = [path for path in files if contents.is_executable(path)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", "win32")
            assert [path for path in files if contents.is_executable(path)] == here
