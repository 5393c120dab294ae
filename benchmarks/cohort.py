"""How many projects a second a cohort gets: `scaffold cohort create` against a shell loop and a copy.

    python benchmarks/cohort.py [--students 200] [--rounds 3] [--template blog-django] [--peer-students 10]

(a) is what a course without scaffold writes: a loop of `cookiecutter --no-input` and, with git, `git init &&
git add && git commit`. (b) is `cp -r` of one result with the same git commands. The contestants take turns on
the same machine, so what counts are the ratios of the medians. (a) is so slow that it makes fewer projects,
and all are compared by projects per second. What is timed is an installed wheel: run from a checkout, it
builds one first. Everything is written to a temporary folder and removed at the end, because ext4 makes files
ten times as slowly for minutes after many were removed; with three rounds that takes 3 GB. Where the disk is
what limits everybody, `TMPDIR=/dev/shm` shows what the programs themselves cost.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import installed

from scaffold.catalog import registry
from scaffold.engine import answers, project

BIN = Path(sys.executable).parent
GIT = 'git init -q -b main && git add -A && git commit -q -m "Start"'
ASSIGNMENT = """\
schema = "scaffold/assignment/v1"
id = "bench"
title = "A benchmark"
due = 2026-12-18T23:59:00+01:00
[template]
name = "{template}"
[answers.free]
project_name = {{ default = "Blog of {{student}}" }}
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to make projects: how many at a time, and how."""

    count: int
    run: Callable[[Path, int], None]


def shell(script: str, env: Mapping[str, str]) -> Callable[[Path, int], None]:
    """Return what runs a shell loop, whose body makes the project `$name` in the current folder."""

    def run(folder: Path, count: int) -> None:
        loop = f"set -e; for i in $(seq {count}); do name=student-$i; {script}; done"
        subprocess.run(["sh", "-c", loop], cwd=folder, check=True, env={**os.environ, **env})

    return run


def cohort(files: Path, *flags: str) -> Callable[[Path, int], None]:
    """Return what makes a cohort."""

    def run(folder: Path, count: int) -> None:
        roster = folder / "roster.csv"
        rows = (f"student{at},Student {at},student{at}@example.org\n" for at in range(count))
        roster.write_text("username,name,email\n" + "".join(rows), encoding="utf-8")
        command: list[str | Path] = [
            BIN / "scaffold",
            "cohort",
            "create",
            files / "assignment.toml",
            roster,
            "--out",
            folder / "out",
        ]
        subprocess.run([*command, "-q", *flags], check=True)

    return run


def race(contestants: Mapping[str, Contestant], rounds: int, folder: Path) -> dict[str, float]:
    """Let them take turns; return the median of each in projects per second. One round warms up."""
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for at, (name, contestant) in enumerate(contestants.items()):
            target = folder / f"run-{turn}-{at}"
            target.mkdir(parents=True)
            count = contestant.count if turn else min(contestant.count, 15)
            started = time.perf_counter()
            contestant.run(target, count)
            if turn:
                speeds[name].append(count / (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in speeds.items()}


def show(title: str, speeds: Mapping[str, float], aims: Mapping[str, str]) -> None:
    """Print the speeds, and how many times as fast the first is as the others."""
    ours = next(iter(speeds.values()))
    print(f"\n{title}")
    for name, speed in speeds.items():
        aim = f"   (aim: {aims[name]})" if name in aims else ""
        print(f"  {name:<44} {speed:7.1f} projects/s   x{ours / speed:5.2f}{aim}")


def main() -> None:
    """Run both races and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--peer-students", type=int, default=10, help="of the loops of (a)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--template", default="blog-django")
    options = parser.parse_args()
    installed.rerun()
    template = registry.find(options.template)
    with tempfile.TemporaryDirectory(prefix="scaffold-benchmark-") as name:
        folder = Path(name)
        os.environ["TMPDIR"] = name  # Cookiecutter leaves its hooks there
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "pycache")
        model = project.create(template, answers.resolve(template, {}), folder / "model", git=False).path
        (folder / "assignment.toml").write_text(ASSIGNMENT.format(template=template.name), encoding="utf-8")
        config = folder / "cookiecutter.yaml"
        config.write_text(
            f"replay_dir: {folder}/replay\ncookiecutters_dir: {folder}/templates\n", encoding="utf-8"
        )
        who = {
            f"GIT_{role}_{key}": "a@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for key in ("NAME", "EMAIL")
        }
        bake = (
            f"{BIN}/cookiecutter --no-input --config-file {config} {template.path} "
            "project_slug=student_$i project_name=Student-$i"
        )
        copy = f"cp -r {model} $name"
        few, many = options.peer_students, options.students
        files = len([path for path in model.rglob("*") if path.is_file()])
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
        print(f"{many} projects of {files} files each, {cores} cores, load {os.getloadavg()[0]:.1f}")
        show(
            "With git: a commit in each",
            race(
                {
                    "scaffold cohort create": Contestant(many, cohort(folder)),
                    "(a) cookiecutter --no-input and git": Contestant(
                        few, shell(f"{bake}; (cd $name; {GIT})", who)
                    ),
                    "(b) cp -r and git": Contestant(many, shell(f"{copy}; (cd $name; {GIT})", who)),
                },
                options.rounds,
                folder / "with-git",
            ),
            {"(a) cookiecutter --no-input and git": "at least 20", "(b) cp -r and git": "at least 0.5"},
        )
        show(
            "Without git: files alone",
            race(
                {
                    "scaffold cohort create --no-git": Contestant(many, cohort(folder, "--no-git")),
                    "(a) cookiecutter --no-input": Contestant(few, shell(bake, who)),
                    "(b) cp -r": Contestant(many, shell(copy, who)),
                },
                options.rounds,
                folder / "files-alone",
            ),
            {"(a) cookiecutter --no-input": "at least 15", "(b) cp -r": "at least 0.5"},
        )


if __name__ == "__main__":
    main()
