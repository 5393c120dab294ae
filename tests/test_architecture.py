"""The packages of scaffold ("rooms"): which may import which, and where each external library is imported."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "scaffold"
MODULES = sorted(SOURCE.rglob("*.py"))

# The rooms that each room may import. A top-level module is a room of its own.
ROOMS = {
    "__init__": set[str](),
    "errors": set[str](),
    "catalog": {"errors"},
    "system": {"catalog", "errors"},
    "engine": {"system", "catalog", "errors"},
    "proof": {"engine", "system", "catalog", "errors"},
    "assignment": {"proof", "engine", "system", "catalog", "errors"},
    "cohort": {"assignment", "proof", "engine", "system", "catalog", "errors"},
    "terminal": {"cohort", "assignment", "proof", "engine", "system", "catalog", "errors"},
    "commands": {"terminal", "cohort", "assignment", "proof", "engine", "system", "catalog", "errors"},
    "cli": {"commands", "terminal", "cohort", "assignment", "proof", "engine", "system", "catalog", "errors"},
    "__main__": {"cli"},
}
# The rooms or modules that may import a library with side effects or a slow import.
DOORS = {
    "binaryornot": {"engine.template_files"},
    "click": {"cli", "commands"},
    "cookiecutter": {"engine"},
    "dulwich": {"system.git_objects"},
    "jinja2": {"engine.render"},
    "multiprocessing": {"cohort.workers"},
    "prompt_toolkit": {"terminal.prompts"},
    "questionary": {"terminal.prompts"},
    "slugify": {"catalog.spelling"},
    "subprocess": {"system.process"},
    "urllib": {"system.https"},
    "yaml": {"cohort.roster_teams"},
}
# The rooms that may print and exit; all others return data.
FRONT = {"__main__", "cli", "commands", "terminal"}
# Modules without a test file of the same name, and the tests that cover them.
COVERED_BY = {
    "assignment.reader": "cohort.bad_input",
    "assignment.sources": "assignment.new",
    "assignment.toml_document": "cohort.bad_input",
    "catalog.model": "catalog.registry",
    "catalog.spelling": "engine.render",
    "cohort.build": "cohort.create",
    "cohort.preview": "assignment.check",
    "cohort.private_folder": "cohort.privacy",
    "cohort.roster_csv": "cohort.roster",
    "cohort.roster_model": "cohort.roster",
    "cohort.roster_teams": "cohort.roster",
    "cohort.selection": "cohort.create",
    "cohort.workers": "cohort.kill",
    "engine.history": "commands.milestones",
    "engine.optional": "engine.render",
    "proof.bodies": "proof.leaks",
    "proof.growing": "proof.laws",
    "proof.imports": "proof.laws",
    "proof.joints": "proof.laws",
    "proof.settings": "proof.laws",
    "proof.source": "proof.laws",
    "proof.statements": "proof.laws",
}


def name_of(path: Path) -> str:
    """Return the dotted name of a module inside the package: `cohort.state`."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def room_of(name: str) -> str:
    """Return the room that a module is in."""
    return name.partition(".")[0]


def imports(path: Path) -> set[str]:
    """Return the dotted names that a file imports, including type-only and late imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own_imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports."""
    known = {name_of(module) for module in MODULES}
    found = set()
    for name in imports(path):
        if name.startswith("scaffold."):
            inside = name.removeprefix("scaffold.")
            found.add(inside if inside in known else inside.rpartition(".")[0] or "__init__")
    return found


GRAPH = {name_of(path): own_imports(path) for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_room_imports_only_the_rooms_below_it(path: Path) -> None:
    """Never a room above it."""
    room = room_of(name_of(path))
    assert {room_of(name) for name in own_imports(path)} <= ROOMS[room] | {room, "__init__"}


def test_there_are_no_import_cycles() -> None:
    """Not even within a room."""
    remaining = {name: set(below) for name, below in GRAPH.items()}
    while free := {name for name, below in remaining.items() if not below & remaining.keys()}:
        remaining = {name: below for name, below in remaining.items() if name not in free}
    assert remaining == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_library_is_imported_in_one_place(path: Path) -> None:
    """In the rooms and modules that DOORS lists."""
    name = name_of(path)
    packages = {imported.partition(".")[0] for imported in imports(path)}
    assert {each for each in packages & DOORS.keys() if not {name, room_of(name)} & DOORS[each]} == set()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(name_of(path)) not in FRONT], ids=name_of
)
def test_the_core_returns_data(path: Path) -> None:
    """It neither prints nor exits."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"print", "input", "exit", "quit", "sys.exit", "os._exit"}
    assert not {call for call in calls if call.startswith(("sys.stdout", "sys.stderr"))}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_module_has_a_docstring(path: Path) -> None:
    """It says what the module is for."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "name", sorted(name for name in GRAPH if room_of(name) in ROOMS.keys() - FRONT and "." in name)
)
def test_each_module_of_the_core_has_its_tests(name: str) -> None:
    """In a file of the same name, or in one that COVERED_BY lists."""
    *rooms, module = COVERED_BY.get(name, name).split(".")
    assert Path(__file__).parent.joinpath(*rooms, f"test_{module}.py").is_file()
