"""The `scaffold` command: options, output and exit codes."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from scaffold import __version__
from scaffold.commands import completers
from scaffold.commands.assignment import assignment
from scaffold.commands.cohort import cohort
from scaffold.commands.console import echo, echo_json, format_example, terminal_width
from scaffold.commands.new import new
from scaffold.errors import ScaffoldError

INTERRUPTED = 130
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class ScaffoldGroup(click.Group):
    """The root command. Turns every failure of a subcommand into a message and an exit code."""

    def main(self, *args: Any, **options: Any) -> NoReturn:  # noqa: ANN401 - click's own signature
        """Run and exit: 1 or 2 with `Error: …` and a hint, 130 after Ctrl-C. Bugs keep their traceback."""
        if "SCAFFOLD_WORDS" in os.environ:  # set by the completion scripts
            sys.exit(_print_completions(self, os.environ["SCAFFOLD_WORDS"]))
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except ScaffoldError as error:
            code = _print_error(error.message, error.hint, error.exit_code)
        except FileNotFoundError:
            if _has_working_directory():
                raise
            message = "The current folder no longer exists."
            code = _print_error(message, "Change to another folder: cd", 1)
        except click.exceptions.NoArgsIsHelpError as error:
            echo(error.format_message())
            code = 0
        except click.ClickException as error:
            context = error.ctx if isinstance(error, click.UsageError) else None
            path = context.command_path if context else "scaffold"
            code = _print_error(error.format_message(), f"See: {path} -h", error.exit_code)
        except click.Abort:
            echo("Cancelled. Nothing was written.", err=True)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run the command, and handle Ctrl-C and a closed pipe before click prints extra lines."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            raise click.Abort from error
        except BrokenPipeError:
            # Python flushes stdout again at exit, which would print a second error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None
        return result


def _has_working_directory() -> bool:
    try:
        return Path.cwd().is_dir()
    except FileNotFoundError:
        return False


def _print_error(message: str, hint: str, code: int) -> int:
    from scaffold.terminal import formatting

    echo(f"{formatting.red('Error:')} {message}" + (f"\n{formatting.dim(hint)}" if hint else ""), err=True)
    return code


def _print_completions(cli: click.Group, raw_words: str) -> int:
    from click.shell_completion import ShellComplete

    from scaffold.terminal import completion

    *before, typed = completion.parse_words(raw_words) or ["", ""]
    for item in ShellComplete(cli, {}, "scaffold", "").get_completions(before[1:], typed):
        echo(completion.format_candidate(typed, item.value, item.type, item.help or ""))
    return 0


@click.group(
    cls=ScaffoldGroup,
    context_settings=_SETTINGS,
    no_args_is_help=True,
    epilog=format_example(
        "scaffold new                  asks what to build",
        "scaffold new blog-django -y   creates a blog with the defaults",
    ),
)
@click.version_option(__version__, prog_name="scaffold", message="%(prog)s %(version)s")
def main() -> None:
    """Generate a complete web project to learn from."""


@main.command("list", short_help="List the templates.", epilog=format_example("scaffold list"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_(*, as_json: bool) -> None:
    """List the templates with their stack and description."""
    from scaffold.catalog import registry
    from scaffold.terminal import formatting, json_objects

    found = registry.load_all()
    if as_json:
        echo_json(json_objects.serialize_templates(found))
    else:
        echo(formatting.format_templates(found, terminal_width()))


@main.command(
    short_help="Show the details of a template.", epilog=format_example("scaffold show blog-django")
)
@click.argument("template", shell_complete=completers.complete_template)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(template: str, *, as_json: bool) -> None:
    """Show a template: questions, services and ports, roadmap, milestones and files."""
    from scaffold.catalog import registry
    from scaffold.engine import answers, render
    from scaffold.proof import sizes
    from scaffold.terminal import formatting, json_objects

    found = registry.find(template)
    defaults = answers.resolve(found, {})
    plan = render.plan(found, defaults)
    counted = sizes.of_milestones(found)
    if as_json:
        echo_json(json_objects.serialize_template(found, defaults, plan, counted))
    else:
        echo(formatting.format_template(found, defaults, plan, counted, terminal_width()))


@main.command(short_help="Check which tools are installed.", epilog=format_example("scaffold doctor"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Check which tools and ports are available, and what needs them.

    A missing tool is no error: Python with uv or pip is enough to run a project.
    """
    from scaffold.catalog import registry
    from scaffold.system import doctor as checks
    from scaffold.terminal import formatting, json_objects

    found, ports = checks.run_checks(), checks.check_ports(registry.load_all())
    if as_json:
        echo_json(json_objects.serialize_doctor(found, ports))
    else:
        echo(formatting.format_doctor(found, ports, terminal_width()))


@main.command(
    short_help="Show which generated files changed.",
    epilog=format_example("scaffold status my-blog --check"),
)
@click.argument(
    "directory", default=".", type=click.Path(path_type=Path), shell_complete=completers.complete_folder
)
@click.option("--check", is_flag=True, help="Exit with 1 if a generated file was edited or is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(context: click.Context, directory: Path, *, check: bool, as_json: bool) -> None:
    """Compare a project with the generated one: edited, missing and added files."""
    from scaffold.engine import record
    from scaffold.terminal import formatting, json_objects

    found = record.compare(directory)
    if as_json:
        echo_json(json_objects.serialize_status(found))
    else:
        echo(formatting.format_status(found))
    context.exit(1 if check and found.is_changed else 0)


@main.command(
    short_help="Print a shell completion script.",
    epilog=format_example(
        'eval "$(scaffold completion bash)"     in ~/.bashrc',
        'eval "$(scaffold completion zsh)"      in ~/.zshrc, after compinit',
        "scaffold completion fish > ~/.config/fish/completions/scaffold.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, templates and answers with the Tab key."""
    from scaffold.terminal import completion as scripts

    click.echo(scripts.SCRIPTS[shell], nl=False)


main.add_command(new)
main.add_command(assignment)
main.add_command(cohort)
