"""Runs a benchmark again in a fresh environment with the wheel installed, as people have it.

The wheel brings the templates compiled; a checkout compiles them as it renders, and its times say little.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import scaffold

ROOT = Path(__file__).parents[1]


def rerun() -> None:
    """Build the wheel, install it, run this program with it and exit; return if this is that run already."""
    if "site-packages" in Path(scaffold.__file__).parts:
        return
    uv: list[str | Path] = [sys.executable, "-m", "uv"]
    with tempfile.TemporaryDirectory(prefix="scaffold-wheel-") as name:
        python = Path(name, "venv", "Scripts" if sys.platform == "win32" else "bin", "python")
        subprocess.run([*uv, "build", "-q", "--wheel", "-o", name, ROOT], check=True)
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, Path(name, "venv")], check=True)
        (wheel,) = Path(name).glob("*.whl")
        install: list[str | Path] = ["pip", "install", "-q", "--compile-bytecode", "--python", python, wheel]
        subprocess.run([*uv, *install], check=True)
        # `scaffold new` asks uv for its version, so uv is on the path, as it is for most people.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run([python, *sys.argv], check=False, env={**os.environ, "PATH": path})
    sys.exit(done.returncode)
