"""How long a project takes: `scaffold` against plain Cookiecutter, `cp -r`, and copying in the same process.

    python benchmarks/generate.py [--rounds 15] [--template blog-django]

The contestants take turns, so that a busy machine is unfair to all of them alike; what counts are the ratios
of the medians. What is timed is an installed wheel: run from a checkout, it builds one first. Everything is
written to a temporary folder, Python's compiled modules too.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import installed

from scaffold.catalog import registry
from scaffold.engine import answers, project

BIN = Path(sys.executable).parent
Contestant = Callable[[Path], None]


def command(*args: str | Path, env: Mapping[str, str] | None = None) -> Contestant:
    """Return a contestant that runs a program; `{}` in an argument is a folder that does not exist yet."""

    def run(target: Path) -> None:
        filled = [str(arg).replace("{}", str(target)) for arg in args]
        subprocess.run(filled, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    return run


def race(contestants: Mapping[str, Contestant], rounds: int, folder: Path) -> dict[str, float]:
    """Run them in turns and return the median of each, in seconds; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, contestant in contestants.items():
            target = folder / f"run-{turn}-{len(times[name])}-{abs(hash(name))}"
            started = time.perf_counter()
            contestant(target)
            if turn:
                times[name].append(time.perf_counter() - started)
            shutil.rmtree(target, ignore_errors=True)
    return {name: statistics.median(values) for name, values in times.items()}


def show(title: str, medians: Mapping[str, float], aim: float | None) -> None:
    """Print a table whose ratios are against the second contestant."""
    baseline = list(medians.values())[1]
    print(f"\n{title}" + (f" (aim: at most {aim})" if aim else ""))
    for name, seconds in medians.items():
        print(f"  {name:<46} {seconds * 1000:8.1f} ms   ratio {seconds / baseline:5.2f}")


def main() -> None:
    """Run all races and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--template", default="blog-django")
    options = parser.parse_args()
    installed.rerun()
    template = registry.find(options.template)
    given = answers.resolve(template, {})
    with tempfile.TemporaryDirectory(prefix="scaffold-benchmark-") as name:
        folder = Path(name)
        os.environ["TMPDIR"] = name  # Cookiecutter leaves its hooks there
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "pycache")
        config = folder / "cookiecutter.yaml"
        config.write_text(
            f"replay_dir: {folder}/replay\ncookiecutters_dir: {folder}/templates\n", encoding="utf-8"
        )
        model = project.create(template, given, folder / "model", git=False).path
        new = ("new", template.name, "{}", "--defaults", "--no-git")
        bake = ("--no-input", "--config-file", config, "-o", "{}", template.path)
        show(
            f"One project of {len(list(model.rglob('*')))} files and folders, in a process of its own",
            race(
                {
                    f"scaffold new {template.name} --defaults --no-git": command(BIN / "scaffold", *new),
                    "cookiecutter --no-input": command(BIN / "cookiecutter", *bake),
                    "scaffold new … -q, which looks for no uv": command(BIN / "scaffold", *new, "-q"),
                    "cp -r": command("cp", "-r", model, "{}"),
                    "python -c pass": command(sys.executable, "-c", "pass"),
                },
                options.rounds,
                folder,
            ),
            0.35,
        )
        completing = {"SCAFFOLD_WORDS": "scaffold\nnew\nb\n."}  # as the completion scripts ask
        show(
            "Start-up",
            race(
                {
                    "scaffold --version": command(BIN / "scaffold", "--version"),
                    "cookiecutter --version": command(BIN / "cookiecutter", "--version"),
                    "scaffold completes a template's name": command(BIN / "scaffold", env=completing),
                },
                options.rounds,
                folder,
            ),
            0.5,
        )

        def again(target: Path) -> None:
            project.create(template, given, target, git=False)

        def copy(target: Path) -> None:
            shutil.copytree(model, target)

        show(
            "One more project in the same process",
            race(
                {"project.create": again, "shutil.copytree of the result": copy}, options.rounds * 4, folder
            ),
            1.0,
        )


if __name__ == "__main__":
    main()
