"""A small course for tests: a template that generates fast, an assignment and a roster."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from scaffold.cli import main

FILES = {
    "README.md": "# {{ cookiecutter.project_name }}\n",
    "src/app.py": "app = 1\n",
    "tests/test_app.py": "def test_app() -> None: ...\n",
    "run.sh": "#!/bin/sh\n",
    "site.toml": "author = {{ cookiecutter.__q_author_name }}\n",
    ".env.example": "KEY=\n",
    ".gitignore": ".env\n*.log\n",
    ".gitattributes": "* text=auto eol=lf\n",
    "constraints.txt": "# Pinned on 2026-11-28.\nanyio==4.16.0\nidna==3.11\n",
    "uv.lock": (
        'version = 1\nrequires-python = ">=3.12"\n\n'
        '[[package]]\nname = "anyio"\nversion = "4.16.0"\nsource = { registry = "seed" }\n\n'
        '[[package]]\nname = "idna"\nversion = "3.11"\nsource = { registry = "seed" }\n'
    ),
}
# The lock above as uv completes it, and after an upgrade.
COMPLETED = (
    'version = 1\nrevision = 5\nrequires-python = ">=3.12"\n\n'
    '[[package]]\nname = "anyio"\nversion = "4.16.0"\nsource = { registry = "https://index.example" }\n'
    'wheels = [\n    { url = "https://index.example/anyio.whl", hash = "sha256:0", size = 1 },\n]\n\n'
    '[[package]]\nname = "my-shop"\nversion = "0.1.0"\nsource = { virtual = "." }\n'
)
UPGRADED = COMPLETED.replace("4.16.0", "4.17.0")
VARIABLES = {
    "author_name": "Your Name",
    "author_email": "you@example.com",
    "ci": ["github", "gitlab"],
    "__q_author_name": (
        "\"{{ cookiecutter.author_name | replace('\\\\', '\\\\\\\\') | replace('\"', '\\\\\"') }}\""
    ),
    "_secrets": ["KEY"],
}
ASSIGNMENT = """\
schema = "scaffold/assignment/v1"
id = "shop-2026"
title = "A shop"
due = 2026-12-18T23:59:00+01:00

[template]
name = "shop"
version = ">=0.1"

[answers.pinned]
ci = "gitlab"

[answers.free]
project_name = { default = "Shop of {student}" }

[files]
managed = ["tests/**"]
student = ["src/**"]
"""
ROSTER = "username,name,email\nada,Ada Lovelace,ada@example.org\ngrace,Grace Hopper,grace@example.org\n"
CREATE = ("cohort", "create", "assignment.toml", "roster.csv", "--out", "out")


def scaffold(*args: str | Path) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="scaffold")


def write(files: Mapping[str, str | bytes]) -> None:
    """Write files into the current folder."""
    for name, content in files.items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())


def roster(count: int) -> str:
    """Return a roster with `count` students."""
    rows = [f"user{at},Student {at},user{at}@example.org" for at in range(count)]
    return "\n".join(["username,name,email", *rows]) + "\n"


def create(*args: str) -> Result:
    """Create the cohort of assignment.toml and roster.csv in `out`, and assert success."""
    result = scaffold(*CREATE, *args)
    assert result.exit_code == 0, result.output
    return result


def git(folder: Path, *args: str, env: Mapping[str, str] | None = None) -> str:
    """Run git with the user's settings, assert success, and return its output."""
    command: Sequence[str] = ["git", *args]
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        timeout=120,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repositories(out: Path = Path("out")) -> dict[str, Path]:
    """Return the repositories of a cohort by their names."""
    return {path.name: path for path in sorted((out / "repositories").iterdir())}


def commits(out: Path = Path("out")) -> dict[str, str]:
    """Return the current commit of each repository of a cohort."""
    return {name: git(path, "rev-parse", "HEAD") for name, path in repositories(out).items()}
