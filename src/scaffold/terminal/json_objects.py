"""The output of --json. Each function documents its object. Keys may be added, but never change."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.catalog.model import Template
from scaffold.engine.plan import Plan
from scaffold.engine.record import Status
from scaffold.proof.sizes import Size
from scaffold.terminal.project_request import ProjectRequest

if TYPE_CHECKING:
    from scaffold.assignment.model import Assignment
    from scaffold.system.doctor import Check, Port  # which imports sockets and threads

Json = dict[str, Any]


def serialize_templates(found: Sequence[Template]) -> list[Json]:
    """Return the output of `list`: an array of {name, title, stack, description}, all texts."""
    return [
        {"name": each.name, "title": each.title, "stack": each.stack, "description": each.description}
        for each in found
    ]


def serialize_template(
    shown: Template, defaults: Mapping[str, str], plan: Plan, sizes: Sequence[Size]
) -> Json:
    """Return the output of `show`: the keys of `list`, and more.

    - version: text
    - questions: array of {name, prompt, type: "text" or "choice", default, essential: asked first, own: not
      shared by all templates, choices: array of {value, description}, empty for a text}
    - services: array of {name, purpose, port: number or null}
    - roadmap: array of texts
    - milestones: array of {number, title, files, lines, application_lines}; counts of the whole
      project at the end of that milestone; empty for a template without milestones
    - files: array of the paths in a project with the defaults
    """
    return {
        **serialize_templates([shown])[0],
        "version": shown.version,
        "questions": [
            {
                "name": each.name,
                "prompt": each.prompt,
                "type": each.kind,
                "default": defaults[each.name],
                "essential": each.is_essential,
                "own": each.is_specific,
                "choices": [{"value": one.value, "description": one.description} for one in each.choices],
            }
            for each in shown.questions
        ],
        "services": [
            {"name": each.name, "purpose": each.purpose, "port": each.port} for each in shown.services
        ],
        "roadmap": list(shown.roadmap),
        "milestones": [
            {
                "number": each.number,
                "title": each.title,
                "files": size.files,
                "lines": size.lines,
                "application_lines": size.application_lines,
            }
            for each, size in zip(shown.milestones, sizes, strict=True)
        ],
        "files": list(plan.paths),
    }


def serialize_project(wanted: ProjectRequest, files: Sequence[str], rest: Mapping[str, object]) -> Json:
    """Return the output of `new`: the created project, or with --dry-run what would be created.

    - path: text, absolute
    - template, version: texts
    - answers: object of texts, every question of the template
    - files: array of paths inside the project
    - next_steps: array of commands to run one after the other, in the folder where scaffold ran
    - address: text or null, the URL of the running project
    - reading: array of paths inside the project to read first
    - command: text, the command that creates the same project without prompts
    - notes: array of sentences about steps that were skipped
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


def serialize_assignment(found: "Assignment") -> Json:
    """Return an assignment, as in the output of `new`, `assignment check` and `cohort create`.

    - id, title, template: texts
    - due: text, as in the file; due_utc: text, in UTC
    - pinned: object of texts; free: object of texts or nulls, the defaults of the choices of students
    - managed, student: arrays of patterns
    - sha256: text, the hash of the content; comments and formatting do not count
    """
    said = found.record
    keys = ("id", "title", "due", "due_utc", "pinned", "managed", "student", "sha256")
    return {**{key: said[key] for key in keys}, "template": found.template, "free": dict(found.free)}


def serialize_doctor(found: "Sequence[Check]", ports: "Sequence[Port]") -> Json:
    """Return the output of `doctor`: {checks, ports}.

    - checks: array of {name, found: text or null, needed_for, required: whether scaffold itself needs it,
      hint: text, empty if nothing is missing}
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


def serialize_status(found: Status) -> Json:
    """Return the output of `status`: {template, scaffold: a version, unchanged, edited, missing, added}.

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
