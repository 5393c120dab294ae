"""The doors of the house stay shut: each side effect has one module, and data flows one way."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "scaffold"
MODULES = sorted(SOURCE.rglob("*.py"))

# What may be imported by whom; everybody else goes through them.
DOORS = {
    "jinja2": {"render"},
    "binaryornot": {"dialect"},
    "slugify": {"spelling"},
    "cookiecutter": {"render"},
    "subprocess": {"process"},
    "questionary": {"prompts"},
    "prompt_toolkit": {"prompts"},
    "dulwich": {"cohort.snapshot"},
    "multiprocessing": {"cohort.workers"},
    "urllib": {"fetch"},
    "yaml": {"cohort.roster_teams"},
    "click": {"cli", "console", "commands.assignment", "commands.cohort", "commands.options"},
}
# From the top to the bottom; a module imports only what stands below it.
FLOW = [
    "cohort.report",
    "cohort.status",
    "cohort.push",
    "cohort.remote",
    "cohort.preview",
    "cohort.make",
    "cohort.place",
    "cohort.workers",
    "cohort.build",
    "cohort.snapshot",
    "cohort.select",
    "cohort.units",
    "cohort.roster",
    "cohort.roster_teams",
    "cohort.roster_csv",
    "cohort.people",
    "cohort.state",
    "assignment.draft",
    "assignment.sources",
    "assignment.loading",
    "assignment.reader",
    "assignment.tables",
    "assignment.toml_lines",
    "assignment.model",
    "assignment.globs",
    "assignment.placeholders",
    "assignment.versions",
    "fetch",
    "project",
    "staging",
    "repository",
    "answers",
    "render",
    "finish",
    "manifest",
    "pins",
    "process",
    "spelling",
    "slugs",
    "dialect",
    "tree",
    "contents",
    "catalog",
    "errors",
]


# What hooks do is compared with them; a reader is shown by what it reads.
SHOWN_BY = {
    "finish": "render",
    "spelling": "render",
    "assignment.reader": "cohort.bad_input",
    "assignment.tables": "cohort.bad_input",
    "assignment.sources": "assignment.new",
    "cohort.build": "cohort.make",
    "cohort.people": "cohort.roster",
    "cohort.place": "cohort.privacy",
    "cohort.preview": "assignment.check",
    "cohort.roster_csv": "cohort.roster",
    "cohort.roster_teams": "cohort.roster",
    "cohort.select": "cohort.make",
    "cohort.workers": "cohort.kill",
}


def name_of(path: Path) -> str:
    """Return what a module is called inside the package: `cohort.state`."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def path_of(name: str) -> Path:
    """Return the file of a module."""
    return SOURCE / f"{name.replace('.', '/')}.py"


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
    names = {name.removeprefix("scaffold.") for name in imports(path) if name.startswith("scaffold.")}
    return names & {name_of(module) for module in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_door_has_one_keeper(path: Path) -> None:
    """Of the libraries with side effects, each is imported in one place."""
    packages = {name.split(".")[0] for name in imports(path)}
    assert {name for name in packages if name_of(path) not in DOORS.get(name, {name_of(path)})} == set()


@pytest.mark.parametrize("path", [path_of(name) for name in FLOW], ids=name_of)
def test_data_flows_one_way(path: Path) -> None:
    """Nothing below the front imports what stands above it."""
    assert ours(path) - set(FLOW[FLOW.index(name_of(path)) + 1 :]) == set()


@pytest.mark.parametrize("path", [path_of(name) for name in FLOW], ids=name_of)
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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_module_says_what_it_is_for(path: Path) -> None:
    """Its first sentence is its part in the whole."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FLOW)
def test_each_module_has_its_tests(name: str) -> None:
    """One file per module; a few are shown by the tests of what they are a part of."""
    *folders, module = SHOWN_BY.get(name, name).split(".")
    assert Path(__file__).parent.joinpath(*folders, f"test_{module}.py").is_file()
