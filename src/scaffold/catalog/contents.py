"""The files of a template, and the hash that identifies its content."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.errors import TemplateError

# Folders beside the project folder: the hooks that Cookiecutter runs, and the files that templates include.
_EXTRA_FOLDERS = ("hooks", "templates")


def find_project_folder(template: Template) -> Path:
    """Return the folder that becomes the project. Raises TemplateError if there is none."""
    for path in sorted(template.path.iterdir()):
        if "cookiecutter" in path.name and "{{" in path.name and "}}" in path.name:
            return path
    raise TemplateError(
        f"The template {template.name} has no project folder.",
        "Create one with a name such as {{cookiecutter.project_slug}}.",
    )


def compute_content_hash(template: Template) -> str:
    """Return the SHA-256 of everything that affects what a template generates.

    It covers the paths, bytes and executable bits of `cookiecutter.json`, the hooks and the rendered files;
    the template's location, other permissions and junk such as `__pycache__` do not count. Use it to compare
    templates. It is computed once per process.

    Raises TemplateError if the template cannot be read.
    """
    return _hash(template.path, template.name, find_project_folder(template))


def is_junk(name: str) -> bool:
    """Return whether Python or the operating system created the file or folder of this name."""
    # pip compiles every .py file that it unpacks from a wheel, including those of the templates.
    return name in {"__pycache__", ".DS_Store"} or name.endswith(".pyc")


def is_executable(file: Path) -> bool:
    """Return whether a file is executable. Windows has no such bit, so the suffix decides there."""
    return file.suffix == ".sh" if sys.platform == "win32" else bool(file.stat().st_mode & 0o111)


@cache
def _hash(root: Path, name: str, project: Path) -> str:
    total = hashlib.sha256()
    try:
        files = {file.relative_to(root).as_posix(): file for file in _files(root, project)}
        for path, file in sorted(files.items()):
            if file.is_symlink():
                raise TemplateError(f"The template {name} holds a link, {path}.")
            mode = "x" if is_executable(file) else "-"
            total.update(f"{path}\0{mode}{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    except OSError as error:
        raise TemplateError(f"The template {name} cannot be read: {error}.") from error
    return total.hexdigest()


def _files(root: Path, project: Path) -> Iterator[Path]:
    yield root / "cookiecutter.json"
    for folder in (*(root / name for name in _EXTRA_FOLDERS), project):
        if folder.is_dir():
            yield from _walk(folder)


def _walk(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry))
        else:
            yield Path(entry)
