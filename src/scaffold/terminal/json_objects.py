"""The JSON that the commands print under --json: each function documents its object; keys are only added."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.catalog.model import Template
from scaffold.engine.plan import Plan
from scaffold.engine.record import Status
from scaffold.terminal.request import Request

if TYPE_CHECKING:
    from scaffold.assignment.model import Assignment
    from scaffold.system.doctor import Check, Port  # which imports sockets and threads

Json = dict[str, Any]


def templates(found: Sequence[Template]) -> list[Json]:
    """Return `list`: an array of objects with name, title, stack and description, all texts."""
    return [
        {"name": each.name, "title": each.title, "stack": each.stack, "description": each.description}
        for each in found
    ]


def template(shown: Template, defaults: Mapping[str, str], plan: Plan) -> Json:
    """Return `show`: the four of `list`, and more.

    - version: text
    - questions: array of {name, prompt, type: "text" or "choice", default, essential: asked first, own: not
      one of the questions that all templates share, choices: array of {value, description}, empty for a text}
    - services: array of {name, purpose, port: number or null}
    - roadmap: array of texts
    - files: array of the paths in a project made with the defaults
    """
    return {
        **templates([shown])[0],
        "version": shown.version,
        "questions": [
            {
                "name": each.name,
                "prompt": each.prompt,
                "type": each.kind,
                "default": defaults[each.name],
                "essential": each.essential,
                "own": each.own,
                "choices": [{"value": one.value, "description": one.description} for one in each.choices],
            }
            for each in shown.questions
        ],
        "services": [
            {"name": each.name, "purpose": each.purpose, "port": each.port} for each in shown.services
        ],
        "roadmap": list(shown.roadmap),
        "files": list(plan.paths),
    }


def project(wanted: Request, files: Sequence[str], rest: Mapping[str, object]) -> Json:
    """Return `new`: what was made, or under --dry-run what would be.

    - path: text, absolute
    - template, version: texts
    - answers: object of texts, every question of the template
    - files: array of paths inside the project
    - next_steps: array of commands, to be typed one after the other where scaffold was run
    - address: text or null, where the project answers then
    - reading: array of paths inside the project, what to read first
    - command: text, the command that makes the same project without a question
    - notes: array of sentences on what was not done
    - dry_run: boolean, true if nothing was written
    - assignment: object, only with --assignment; see `assignment`
    """
    return {
        "path": str(wanted.target.absolute()),
        "template": wanted.template.name,
        "version": wanted.template.version,
        "answers": dict(wanted.answers),
        "files": list(files),
        **rest,
    }


def assignment(found: "Assignment") -> Json:
    """Return an assignment as `new`, `assignment check` and the cohort commands show it.

    - id, title, template: texts
    - due: text, as it was written; due_utc: text, the same moment in UTC
    - pinned: object of texts; free: object of texts or nulls, the defaults of what a student may choose
    - managed, student: arrays of patterns
    - sha256: text, the same for assignments that say the same
    """
    said = found.record
    keys = ("id", "title", "due", "due_utc", "pinned", "managed", "student", "sha256")
    return {**{key: said[key] for key in keys}, "template": found.template, "free": dict(found.free)}


def doctor(found: "Sequence[Check]", ports: "Sequence[Port]") -> Json:
    """Return `doctor`: {checks, ports}.

    - checks: array of {name, found: text or null, needed_for, required: whether scaffold itself needs it,
      hint: text, empty if there is nothing to do}
    - ports: array of {port: number, free: boolean, needed_for, hint}
    """
    return {
        "checks": [
            {
                "name": each.name,
                "found": each.found,
                "needed_for": each.needed_for,
                "required": each.required,
                "hint": each.hint,
            }
            for each in found
        ],
        "ports": [
            {"port": each.port, "free": each.free, "needed_for": each.needed_for, "hint": each.hint}
            for each in ports
        ],
    }


def status(found: Status) -> Json:
    """Return `status`: {template, scaffold: the version that made it, unchanged, edited, missing, added}.

    The last four are arrays of paths.
    """
    return {
        "template": found.manifest.template,
        "scaffold": found.manifest.scaffold,
        "unchanged": list(found.unchanged),
        "edited": list(found.edited),
        "missing": list(found.missing),
        "added": list(found.added),
    }
