"""The rooms of the house: which room imports which, and the one room for each library with side effects."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "scaffold"
MODULES = sorted(SOURCE.rglob("*.py"))

# Each room, and the rooms that it may import. A module beside the rooms is a room of its own.
ROOMS = {
    "__init__": set[str](),
    "errors": set[str](),
    "catalog": {"errors"},
    "system": {"catalog", "errors"},
    "engine": {"system", "catalog", "errors"},
    "assignment": {"engine", "system", "catalog", "errors"},
    "cohort": {"assignment", "engine", "system", "catalog", "errors"},
    "terminal": {"cohort", "assignment", "engine", "system", "catalog", "errors"},
    "commands": {"terminal", "cohort", "assignment", "engine", "system", "catalog", "errors"},
    "cli": {"commands", "terminal", "cohort", "assignment", "engine", "system", "catalog", "errors"},
    "__main__": {"cli"},
}
# Each library with a side effect or a cost, and what may import it: a room or a module.
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
# The rooms that print and end the program; all others return data.
FRONT = {"__main__", "cli", "commands", "terminal"}
# A module without a test file of its own name, and the tests that cover it.
COVERED_BY = {
    "assignment.reader": "cohort.bad_input",
    "assignment.sources": "assignment.new",
    "assignment.tables": "cohort.bad_input",
    "catalog.model": "catalog.registry",
    "catalog.spelling": "engine.render",
    "cohort.build": "cohort.make",
    "cohort.people": "cohort.roster",
    "cohort.place": "cohort.privacy",
    "cohort.preview": "assignment.check",
    "cohort.roster_csv": "cohort.roster",
    "cohort.roster_teams": "cohort.roster",
    "cohort.select": "cohort.make",
    "cohort.workers": "cohort.kill",
    "engine.optional": "engine.render",
}


def name_of(path: Path) -> str:
    """Return the dotted name of a module inside the package: `cohort.state`."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def room_of(name: str) -> str:
    """Return the room that a module is in."""
    return name.partition(".")[0]


def imports(path: Path) -> set[str]:
    """Return the dotted names that a file imports, type-only and late imports included."""
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
    """The only way is down."""
    room = room_of(name_of(path))
    assert {room_of(name) for name in own_imports(path)} <= ROOMS[room] | {room, "__init__"}


def test_no_module_imports_itself_in_a_circle() -> None:
    """Modules of one room have an order too."""
    left = {name: set(below) for name, below in GRAPH.items()}
    while free := {name for name, below in left.items() if not below & left.keys()}:
        left = {name: below for name, below in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_library_has_one_door(path: Path) -> None:
    """A library with side effects is imported in one room."""
    name = name_of(path)
    packages = {imported.partition(".")[0] for imported in imports(path)}
    assert {each for each in packages & DOORS.keys() if not {name, room_of(name)} & DOORS[each]} == set()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(name_of(path)) not in FRONT], ids=name_of
)
def test_the_core_returns_data(path: Path) -> None:
    """It neither prints nor ends the program."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"print", "input", "exit", "quit", "sys.exit", "os._exit"}
    assert not {call for call in calls if call.startswith(("sys.stdout", "sys.stderr"))}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_module_says_what_it_is_for(path: Path) -> None:
    """It starts with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "name", sorted(name for name in GRAPH if room_of(name) in ROOMS.keys() - FRONT and "." in name)
)
def test_each_module_of_the_core_has_its_tests(name: str) -> None:
    """In a file of the same name in the same room; a few are covered by the tests of their callers."""
    *rooms, module = COVERED_BY.get(name, name).split(".")
    assert Path(__file__).parent.joinpath(*rooms, f"test_{module}.py").is_file()
