"""Invalid rosters and assignments: a message with the line, exit code 2, and no file written."""

import os
from pathlib import Path

import pytest

from tests.conftest import tree
from tests.course import ASSIGNMENT, CREATE, ROSTER, scaffold, write

BROKEN_ASSIGNMENTS = [
    ("empty", "", "line 1: the key schema is missing", 'Start the file with: schema = "scaffold/assignment/v1"'),
    ("no TOML", ASSIGNMENT.replace('id = "shop-2026"', "id = shop-2026"), "line 2: it is not valid TOML", 'id = "blog'),
    ("cut off", ASSIGNMENT.replace('["src/**"]', '["src/**"'), "it is not valid TOML", ""),
    ("Latin-1", ASSIGNMENT.encode() + b"# caf\xe9\n", "line 19: it is not UTF-8 text.", "Save it as UTF-8."),
    ("huge", ASSIGNMENT + "#" * 70_000, "is larger than 64 KB", ""),
    ("deep", "x = " + "[" * 5_000 + "]" * 5_000, "is nested too deeply", ""),
    ("schema", ASSIGNMENT.replace("/v1", "/v9"), "does not support the schema 'scaffold/assignment/v9'.", "v1"),
    ("unknown key", ASSIGNMENT.replace("title =", "titel ="), "line 3: there is no key called 'titel'", "title?"),
    ("unknown table", ASSIGNMENT.replace("[files]", "[fils]"), "line 16: there is no key called 'fils'", "files?"),
    ("unknown inside", ASSIGNMENT.replace("managed", "manged"), "line 17: there is no key called 'manged'", "managed?"),
    ("no id", ASSIGNMENT.replace('id = "shop-2026"\n', ""), "line 1: the key id is missing", "Add: id"),
    ("bad id", ASSIGNMENT.replace('"shop-2026"', '"Shop 2026"'), "line 2: the id 'Shop 2026'", "blog-2026"),
    ("path as id", ASSIGNMENT.replace('"shop-2026"', '"../../x"'), "line 2: the id '../../x'", "blog-2026"),
    ("long id", ASSIGNMENT.replace("shop-2026", "s" * 40), "line 2: the id 'ssss", "blog-2026"),
    ("title", ASSIGNMENT.replace('"A shop"', '"a\\nb"'), "line 3: the title is not valid", ""),
    ("number", ASSIGNMENT.replace('"A shop"', "3"), "line 3: title is not a string", 'title = "…"'),
    ("due as text", ASSIGNMENT.replace("2026-12-18T23:59:00+01:00", '"soon"'), "line 4: due is not a date", "without"),
    ("due without zone", ASSIGNMENT.replace("+01:00", ""), "line 4: due has no offset from UTC", "+01:00"),
    ("due as a day", ASSIGNMENT.replace("T23:59:00+01:00", ""), "line 4: due has no time of day", "23:59"),
    ("due long ago", ASSIGNMENT.replace("2026-12-18T", "0026-12-18T"), "line 4: due is in the year 26", ""),
    ("template", ASSIGNMENT.replace('"shop"', '"shpo"'), "line 7: There is no template called 'shpo'", "shop?"),
    ("no name", ASSIGNMENT.replace('name = "shop"\n', ""), "line 6: [template] has no name", "shop"),
    ("no table", ASSIGNMENT.replace("[template]", "[[template]]"), "line 6: template is not a table", "[template]"),
    ("too old", ASSIGNMENT.replace(">=0.1", ">=9"), "line 8: it needs scaffold >=9, but this is scaffold", "matching"),
    ("version", ASSIGNMENT.replace(">=0.1", "newest"), "line 8: 'newest' is not a version range", ">=0.1"),
    ("question", ASSIGNMENT.replace("ci =", "cii ="), "line 11: there is no question of shop called 'cii'", "ci?"),
    ("choice", ASSIGNMENT.replace('"gitlab"', '"gitlub"'), "line 11: ci: 'gitlub' is not one of", "gitlab?"),
    ("Jinja", ASSIGNMENT.replace("Shop of {student}", "{{ 7*7 }}"), "line 14: project_name: it may not contain {{", ""),
    ("both", ASSIGNMENT.replace("project_name", "ci").replace("Shop of {student}", "github"), "line 14: ci is both pinned and free", ""),
    ("free text", ASSIGNMENT.replace('{ default = "Shop of {student}" }', '"x"'), "line 14: project_name is not a table", ""),
    ("placeholder", ASSIGNMENT.replace("{student}", "{studnet}"), "line 14: unknown placeholder {studnet}", "{student}?"),
    ("glob", ASSIGNMENT.replace('"tests/**"', '"../tests/**"'), "line 17: the pattern '../tests/**' is not valid", ""),
    ("globs", ASSIGNMENT.replace('["tests/**"]', '"tests/**"'), "line 17: managed is not a list of patterns", "["),
    ("repository", ASSIGNMENT.replace("[template]", 'repository = "x"\n[template]'), "line 6: every student would get", "{"),
    ("path", ASSIGNMENT.replace("[template]", 'repository = "../{username}"\n[template]'), "line 6: '../{username}' contains", "{"),
    ("author", ASSIGNMENT + '[commit]\nauthor = "me"\n', "line 20: 'me' is not an author", "staff@example.org"),
    ("lines", ASSIGNMENT + '[commit]\nauthor = "a\\n <b@c>"\n', "line 20: 'a\\n <b@c>' is not an author", ""),
    ("pinned", ASSIGNMENT.replace('[answers.pinned]\nci = "gitlab"', "[answers]\npinned = 3"), "line 11: pinned is not a", ""),
]  # fmt: skip
BROKEN_ROSTERS = [
    ("empty", "", "roster.csv is empty.", "username,name,email"),
    ("header only", "username,name\n", "roster.csv lists no students.", "one line for each"),
    ("no header", "1,2\n3,4\n", "line 1: no column identifies students; the header is '1, 2'.", "username, name"),
    ("headers unknown", "Points,Grade\n3,4\n", "line 1: no column identifies students", "username, name"),
    ("nobody", "username,name,team\n,,red\n", "line 2: it has no username, name or e-mail address", "Fix this line"),
    ("too many cells", "username,name\nada,Lovelace, Ada\n", "line 2: it has 3 cells, but the header has 2", "line"),
    ("open quote", 'username,name\nada,"Ada\n', "line 2: it cannot be read: unexpected end of data", "line"),
    ("stray quote", 'username,name\nada,"A"da\n', "line 2: it cannot be read", "line"),
    ("line break", 'username,name\nada,"A\nda"\n', "line 2: the name 'A\\nda' is not valid: it may not contain a line", ""),
    ("twice", "username\nada\nADA\n", "line 3: duplicate student 'ADA', already on line 2.", "Fix this line"),
    ("same slug", "name\nJosé Núñez\nJose Nunez\n", "line 3: 'Jose Nunez' would get the repository shop-2026-jose-nunez", ""),
    ("no letter", "name\n🎉\n", "line 2: '🎉' has no character that a repository name may contain", "Fix"),
    ("Jinja", "username,name\nada,{{ 7*7 }}\n", "line 2: the name '{{ 7*7 }}' is not valid: it may not contain {{", ""),
    ("bidi", "username,name\nada,Ada\u202eecalevol\n", "it may not contain the invisible character U+202E", ""),
    ("zero width", "username\nad\u200ba\n", "line 2: the username 'ad\\u200ba' is not valid: it contains the invisible character U+200B", ""),
    ("long", f"username,name\nada,{'x' * 201}\n", "line 2: the name 'xxx", "it has 201 characters"),
    ("long title", f"username,name\nada,{'x' * 195}\n", "line 2: no project can be created for 'xxx", "characters"),
    ("e-mail", "username,email\nada,Lovelace\n", "line 2: 'Lovelace' is not an e-mail address", "ada@example.org"),
    ("control", b"username\nad\x07a\n", "line 2: the username 'ad\\x07a' is not valid", "U+0007"),
    ("UTF-16", "username\nada\n".encode("utf-16"), "line 1: it is not plain text.", "CSV UTF-8"),
    ("binary", b"username\nada\n\0\0\0\n", "line 3: it is not plain text.", "CSV UTF-8"),
    ("no encoding", b"username\nad\xffa\n", "line 2: it is not UTF-8 text.", "--encoding cp1252  adÿa"),
    ("a lost letter", "username,name\nada,\ufffdukasz\n", "line 2: the name '\ufffdukasz' is not valid", "letter"),
    ("huge", b"username\n" + b"a" * (5 << 20), "is larger than 5 MB", "path"),
]  # fmt: skip
BROKEN_TEAMS = [
    ("no YAML", "red: {members: [ada\n", "line 2: it is not YAML.", "members: [ada, grace]"),
    ("a list", "- ada\n- grace\n", "line 1: it is not a list of teams.", "members:"),
    ("no members", "red: {}\nblue:\n  members: [ada]\n", "line 1: the team 'red' has no list of members", "Fix"),
    ("a text", "red: ada\n", "line 1: the team 'red' has no list of members", "Fix"),
    ("nested", "red: {members: [[ada]]}\n", "line 1: the team 'red' has no list of members", "Fix"),
    ("code", "red: {members: !!python/object/apply:os.system [touch pwned]}\nblue: {members: [touch]}\n",
     "line 1: the team 'red' has no list of members", "Fix"),
    ("no name", '"": {members: [ada]}\n', "line 1: a team has no name.", "Fix"),
    ("two teams", "red: {members: [ada]}\nblue:\n  members:\n  - Ada\n", "line 4: duplicate student 'Ada', already on line 1", ""),
]  # fmt: skip


def assert_refused(args: tuple[str, ...], message: str, hint: str) -> None:
    """Assert exit code 2, the message and the hint, and that no file has changed."""
    before = {**tree(Path()), "": str(sorted(os.listdir())).encode()}
    result = scaffold(*args)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    first, *rest = result.stderr.splitlines()
    assert first.startswith("Error: ")
    assert message in first
    assert hint in result.stderr
    assert not [line for line in rest if line.startswith(("Error", "Traceback", "Usage"))]
    assert {**tree(Path()), "": str(sorted(os.listdir())).encode()} == before


@pytest.mark.parametrize(
    "command", [("assignment", "check", "assignment.toml"), CREATE], ids=["check", "create"]
)
@pytest.mark.parametrize(
    ("name", "text", "message", "hint"), BROKEN_ASSIGNMENTS, ids=[each[0] for each in BROKEN_ASSIGNMENTS]
)
def test_an_invalid_assignment_is_refused(
    command: tuple[str, ...], name: str, text: str | bytes, message: str, hint: str
) -> None:  # fmt: skip
    """By both `check` and `create`, before the roster is read."""
    write({"assignment.toml": text})
    assert_refused(command, message, hint)
    assert name


@pytest.mark.parametrize(
    ("name", "text", "message", "hint"), BROKEN_ROSTERS, ids=[each[0] for each in BROKEN_ROSTERS]
)
def test_an_invalid_roster_is_refused(name: str, text: str | bytes, message: str, hint: str) -> None:
    """Before anything is written."""
    write({"roster.csv": text})
    assert_refused(CREATE, message, hint)
    assert name


@pytest.mark.parametrize(
    ("name", "text", "message", "hint"), BROKEN_TEAMS, ids=[each[0] for each in BROKEN_TEAMS]
)
def test_an_invalid_list_of_teams_is_refused(name: str, text: str, message: str, hint: str) -> None:
    """YAML tags do not run code."""
    write({"students.yml": text})
    assert_refused((*CREATE[:3], "students.yml", *CREATE[4:]), message, hint)
    assert name


@pytest.mark.parametrize("missing", ["assignment.toml", "roster.csv"])
def test_a_missing_file_is_refused(missing: str) -> None:
    """The message names it."""
    Path(missing).unlink()
    assert_refused(CREATE, f"{missing} cannot be read: No such file or directory.", "Check the path")


def test_every_problem_of_a_roster_is_listed() -> None:
    """In the order of the lines."""
    write({"roster.csv": 'username,name\nada,{%\ngrace,Grace\n,\nlin,"a\tb"\nx,y,z\n,,\n'})
    assert_refused(
        CREATE, "roster.csv has 3 problems, so nothing was written:", "Fix these and run the command again."
    )
    rows = [row.strip() for row in scaffold(*CREATE).stderr.splitlines() if row.startswith("  line")]
    assert [row.partition(":")[0] for row in rows] == ["line 2", "line 5", "line 6"]


def test_a_reserved_windows_name_needs_another_pattern() -> None:
    """The hint suggests a longer pattern."""
    write({
        "assignment.toml": ASSIGNMENT.replace("[template]", 'repository = "{username}"\n[template]'),
        "roster.csv": "username\nada\nAUX\nnul.txt\n",
    })  # fmt: skip
    assert_refused(
        CREATE, "has 2 problems", "line 3: the repository would be called 'aux', which Windows reserves"
    )


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (("cohort", "create", "assignment.toml", "roster.csv"), "Missing option '--out'", "See:"),
        ((*CREATE, "--only", "adaa"), "No student, team or repository of this cohort is called 'adaa'.", "Did you mean ada?"),
        ((*CREATE, "--jobs", "0"), "0 is not in the range", "See:"),
        (("cohort", "push", "out", "--remote", "x"), "would be the same address for every student", "{repo}"),
        (("cohort", "push", "out", "--remote", "http://h/{repo}"), "http:// is not supported", "https://"),
        (("cohort", "push", "out", "--remote", "ext::sh -c x% {repo}"), "is not a valid address", "https://"),
        (("cohort", "push", "out", "--remote", "--upload-pack=x{repo}"), "is not a valid address", "git@"),
        (("assignment", "init", "roster.csv", "-y"), "roster.csv already exists.", "another file"),
        (("assignment", "init", "new.toml", "-y"), "--defaults needs a template", "shop"),
        (("assignment", "init", "new.toml"), "There is no terminal for prompts.", "-y"),
        (("assignment", "init", "n.toml", "-y", "-t", "shop", "--due", "soon"), "'soon' is not a date", "--due 2026"),
        (("assignment", "init", "n.toml", "-y", "-t", "shop", "--id", "X"), "'X' is not a valid id.", "blog-2026"),
        (("assignment", "init", "n.toml", "-y", "-t", "shop", "--title", "{{"), "The title is not valid", ""),
        (("new", "--assignment", "assignment.toml", "x", "-y", "-a", "ci=github"), "ci is pinned by the", "Leave out"),
        (("new", "--assignment", "assignment.toml", "x", "-y", "-a", "ci=gitlab"), "ci is pinned by the", "Leave out"),
        (("new", "chat", "x", "--assignment", "assignment.toml", "-y"), "uses the template shop, not chat.", "Omit the"),
        (("new", "--assignment", "http://h/a.toml", "-y"), "http://h/a.toml is not an https:// address.", "Download"),
        (("new", "--assignment", "file:///a.toml", "-y"), "file:///a.toml is not an https:// address.", "Download"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_an_invalid_command_line_is_refused(args: tuple[str, ...], message: str, hint: str) -> None:
    """The hint says what to type instead."""
    assert_refused(args, message, hint)


def test_the_unchanged_files_are_valid() -> None:
    """Each case above fails because of its own change."""
    write({"assignment.toml": ASSIGNMENT, "roster.csv": ROSTER})
    assert scaffold("assignment", "check", "assignment.toml").exit_code == 0
    assert scaffold(*CREATE, "--dry-run").exit_code == 0
