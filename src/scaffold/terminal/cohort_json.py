"""The JSON that the instructors' commands print. Each function documents its object, as in `json_objects`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.terminal import json_objects

if TYPE_CHECKING:
    from scaffold.cohort.create import CreatePlan, CreateReport
    from scaffold.cohort.planning import PlannedRepository
    from scaffold.cohort.preview import Preview
    from scaffold.cohort.push import PushReport
    from scaffold.cohort.report import Count
    from scaffold.cohort.state import Record
    from scaffold.cohort.status import CohortStatus, RepositoryStatus

Json = dict[str, Any]


def serialize_preview(found: "Preview") -> Json:
    """Return the output of `assignment check`: the assignment, and

    - version: text, the version of the template
    - repository: text, the repository name of a sample student called Ada Lovelace
    - answers: object of texts, the answers of the sample project
    - files: array of {path, owner: "managed", "student" or ""}
    - idle: array of patterns that match no file
    """  # noqa: D400, D415 - a list follows
    return {
        **json_objects.serialize_assignment(found.assignment),
        "version": found.template.version,
        "repository": found.repository,
        "answers": dict(found.answers),
        "files": [{"path": path, "owner": owner} for path, owner in found.owners.items()],
        "idle": list(found.unmatched),
    }


def serialize_plan(found: "CreatePlan", skipped: Sequence[str]) -> Json:
    """Return the output of `cohort create --dry-run`: arrays of the repositories to create and those done."""
    return {
        "path": str(found.folder.absolute()),
        "assignment": found.assignment.id,
        "make": [_serialize_planned(each) for each in found.to_create],
        "done": [each.name for each in found.done],
        "changed": list(found.changed),
        "gone": list(found.gone),
        "skipped": list(skipped),
        "dry_run": True,
    }


def _serialize_planned(planned: "PlannedRepository") -> Json:
    return {
        "repository": planned.name,
        "team": planned.team,
        "students": [each.display_name for each in planned.students],
        "line": planned.line,
    }


def serialize_created(report: "CreateReport", found: "CreatePlan", skipped: Sequence[str]) -> Json:
    """Return the output of `cohort create`: what was created, and all records (see `serialize_record`)."""
    return {
        "path": str(report.folder.absolute()),
        "assignment": found.assignment.id,
        "made": list(report.created),
        "done": [each.name for each in found.done],
        "failed": list(report.failed),
        "changed": list(found.changed),
        "gone": list(found.gone),
        "skipped": list(skipped),
        "repositories": [serialize_record(each) for each in report.records],
        "dry_run": False,
    }


def serialize_pushed(report: "PushReport") -> Json:
    """Return the output of `cohort push`. `before` were pushed earlier, `unmade` have no commit."""
    return {
        "pushed": list(report.pushed),
        "before": list(report.already_pushed),
        "failed": [{"repository": each.repository, "error": each.error} for each in report.failed],
        "unmade": list(report.not_committed),
        "stopped": report.stopped,
    }


def serialize_status(found: "CohortStatus", counts: "Sequence[Count]") -> Json:
    """Return the output of `cohort status`: the recorded assignment, counts, and repositories.

    Each repository has the keys of `serialize_record` and

    - path: text; present: whether the folder exists
    - starts: whether its history begins with the recorded tree; null if it has no history
    - edited: array of managed files that differ from the first commit
    - commits: number; last_commit, last_date: texts, empty if there is no commit
    - problem: text, git's reason if it cannot read the repository; else empty
    """
    return {
        "assignment": found.assignment,
        "template": found.template,
        "scaffold": found.scaffold,
        "counts": {each.key: each.number for each in counts},
        "repositories": [_serialize_repository(found, each) for each in found.repositories],
    }


def _serialize_repository(found: "CohortStatus", status: "RepositoryStatus") -> Json:
    return {
        **serialize_record(status.record),
        "path": str((found.folder / "repositories" / status.record.repository).absolute()),
        "present": status.present,
        "starts": status.started_from_record,
        "edited": list(status.edited),
        "commits": status.commits,
        "last_commit": status.last_commit,
        "last_date": status.last_date,
        "problem": status.problem,
    }


def serialize_record(record: "Record") -> Json:
    """Return a record of the state file.

    - repository, team, scaffold, template, remote: texts, empty if unknown
    - step: "pending", "generated", "committed" or "pushed"
    - students: array of {name, username, section}
    - answers: SHA-256 of the answers; tree, commit: git's ids of the first commit
    - error: text, why the last attempt at the next step failed; else empty
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
