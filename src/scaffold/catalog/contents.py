"""The files that a template is made of, and the one hash that says whether two templates are the same."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.errors import TemplateError

# Beside the folder that becomes the project: what Cookiecutter runs, and what the project's files include.
_BESIDE = ("hooks", "templates")


def project_folder(template: Template) -> Path:
    """Return the folder whose name becomes the project's. Raises TemplateError if there is none."""
    for path in sorted(template.path.iterdir()):
        if "cookiecutter" in path.name and "{{" in path.name and "}}" in path.name:
            return path
    raise TemplateError(f"The template {template.name} has no folder to generate from.")


def content_hash(template: Template) -> str:
    """Return the SHA-256 of all that decides what a template generates; the one identity of its content.

    It covers `cookiecutter.json`, the hooks and the files that render: paths, bytes and executable bits, not
    where the template lies, other permissions, or what systems and Python leave in folders. Whatever compares
    templates (a cohort, a snapshot, a cache) compares this. It is computed once per process.

    Raises TemplateError if the template cannot be read.
    """
    return _hash(template.path, template.name, project_folder(template))


def is_junk(name: str) -> bool:
    """Return whether Python or a system made the file or folder of this name, not an author."""
    # pip compiles every .py file that it unpacks from a wheel, those of the templates too.
    return name in {"__pycache__", ".DS_Store"} or name.endswith(".pyc")


def is_executable(file: Path) -> bool:
    """Return whether a file can be run; Windows keeps no such bit, and a test compares the two."""
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
    for folder in (*(root / name for name in _BESIDE), project):
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
