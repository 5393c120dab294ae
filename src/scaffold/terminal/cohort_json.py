"""The JSON that the instructors' commands print: each function documents its object, as in `json_objects`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.terminal import json_objects

if TYPE_CHECKING:
    from scaffold.cohort.make import Forecast, Report
    from scaffold.cohort.preview import Preview
    from scaffold.cohort.push import Report as Pushed
    from scaffold.cohort.state import Record
    from scaffold.cohort.status import Look, Overview

Json = dict[str, Any]


def preview(found: "Preview") -> Json:
    """Return `assignment check`: the assignment, and

    - version: text, of the template
    - repository: text, what the repository of a student called Ada Lovelace would be called
    - answers: object of texts, those of her project
    - files: array of {path, owner: "managed", "student" or ""}
    - idle: array of patterns that no file fits
    """  # noqa: D400, D415 - a list follows
    return {
        **json_objects.assignment(found.assignment),
        "version": found.template.version,
        "repository": found.repository,
        "answers": dict(found.answers),
        "files": [{"path": path, "owner": owner} for path, owner in found.owners.items()],
        "idle": list(found.idle),
    }


def forecast(found: "Forecast", skipped: Sequence[str]) -> Json:
    """Return `cohort create --dry-run`: what would be made and what is done, as arrays of repositories."""
    return {
        "path": str(found.folder.absolute()),
        "assignment": found.assignment.id,
        "make": [_unit(each) for each in found.wanted],
        "done": [each.repository for each in found.done],
        "changed": list(found.changed),
        "gone": list(found.gone),
        "skipped": list(skipped),
        "dry_run": True,
    }


def _unit(unit: Any) -> Json:  # noqa: ANN401 - as above
    return {
        "repository": unit.repository,
        "team": unit.team,
        "students": [each.shown for each in unit.students],
        "line": unit.line,
    }


def made(report: "Report", found: "Forecast", skipped: Sequence[str]) -> Json:
    """Return `cohort create`: what was made, and the records of the whole cohort (see `record`)."""
    return {
        "path": str(report.folder.absolute()),
        "assignment": found.assignment.id,
        "made": list(report.made),
        "done": [each.repository for each in found.done],
        "failed": list(report.failed),
        "changed": list(found.changed),
        "gone": list(found.gone),
        "skipped": list(skipped),
        "repositories": [record(each) for each in report.records],
        "dry_run": False,
    }


def pushed(report: "Pushed") -> Json:
    """Return `cohort push`: arrays of repositories, those that failed with why; `stopped` is a sentence."""
    return {
        "pushed": list(report.pushed),
        "before": list(report.before),
        "failed": [{"repository": each.repository, "error": each.error} for each in report.failed],
        "unmade": list(report.unmade),
        "stopped": report.stopped,
    }


def overview(found: "Overview", counts: Sequence[tuple[str, int]]) -> Json:
    """Return `cohort status`: the assignment as recorded, numbers by what they count, and repositories.

    Each repository is `record` and

    - path: text; present: whether it is there
    - starts: whether its history begins with the recorded tree, or null if there is none
    - edited: array of managed files that are no longer what they were
    - commits: number; last_commit, last_date: texts, empty if there is none
    - problem: text, git's reason if it cannot read the repository; empty if it can
    """
    return {
        "assignment": found.assignment,
        "template": found.template,
        "scaffold": found.scaffold,
        "counts": {name.replace(" ", "_"): number for name, number in counts},
        "repositories": [_look(found, each) for each in found.looks],
    }


def _look(found: "Overview", look: "Look") -> Json:
    return {
        **record(look.record),
        "path": str((found.folder / "repositories" / look.record.repository).absolute()),
        "present": look.present,
        "starts": look.starts,
        "edited": list(look.edited),
        "commits": look.commits,
        "last_commit": look.last_commit,
        "last_date": look.last_date,
        "problem": look.problem,
    }


def record(record: "Record") -> Json:
    """Return a record of the state file.

    - repository, team, scaffold, template, remote: texts; empty if there is none
    - step: "pending", "generated", "committed" or "pushed"
    - students: array of {name, username, section}
    - answers: SHA-256 of the answers; tree, commit: git's ids of what was handed out
    - error: text, why the last attempt at the next step failed; empty if it did not
    """
    people: list[Mapping[str, str]] = [
        {"name": each.name, "username": each.username, "section": each.section} for each in record.students
    ]
    texts = {
        key: getattr(record, key)
        for key in (
            "repository",
            "team",
            "step",
            "scaffold",
            "template",
            "answers",
            "tree",
            "commit",
            "remote",
            "error",
        )
    }
    return {**texts, "students": people}
