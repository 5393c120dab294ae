"""Print the import cycles of the project in the current folder, including late and type-only imports."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# Modules are the files of the application, without tests and scripts.
FILES = {
    ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path
    for path in Path().rglob("*.py")
    if (Path(path.parts[0]) / "__init__.py").is_file()
}


def imports(path: Path) -> set[str]:
    """Return the modules of the project that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name if name in FILES else name.rpartition(".")[0] for name in names} & FILES.keys()


if __name__ == "__main__":
    graph = {name: imports(path) - {name} for name, path in FILES.items()}
    print(len(graph), "modules")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        print(" <- ".join(error.args[1]))
