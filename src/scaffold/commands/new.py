"""`scaffold new`: create a project."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from scaffold.commands import completers
from scaffold.commands.console import echo, echo_json, format_example, terminal_width
from scaffold.errors import UsageError


@click.command(
    short_help="Create a project.",
    epilog=format_example("scaffold new blog-django -a project_name='Travel Notes' -a database=mysql"),
)
@click.argument("template", required=False, shell_complete=completers.complete_template)
@click.argument(
    "directory", required=False, type=click.Path(path_type=Path), shell_complete=completers.complete_folder
)
@click.option(
    "-a", "--answer", "pairs", multiple=True, metavar="KEY=VALUE", shell_complete=completers.complete_answer,
    help="Answer a question; repeat for more. `scaffold show TEMPLATE` lists the keys.",
)  # fmt: skip
@click.option(
    "--answers",
    "file",
    type=click.Path(path_type=Path),
    help="Read answers from this TOML file.",
)
@click.option(
    "--assignment", "source", metavar="FILE_OR_URL",
    help="Create the project of an assignment: a file, a folder with assignment.toml, or an https:// URL.",
    type=click.Path(),
)  # fmt: skip
@click.option(
    "--milestone",
    metavar="N",
    shell_complete=completers.complete_milestone,
    help="Create the project as of milestone N; `scaffold show` lists the milestones.",
)
@click.option(
    "--starter", is_flag=True, help="Replace the code of that milestone with stubs; its tests are included."
)
@click.option("--history", is_flag=True, help="Create one commit and one tag per milestone.")
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing; use defaults for everything not answered.")
@click.option("--dry-run", is_flag=True, help="Show which files would be created, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; messages go to standard error.")
@click.option("--no-git", is_flag=True, help="Do not create a git repository.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and requested output.")
def new(
    template: str | None,
    directory: Path | None,
    pairs: Sequence[str],
    file: Path | None,
    source: str | None,
    milestone: str | None,
    **flags: bool,
) -> None:
    """Create a project in a new git repository, and ask for everything not given.

    Without DIRECTORY, the folder is named after the project. --answer takes precedence over the --answers
    file, which takes precedence over prompts and defaults. Omit TEMPLATE with --assignment, which names the
    template itself; answers that it pins cannot be changed.
    """
    from scaffold.engine import project, render
    from scaffold.terminal import formatting, next_steps, project_request

    if flags["history"] and flags["no_git"]:
        raise UsageError("--history and --no-git cannot be combined.", "Remove one of them.")
    screen = sys.stdout if sys.stdout.isatty() and not flags["as_json"] else sys.stderr
    assignment = None
    if source:
        from scaffold.assignment import sources

        assignment = sources.load(source)
    template, directory = project_request.resolve_arguments(template, directory, assignment)
    pairs = [*pairs, *project_request.parse_milestone_options(pairs, milestone, starter=flags["starter"])]
    options = project_request.NewOptions(
        template, directory, pairs, file, screen, source or "", assignment, history=flags["history"]
    )
    wanted, asked = project_request.collect_request(options, ask=not flags["defaults"])
    git_flags = [*(["--history"] if flags["history"] else []), *(["--no-git"] if flags["no_git"] else [])]
    command = options.equivalent_command(
        wanted.template, project_request.select_non_defaults(wanted), [*git_flags, "--defaults"]
    )
    origin = assignment.record if assignment else None
    notes: tuple[str, ...] = ()
    uv = next_steps.ask_uv(wanted.target) if flags["as_json"] or not flags["quiet"] else None
    if flags["dry_run"]:
        project.check_target(wanted.target)
        plan = render.plan(wanted.template, wanted.answers, origin)
        files, text = plan.paths, formatting.format_dry_run(wanted.target, plan)
    else:
        created = project.create(
            wanted.template,
            wanted.answers,
            wanted.target,
            git=not flags["no_git"],
            history=flags["history"],
            origin=origin,
        )
        files, notes = created.files, created.notes
        commits = "one commit per milestone" if flags["history"] else "a first commit"
        committed = "" if flags["no_git"] or notes else commits
        text = formatting.format_created(wanted.target, len(files), committed, terminal_width())
    steps = (
        next_steps.after(wanted.template, wanted.answers, wanted.target, files, uv())
        if uv
        else next_steps.NONE
    )
    if flags["as_json"]:
        from scaffold.terminal import json_objects

        rest: dict[str, object] = {
            "next_steps": list(steps.commands),
            "address": steps.address,
            "reading": list(steps.reading),
            "command": " ".join(command),
            "notes": list(notes),
            "dry_run": flags["dry_run"],
        }
        if assignment:
            rest["assignment"] = json_objects.serialize_assignment(assignment)
        echo_json(json_objects.serialize_project(wanted, files, rest))
    elif flags["dry_run"] or not flags["quiet"]:
        if assignment:
            echo(
                formatting.format_pinned_answers(
                    assignment, options.pinned_answers(wanted.template), terminal_width()
                )
            )
        echo(
            text
            if flags["dry_run"]
            else text + formatting.format_next_steps(steps, command if asked else (), terminal_width())
        )
    for note in (*notes, *(() if flags["quiet"] else steps.missing)):
        echo(formatting.wrap(note, terminal_width(), formatting.yellow("Note: ")), err=True)
