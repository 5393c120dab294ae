"""Command-line tools from npm, installed once into a cache outside the repository."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from .processes import Done, environment, run
from .projects import TRIES
from .waiting import until

# Made by `npm install --package-lock-only --omit-lockfile-registry-resolved=true`: it contains no URLs.
LOCK = Path(__file__).with_name("package-lock.json")
PACKAGES = LOCK.with_name("package.json")


def cache() -> Path:
    """Return the folder that the tests keep between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "capstone-scaffold-tests"


def installed(npm: str) -> Path:
    """Return `node_modules`, after installing package-lock.json if necessary."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    folder = cache() / f"node-{key}"
    modules, done = folder / "node_modules", folder / "complete"
    if done.exists():
        return modules
    lock = cache() / f"node-{key}.lock"
    cache().mkdir(parents=True, exist_ok=True)

    def mine() -> bool:
        try:
            lock.mkdir()
        except FileExistsError:
            return False
        return True

    until(lambda: done.exists() or mine(), within=600, what=f"{lock} to go away")
    if done.exists():
        return modules
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in (PACKAGES, LOCK):
            shutil.copy(file, folder)
        words = [npm, "ci", "--no-fund", "--no-audit"]
        for _ in range(TRIES):
            result = run([*words, "--ignore-scripts"], folder)
            if result.code == 0:
                break
        result.good()
        done.touch()
    finally:
        lock.rmdir()
    return modules


def tool(npm: str, name: str, *arguments: str | Path, cwd: Path) -> Done:
    """Run a tool of these packages."""
    suffix = ".cmd" if sys.platform == "win32" else ""
    program = installed(npm) / ".bin" / f"{name}{suffix}"
    return run([program, *arguments], cwd, environment())
