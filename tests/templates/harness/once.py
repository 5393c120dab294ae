"""Create folders once per run, even with several pytest workers."""

import os
from collections.abc import Callable
from pathlib import Path

from .waiting import until

PATIENCE = 900.0


class Once:
    """Creates named folders in the run's temporary folder on first use."""

    def __init__(self, root: Path) -> None:
        """Create the folders in `root`, which all workers of the run share."""
        self.root = root

    def __call__(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder `name`, filled by `make`; other workers wait for it."""
        folder = self.root / name
        done = self.root / f"{name}.done"
        lock = self.root / f"{name}.lock"

        def mine() -> bool:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return False
            return True

        until(lambda: done.exists() or mine(), within=PATIENCE, what=f"another worker's {name}")
        if done.exists():
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            make(folder)
            done.touch()
        finally:
            lock.unlink()
        return folder
