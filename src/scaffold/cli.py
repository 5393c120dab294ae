"""The command line: options, output and exit codes; the only module that knows click."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from scaffold import __version__
from scaffold.commands import options
from scaffold.commands.assignment import assignment
from scaffold.commands.cohort import cohort
from scaffold.commands.console import example, say, say_json, width
from scaffold.errors import ScaffoldError

INTERRUPTED = 130
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Scaffold(click.Group):
    """The command with its subcommands, and the one place that turns failures into exit codes."""

    def main(self, *args: Any, **options: Any) -> NoReturn:  # noqa: ANN401 - click's own signature
        """Run, and exit: 1 or 2 with `Error: …` and a hint, 130 after Ctrl-C. A bug keeps its traceback."""
        if "SCAFFOLD_WORDS" in os.environ:  # set by the completion scripts
            sys.exit(_complete(self, os.environ["SCAFFOLD_WORDS"]))
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except ScaffoldError as error:
            code = _complain(error.message, error.hint, error.exit_code)
        except FileNotFoundError:
            if _is_in_a_folder():
                raise
            message = "The folder you are in does not exist any more."
            code = _complain(message, "Go to one that does: cd", 1)
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message())
            code = 0
        except click.ClickException as error:
            context = error.ctx if isinstance(error, click.UsageError) else None
            path = context.command_path if context else "scaffold"
            code = _complain(error.format_message(), f"See: {path} -h", error.exit_code)
        except click.Abort:
            say("Cancelled. Nothing was written.", err=True)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run the command; an interrupt and a closed pipe are caught before click makes two lines of them."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            raise click.Abort from error
        except BrokenPipeError:
            # Whoever read it has seen enough; Python would complain once more when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None
        return result


def _is_in_a_folder() -> bool:
    try:
        return Path.cwd().is_dir()
    except FileNotFoundError:
        return False


def _complain(message: str, hint: str, code: int) -> int:
    from scaffold.terminal import output

    say(f"{output.red('Error:')} {message}" + (f"\n{output.dim(hint)}" if hint else ""), err=True)
    return code


def _complete(cli: click.Group, handed: str) -> int:
    from click.shell_completion import ShellComplete

    from scaffold.terminal import completion

    *before, typed = completion.words(handed) or ["", ""]
    for item in ShellComplete(cli, {}, "scaffold", "").get_completions(before[1:], typed):
        say(completion.offer(typed, item.value, item.type, item.help or ""))
    return 0


@click.group(
    cls=Scaffold,
    context_settings=_SETTINGS,
    no_args_is_help=True,
    epilog=example(
        "scaffold new                  asks what to build, and how",
        "scaffold new blog-django -y   makes the blog with every default",
    ),
)
@click.version_option(__version__, prog_name="scaffold", message="%(prog)s %(version)s")
def main() -> None:
    """Generate a complete web project to learn from."""


@main.command(
    short_help="Make a project.",
    epilog=example("scaffold new blog-django -a project_name='Travel Notes' -a database=mysql"),
)
@click.argument("template", required=False, shell_complete=options.templates)
@click.argument("directory", required=False, type=click.Path(path_type=Path), shell_complete=options.folders)
@click.option(
    "-a", "--answer", "pairs", multiple=True, metavar="KEY=VALUE", shell_complete=options.answer_pairs,
    help="Answer a question; repeat it for more. `scaffold show TEMPLATE` lists the keys.",
)  # fmt: skip
@click.option(
    "--answers",
    "file",
    type=click.Path(path_type=Path),
    help="Take answers from this TOML file.",
)
@click.option(
    "--assignment", "source", metavar="FILE_OR_URL",
    help="Make the project of an assignment: a file, a folder with assignment.toml, or an https:// address.",
    type=click.Path(),
)  # fmt: skip
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing; take the default of what is not answered.")
@click.option("--dry-run", is_flag=True, help="Show the files that would be written, and write nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, and messages on standard error."
)
@click.option("--no-git", is_flag=True, help="Start no git repository.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and what was asked for.")
def new(
    template: str | None,
    directory: Path | None,
    pairs: Sequence[str],
    file: Path | None,
    source: str | None,
    **flags: bool,
) -> None:
    """Make a project: ask what is missing, write it, and start a git repository.

    Without DIRECTORY the folder is named after the project. Answers come from --answer first, then from the
    --answers file, then from what you type, then from the defaults. With --assignment name no TEMPLATE; what
    the assignment pins is neither asked nor answered.
    """
    from scaffold.assignment import sources
    from scaffold.engine import project, render
    from scaffold.terminal import json_objects, next_steps, output, request

    screen = sys.stdout if sys.stdout.isatty() and not flags["as_json"] else sys.stderr
    given = sources.load(source) if source else None
    template, directory = request.places(template, directory, given)
    line = request.CommandLine(template, directory, pairs, file, screen, source or "", given)
    wanted, asked = request.gather(line, ask=not flags["defaults"])
    closing = ("--no-git", "--defaults") if flags["no_git"] else ("--defaults",)
    again = line.command(wanted.template, request.differing(wanted), closing)
    origin = given.record if given else None
    notes: tuple[str, ...] = ()
    if flags["dry_run"]:
        project.check_target(wanted.target)
        plan = render.plan(wanted.template, wanted.answers, origin)
        files, shown = plan.paths, output.planned(wanted.target, plan)
    else:
        made = project.create(
            wanted.template, wanted.answers, wanted.target, git=not flags["no_git"], origin=origin
        )
        files, notes = made.files, made.notes
        shown = output.created(wanted.target, len(files), width(), git=not (flags["no_git"] or notes))
    after = next_steps.after(wanted.template, wanted.target, files)
    if flags["as_json"]:
        rest: dict[str, object] = {
            "next_steps": list(after.commands),
            "address": after.address,
            "reading": list(after.reading),
            "command": " ".join(again),
            "notes": list(notes),
            "dry_run": flags["dry_run"],
        }
        if given:
            rest["assignment"] = json_objects.assignment(given)
        say_json(json_objects.project(wanted, files, rest))
    elif flags["dry_run"] or not flags["quiet"]:
        if given:
            say(output.pinned(given, line.pinned(wanted.template), width()))
        say(shown if flags["dry_run"] else shown + output.next_steps(after, again if asked else (), width()))
    for note in (*notes, *(() if flags["quiet"] else after.missing)):
        say(output.wrapped(note, width(), output.yellow("Note: ")), err=True)


@main.command("list", short_help="List the templates.", epilog=example("scaffold list"))
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_(*, as_json: bool) -> None:
    """List the templates: name, stack and one line on each."""
    from scaffold.catalog import registry
    from scaffold.terminal import json_objects, output

    found = registry.templates()
    if as_json:
        say_json(json_objects.templates(found))
    else:
        say(output.templates(found, width()))


@main.command(
    short_help="Show all there is to know of a template.", epilog=example("scaffold show blog-django")
)
@click.argument("template", shell_complete=options.templates)
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def show(template: str, *, as_json: bool) -> None:
    """Show a template: questions, services and ports, roadmap steps, files."""
    from scaffold.catalog import registry
    from scaffold.engine import answers, render
    from scaffold.terminal import json_objects, output

    found = registry.find(template)
    defaults = answers.resolve(found, {})
    plan = render.plan(found, defaults)
    if as_json:
        say_json(json_objects.template(found, defaults, plan))
    else:
        say(output.template(found, defaults, plan, width()))


@main.command(short_help="Look at what this machine has.", epilog=example("scaffold doctor"))
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def doctor(*, as_json: bool) -> None:
    """Look at what this machine has, and what each thing is needed for.

    What is missing is a hint and no failure: a project runs with Python and uv, or pip, alone.
    """
    from scaffold.catalog import registry
    from scaffold.system import doctor as examination
    from scaffold.terminal import json_objects, output

    found, ports = examination.checks(), examination.ports(registry.templates())
    if as_json:
        say_json(json_objects.doctor(found, ports))
    else:
        say(output.doctor(found, ports, width()))


@main.command(
    short_help="Compare a project with what was generated.",
    epilog=example("scaffold status my-blog --check"),
)
@click.argument("directory", default=".", type=click.Path(path_type=Path), shell_complete=options.folders)
@click.option("--check", is_flag=True, help="Exit 1 if a generated file was edited or is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@click.pass_context
def status(context: click.Context, directory: Path, *, check: bool, as_json: bool) -> None:
    """Compare a project with what was generated: edited, missing and added files."""
    from scaffold.engine import record
    from scaffold.terminal import json_objects, output

    found = record.status(directory)
    if as_json:
        say_json(json_objects.status(found))
    else:
        say(output.status(found))
    context.exit(1 if check and found.differs else 0)


@main.command(
    short_help="Print a shell's script for the Tab key.",
    epilog=example(
        'eval "$(scaffold completion bash)"     in ~/.bashrc',
        'eval "$(scaffold completion zsh)"      in ~/.zshrc, after compinit',
        "scaffold completion fish > ~/.config/fish/completions/scaffold.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets the Tab key complete commands, templates and answers."""
    from scaffold.terminal import completion as scripts

    click.echo(scripts.script(shell), nl=False)


main.add_command(assignment)
main.add_command(cohort)
