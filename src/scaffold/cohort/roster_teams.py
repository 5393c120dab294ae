"""Rosters of teams, as RepoBee has them: a line of usernames for each, or students.yml; knows YAML alone.

YAML is read as a tree of nodes with their lines, and no value is ever made of it: no tag is resolved, and an
alias stands for one node however often it is named.
"""

from pathlib import Path

from scaffold.cohort.people import Problem, Roster, Student
from scaffold.errors import BadInput

_MEMBERS = "members"
_LIST = "tag:yaml.org,2002:seq"
_EXAMPLE = "Write:\ntea-time:\n  members: [ada, grace]"


def read_lines(path: Path, text: str) -> tuple[Roster, list[Problem]]:
    """Return a roster with one team a line: usernames with blanks between them; # begins a comment."""
    students = []
    for number, line in enumerate(text.splitlines(), 1):
        names = line.partition("#")[0].split()
        # A team of one is no team: its repository is called after the student.
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
        raise BadInput(f"{path}, line 1: it is no list of teams.", _EXAMPLE)
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
                Problem(line, f"the team {key.value[:80]!r} has no list of members: [ada, grace]")
            )
            continue
        team = key.value.strip()
        students += [Student(at, username=name, team=team) for at, name in members]
    return Roster(path, "RepoBee YAML", tuple(students)), problems


def _members(team: object) -> list[tuple[int, str]] | None:
    """Return the names below `members` with their lines, or None if that is not what stands there."""
    import yaml  # noqa: PLC0415 - as above

    if not isinstance(team, yaml.MappingNode):
        return None
    for key, value in team.value:
        if isinstance(key, yaml.ScalarNode) and key.value == _MEMBERS:
            if not isinstance(value, yaml.SequenceNode) or value.tag != _LIST or not value.value:
                return None
            if not all(isinstance(each, yaml.ScalarNode) and each.value.strip() for each in value.value):
                return None
            return [(each.start_mark.line + 1, each.value.strip()) for each in value.value]
    return None
