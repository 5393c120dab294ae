"""`scaffold cohort`: create, push and check one repository per student."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from scaffold.commands import completers
from scaffold.commands.console import Progress, echo, echo_json, format_example, terminal_width
from scaffold.errors import ScaffoldError

INTERRUPTED = 130
_only = click.option(
    "--only", multiple=True, metavar="NAME",
    help="Only this student, team or repository; repeat for more.",
)  # fmt: skip
_failed = click.option("--failed", is_flag=True, help="Only repositories whose last attempt failed.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_directory = click.argument(
    "directory", default=".", type=click.Path(path_type=Path), shell_complete=completers.complete_folder
)


@click.group(
    short_help="Create and push one project per student.",
    epilog=format_example(
        "scaffold cohort create assignment.toml roster.csv --out blog-2026",
        "scaffold cohort push blog-2026 --remote 'git@gitlab.com:course-2026/{repo}.git'",
        "scaffold cohort status blog-2026 --html blog-2026/status.html",
    ),
)
def cohort() -> None:
    """Create, push and check one repository for each student of a roster."""


@cohort.command(
    short_help="Create one repository per student.",
    epilog=format_example("scaffold cohort create assignment.toml roster.csv --out blog-2026"),
)
@click.argument("assignment", type=click.Path(), shell_complete=completers.complete_file)
@click.argument("roster", type=click.Path(path_type=Path), shell_complete=completers.complete_file)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, shell_complete=completers.complete_folder,
    help="Folder for this cohort; created if it does not exist.",
)  # fmt: skip
@_only
@_failed
@click.option(
    "--encoding",
    default="",
    metavar="NAME",
    help="Encoding of ROSTER, such as cp1250; UTF-8 by default.",
)
@click.option("--no-git", is_flag=True, help="Write the files only; run again without it to add the commits.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Number of processes; one per core by default.")
@click.option("--dry-run", is_flag=True, help="Show what would be created, and write nothing.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and requested output.")
@click.pass_context
def create(  # noqa: PLR0913 - the command line has as many options
    context: click.Context, /, assignment: str, roster: Path, out: Path, *, jobs: int | None,
    only: Sequence[str], encoding: str, **flags: bool,
) -> None:  # fmt: skip
    """Create one repository for each student of ROSTER, from ASSIGNMENT. Existing ones stay untouched.

    Run the same command again to continue an interrupted run, or to add students who joined the roster.
    """
    from scaffold.assignment import sources
    from scaffold.cohort import create as creating
    from scaffold.cohort import roster as rosters
    from scaffold.terminal import cohort_json, cohort_tables

    run_options = creating.CreateOptions(only, flags["failed"], not flags["no_git"], jobs or 0)
    found = sources.load(assignment)
    students = rosters.read(roster, encoding)
    plan = creating.plan_cohort(found, students, out, run_options)
    skipped = [f"line {each.line}: {each.message}" for each in students.skipped]
    if flags["dry_run"]:
        if flags["as_json"]:
            echo_json(cohort_json.serialize_plan(plan, skipped))
        else:
            echo(cohort_tables.format_plan(plan, skipped))
        return
    for each in [] if flags["quiet"] else _notes(skipped, plan.changed, plan.gone):
        echo(each, err=True)
    progress = Progress(len(plan.to_create), quiet=flags["quiet"])
    started = time.monotonic()
    try:
        report = creating.create_cohort(plan, run_options, roster, lambda _record: progress.advance())
    except KeyboardInterrupt:
        progress.clear()
        echo("Stopped. Finished repositories are kept. Run the same command again to continue.", err=True)
        context.exit(INTERRUPTED)
    progress.clear()
    if flags["as_json"]:
        echo_json(cohort_json.serialize_created(report, plan, skipped))
    elif report.failed or not flags["quiet"]:
        echo(
            cohort_tables.format_created(
                report, len(plan.done), time.monotonic() - started, terminal_width()
            ),
            err=bool(report.failed),
        )
    context.exit(1 if report.failed else 0)


@cohort.command(
    short_help="Push each repository to its remote.",
    epilog=format_example(
        "scaffold cohort push blog-2026 --remote 'git@gitlab.com:course-2026/{repo}.git'",
        "scaffold cohort push blog-2026 --remote 'file:///srv/git/{repo}.git' --rate 20",
    ),
)
@_directory
@click.option(
    "--remote", "pattern", required=True, metavar="PATTERN",
    help="Address of each repository, with {repo} for its name: ssh, https:// or file://.",
)  # fmt: skip
@_only
@_failed
@click.option(
    "--rate", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True,
    help="Pushes per second.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be pushed, and push nothing.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and requested output.")
@click.pass_context
def push(
    context: click.Context,
    /,
    directory: Path,
    pattern: str,
    *,
    only: Sequence[str],
    rate: float,
    **flags: bool,
) -> None:
    """Push the first commit of each repository to its remote, which must exist unless the host creates it.

    scaffold runs git with your own keys and credentials. Refused pushes are retried with increasing delays.
    Repositories that were pushed before are skipped.
    """
    from scaffold.cohort import push as pushing
    from scaffold.cohort import remote, state
    from scaffold.terminal import cohort_json, cohort_tables

    run_options = pushing.PushOptions(remote.parse(pattern), only, flags["failed"])
    todo, already_pushed, _ = pushing.sort_records(state.read(directory), run_options)
    if flags["dry_run"]:
        if flags["as_json"]:
            echo_json(
                {
                    "push": {
                        each.repository: run_options.pattern.redacted_url(each.repository) for each in todo
                    }
                }
            )
        else:
            rows = [
                f"push  {each.repository}  to {run_options.pattern.redacted_url(each.repository)}"
                for each in todo
            ]
            echo("\n".join([*rows, f"Dry run: {len(todo)} to push, {len(already_pushed)} already pushed."]))
        return
    progress = Progress(len(todo), quiet=flags["quiet"])
    try:
        report = pushing.push_cohort(
            directory, run_options, pushing.RateLimiter(rate), lambda _record: progress.advance()
        )
    except KeyboardInterrupt:
        progress.clear()
        echo("Stopped. Finished pushes are recorded. Run the same command again to continue.", err=True)
        context.exit(INTERRUPTED)
    progress.clear()
    if flags["as_json"]:
        echo_json(cohort_json.serialize_pushed(report))
    elif report.failed or not flags["quiet"]:
        echo(cohort_tables.format_pushed(report, terminal_width()), err=bool(report.failed))
    context.exit(1 if report.failed else 0)


@cohort.command(
    short_help="Show the state of each repository.",
    epilog=format_example("scaffold cohort status blog-2026 --html blog-2026/status.html"),
)
@_directory
@_only
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets.")
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="FILE", help="Write one HTML page to this file."
)
@_json
@click.pass_context
def status(
    context: click.Context, directory: Path, *, only: Sequence[str], as_csv: bool, html: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare each repository with its first commit: starting point, edited managed files, last commit.

    Reads your local copies without using the network: run `git pull` in them first. Exits with 1 if git
    cannot read one of them.
    """
    from scaffold.cohort import report
    from scaffold.cohort import status as statuses
    from scaffold.terminal import cohort_json, cohort_tables

    found = statuses.inspect_cohort(directory, only)
    counts = report.count_repositories(found)
    if html:
        try:
            html.write_text(report.render_html(found), encoding="utf-8", newline="\n")
        except OSError as error:
            raise ScaffoldError(
                f"{html} cannot be written: {error.strerror}.", "Choose another file."
            ) from error
    if as_json:
        echo_json(cohort_json.serialize_status(found, counts))
    elif as_csv:
        click.echo(report.render_csv(found), nl=False)
    elif html:
        echo(f"✔ Wrote {html}. It contains student names: do not publish it.")
    else:
        echo(
            cohort_tables.format_status(
                found, counts, [report.table_row(each) for each in found.repositories]
            )
        )
    for each in found.unreadable if as_csv or html or as_json else ():
        echo(f"git cannot read {each.record.repository}: {each.problem}", err=True)
    context.exit(1 if found.unreadable else 0)


def _notes(skipped: Sequence[str], changed: Sequence[str], gone: Sequence[str]) -> list[str]:
    notes = [f"Skipped: {each}." for each in skipped]
    if changed:
        notes.append(
            f"Note: the roster changed for {', '.join(changed)}. Existing repositories are not changed."
        )
    if gone:
        notes.append(f"Note: no longer in the roster: {', '.join(gone)}. Their repositories are kept.")
    return notes
