"""Print a JSON line for each import of the project in the current folder: file, name and packages."""

import ast
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path


def imports(file: Path) -> Iterator[str]:
    """Yield the top-level module of each import in the file."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


if __name__ == "__main__":
    owners = importlib.metadata.packages_distributions()
    for path in sorted(Path().rglob("*.py")):
        for name in imports(path):
            print(json.dumps({"file": path.as_posix(), "name": name, "packages": owners.get(name, [name])}))
