"""The wheel, the installed `scaffold`, and the projects that it generates."""

import hashlib
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .once import Once
from .processes import Done, environment, run

ROOT = Path(__file__).resolve().parents[3]
TRIES = 3  # because a stumble of the package registry is not a failure of ours


def executable(venv: Path, name: str) -> Path:
    """Return a program of a virtual environment, on Windows too."""
    return venv / ("Scripts" if os.name == "nt" else "bin") / name


@dataclass(frozen=True, slots=True)
class Project:
    """A generated project: its folder, its answers, and how uv runs things in it."""

    path: Path
    answers: Mapping[str, str]
    uv: str = ""
    python: str = ""
    venv: Path | None = None

    def env(self, **extra: str) -> dict[str, str]:
        """Return the environment for its tasks."""
        # Hide our own tools from the projects, even if uv is in the same folder.
        path = os.pathsep.join([str(Path(self.uv).parent), os.environ["PATH"]])
        settings = {"UV_PYTHON": self.python, "UV_PYTHON_DOWNLOADS": "never", "PATH": path}
        if self.venv:
            settings["UV_PROJECT_ENVIRONMENT"] = str(self.venv)
        return environment(**settings | extra)

    def run(self, *command: str, timeout: float = 600, **extra: str) -> Done:
        """Run `uv run COMMAND` in the project; `extra` goes into its environment."""
        return run([self.uv, "run", *command], self.path, self.env(**extra), timeout)

    @property
    def pyproject(self) -> dict[str, object]:
        """The parsed pyproject.toml."""
        return tomllib.loads((self.path / "pyproject.toml").read_text(encoding="utf-8"))

    def files(self) -> dict[str, bytes]:
        """Return the path and current content of each generated file."""
        manifest = json.loads((self.path / ".scaffold.json").read_text(encoding="utf-8"))
        names = [*manifest["files"], ".scaffold.json"]
        return {name: (self.path / name).read_bytes() for name in sorted(names)}


def tree(path: Path) -> dict[str, bytes]:
    """Return the path and content of every file below, without .git."""
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(path).parts
    }


def build_wheel(folder: Path, uv: str) -> Path:
    """Build this repository's wheel into the folder and return it."""
    command: list[str | Path] = [uv, "build", "--wheel", "--python", sys.executable]
    for _ in range(TRIES):
        done = run([*command, "--out-dir", folder, ROOT], folder)
        if done.code == 0:
            break
    done.good()
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, uv: str) -> Path:
    """Install the wheel into a new environment, and return its `scaffold`."""
    run([uv, "venv", "--python", sys.executable, folder / "venv"], folder).good()
    target = executable(folder / "venv", "python")
    command: list[str | Path] = [uv, "pip", "install", "--python", target, wheel]
    for _ in range(TRIES):
        done = run(command, folder)
        if done.code == 0:
            break
    done.good()
    return executable(folder / "venv", "scaffold")


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The installed command, started from a folder that is not the repository."""

    command: Path
    once: Once
    uv: str

    @property
    def templates(self) -> Path:
        """The templates in the installed wheel."""
        places = self.command.parents[1].glob("[Ll]ib/**/site-packages/scaffold/templates")
        return next(places)

    def __call__(self, *arguments: str | Path, cwd: Path, **extra: str) -> Done:
        """Run `scaffold ARGUMENTS` in that folder."""
        return run([self.command, *arguments], cwd, environment(**extra))

    def new(self, template: str, folder: Path, answers: Mapping[str, str], *options: str) -> Project:
        """Generate a project in the folder, which must not exist, and return it."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        words = ["new", template, str(folder), "--defaults", "--no-git", *options]
        for name, value in answers.items():
            words += ["-a", f"{name}={value}"]
        self(*words, cwd=folder.parent).good()
        return Project(folder, dict(answers))

    def uv_alone(self) -> Path:
        """Return uv in its own folder, because the tasks of projects look for it on PATH."""

        def link(folder: Path) -> None:
            program = Path(self.uv).resolve()
            try:
                (folder / program.name).symlink_to(program)
            except OSError:  # Windows lets only some people make links
                shutil.copy(program, folder)

        return next(self.once("uv", link).iterdir())

    def ready(self, project: Project, python: str) -> Project:
        """Return the project with an environment in which its packages are installed.

        Projects of the same packages share one, made at the first call.
        """
        about = project.pyproject["project"]
        assert isinstance(about, dict)
        parts = [about["dependencies"], project.pyproject["dependency-groups"], python]
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
        name = f"project-{key}"
        venv = self.once.root / name / "venv"
        made = Project(project.path, project.answers, str(self.uv_alone()), python, venv)
        lock = project.path / "uv.lock"
        seed = lock.read_bytes()

        def sync(folder: Path) -> None:
            for _ in range(TRIES):
                done = run([self.uv, "sync"], project.path, made.env(), 900)
                if done.code == 0:
                    break
            done.good()
            shutil.copy(lock, folder)

        shared = self.once(name, sync)
        if lock.read_bytes() == seed:
            # Reuse the resolution for other projects; uv updates the project's name in it.
            shutil.copy(shared / "uv.lock", lock)
        return made
