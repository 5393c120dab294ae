"""Read RepoBee's rosters of teams: one line of usernames for each team, or students.yml.

YAML is only parsed into nodes, which know their lines. No value is constructed, so no tag runs code, and an
alias stays one node however often it is used.
"""

from pathlib import Path

from scaffold.cohort.roster_model import Problem, Roster, Student
from scaffold.errors import BadInput

_MEMBERS = "members"
_LIST_TAG = "tag:yaml.org,2002:seq"
_EXAMPLE = "Write:\ntea-time:\n  members: [ada, grace]"


def read_lines(path: Path, text: str) -> tuple[Roster, list[Problem]]:
    """Return the roster of a text with one team per line: usernames separated by spaces, # for comments."""
    students = []
    for number, line in enumerate(text.splitlines(), 1):
        names = line.partition("#")[0].split()
        # A team of one is a student: the repository is named after the username.
        team = "-".join(sorted(names)) if len(names) > 1 else ""
        students += [Student(number, username=name, team=team) for name in names]
    return Roster(path, "RepoBee lines", tuple(students)), []


def read_yaml(path: Path, text: str) -> tuple[Roster, list[Problem]]:
    """Return the roster of a students.yml: `team: {members: [one, two]}`. Raises BadInput for other YAML."""
    import yaml  # noqa: PLC0415 - few rosters are YAML

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{where}: it is not YAML.", _EXAMPLE) from error
    if not isinstance(root, yaml.MappingNode):
        raise BadInput(f"{path}, line 1: it is not a list of teams.", _EXAMPLE)
    students: list[Student] = []
    problems: list[Problem] = []
    for key, value in root.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or not key.value.strip():
            problems.append(Problem(line, "a team has no name"))
            continue
        members = _members(value)
        if members is None:
            problems.append(
                Problem(
                    line, f"the team {key.value[:80]!r} has no list of members; write members: [ada, grace]"
                )
            )
            continue
        team = key.value.strip()
        students += [Student(at, username=name, team=team) for at, name in members]
    return Roster(path, "RepoBee YAML", tuple(students)), problems


def _members(team: object) -> list[tuple[int, str]] | None:
    """Return the names in `members` with their lines, or None if it is not a list of names."""
    import yaml  # noqa: PLC0415 - as above

    if not isinstance(team, yaml.MappingNode):
        return None
    for key, value in team.value:
        if isinstance(key, yaml.ScalarNode) and key.value == _MEMBERS:
            if not isinstance(value, yaml.SequenceNode) or value.tag != _LIST_TAG or not value.value:
                return None
            if not all(isinstance(each, yaml.ScalarNode) and each.value.strip() for each in value.value):
                return None
            return [(each.start_mark.line + 1, each.value.strip()) for each in value.value]
    return None
