"""The doors of the house stay shut: each side effect has one module, and data flows one way."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "scaffold"
MODULES = sorted(SOURCE.glob("*.py"))

# What may be imported by whom; everybody else goes through them.
DOORS = {
    "jinja2": {"render"},
    "binaryornot": {"dialect"},
    "slugify": {"slugs"},
    "cookiecutter": {"render"},
    "subprocess": {"process"},
    "questionary": {"prompts"},
    "prompt_toolkit": {"prompts"},
}
# From the top to the bottom; a module imports only what stands below it.
FLOW = [
    "project",
    "staging",
    "repository",
    "answers",
    "render",
    "finish",
    "manifest",
    "process",
    "slugs",
    "dialect",
    "dialect",
    "tree",
    "catalog",
    "errors",
]


def imports(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def ours(path: Path) -> set[str]:
    """Return the modules of the package that a file imports."""
    names = {name.split(".")[1] for name in imports(path) if name.startswith("scaffold.")}
    return names & {module.stem for module in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))
def test_each_door_has_one_keeper(path: Path) -> None:
    """Of the libraries with side effects, each is imported in one place."""
    packages = {name.split(".")[0] for name in imports(path)}
    assert {name for name in packages if path.stem not in DOORS.get(name, {path.stem})} == set()


@pytest.mark.parametrize("path", [SOURCE / f"{name}.py" for name in FLOW], ids=lambda path: str(path.stem))
def test_data_flows_one_way(path: Path) -> None:
    """Nothing below the front imports what stands above it."""
    assert ours(path) - set(FLOW[FLOW.index(path.stem) + 1 :]) == set()


@pytest.mark.parametrize("path", [SOURCE / f"{name}.py" for name in FLOW], ids=lambda path: str(path.stem))
def test_the_core_returns_data(path: Path) -> None:
    """It neither prints nor ends the program, and knows nothing of the command line."""
    assert not {"click", "sys.exit", "rich"} & imports(path)
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    methods = {f"{ast.unparse(call)}" for call in calls if isinstance(call, ast.Attribute)}
    assert not names & {"print", "input", "exit", "quit", "echo"}
    assert not {
        method
        for method in methods
        if method.startswith(("sys.exit", "sys.stdout", "sys.stderr", "os._exit"))
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))
def test_each_module_says_what_it_is_for(path: Path) -> None:
    """Its first sentence is its part in the whole."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FLOW)
def test_each_module_has_its_tests(name: str) -> None:
    """One file per module; `finish` is what hooks do, and so is compared with them in `test_render`."""
    file = Path(__file__).with_name(f"test_{name}.py")
    assert file.is_file() or name == "finish"
