"""The command line: options, output and exit codes; the only module that knows click."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from scaffold import __version__
from scaffold.errors import ScaffoldError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


INTERRUPTED = 130
# For output that holds no more than its own alphabet, as Windows' older code pages.
_PLAIN = str.maketrans({"✔": "*", "✘": "x", "│": "|", "├": "|", "└": "`", "─": "-", "·": "-", "…": "~"})
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


def say(text: str, *, err: bool = False) -> None:
    """Print, with the colours and letters that the stream can show."""
    stream = sys.stderr if err else sys.stdout
    if "utf" not in (stream.encoding or "utf-8").lower():
        text = text.translate(_PLAIN).encode(stream.encoding, "replace").decode(stream.encoding)
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def say_json(value: object) -> None:
    """Print one JSON value, in letters that every pipe can carry."""
    click.echo(json.dumps(value, indent=2))


def width() -> int:
    """Return how wide a text may be: the terminal, or as wide as it likes in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def _complain(message: str, hint: str, code: int) -> int:
    from scaffold import output

    say(f"{output.red('Error:')} {message}" + (f"\n{output.dim(hint)}" if hint else ""), err=True)
    return code


def _template_names(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    from scaffold import completion

    return [CompletionItem(name, help=about) for name, about in completion.templates(typed)]


def _answer_pairs(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    from scaffold import completion

    return [
        CompletionItem(pair, help=about)
        for pair, about in completion.answers(context.params.get("template"), typed)
    ]


def _folders(_context: click.Context, _option: object, typed: str) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="dir")]


def _complete(cli: click.Group, handed: str) -> int:
    from click.shell_completion import ShellComplete

    from scaffold import completion

    *before, typed = completion.words(handed) or ["", ""]
    for item in ShellComplete(cli, {}, "scaffold", "").get_completions(before[1:], typed):
        say(completion.offer(typed, item.value, item.type, item.help or ""))
    return 0


def _example(*lines: str) -> str:
    """Return the end of a help text; the backspace keeps click from filling its lines."""
    return "\n  ".join(["\b\nExample:", *lines])


@click.group(
    cls=Scaffold,
    context_settings=_SETTINGS,
    no_args_is_help=True,
    epilog=_example(
        "scaffold new                  asks what to build, and how",
        "scaffold new blog-django -y   makes the blog with every default",
    ),
)
@click.version_option(__version__, prog_name="scaffold", message="%(prog)s %(version)s")
def main() -> None:
    """Generate a complete web project to learn from."""


@main.command(
    short_help="Make a project.",
    epilog=_example("scaffold new blog-django -a project_name='Travel Notes' -a database=mysql"),
)
@click.argument("template", required=False, shell_complete=_template_names)
@click.argument("directory", required=False, type=click.Path(path_type=Path), shell_complete=_folders)
@click.option(
    "-a", "--answer", "pairs", multiple=True, metavar="KEY=VALUE", shell_complete=_answer_pairs,
    help="Answer a question; repeat it for more. `scaffold show TEMPLATE` lists the keys.",
)  # fmt: skip
@click.option(
    "--answers",
    "file",
    type=click.Path(path_type=Path),
    help="Take answers from this TOML file.",
)
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing; take the default of what is not answered.")
@click.option("--dry-run", is_flag=True, help="Show the files that would be written, and write nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, and messages on standard error."
)
@click.option("--no-git", is_flag=True, help="Start no git repository.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and what was asked for.")
def new(
    template: str | None, directory: Path | None, pairs: Sequence[str], file: Path | None, **options: bool
) -> None:
    """Make a project: ask what is missing, write it, and start a git repository.

    Without DIRECTORY the folder is named after the project. Answers come from --answer first, then from the
    --answers file, then from what you type, then from the defaults.
    """
    from scaffold import output, project, render, request, schema, steps

    screen = sys.stdout if sys.stdout.isatty() and not options["as_json"] else sys.stderr
    line = request.CommandLine(template, directory, pairs, file, screen)
    wanted, asked = request.gather(line, ask=not options["defaults"])
    flags = ("--no-git", "--defaults") if options["no_git"] else ("--defaults",)
    again = output.command(wanted.template.name, directory, request.differing(wanted), flags)
    after = steps.after(wanted.target)
    notes: tuple[str, ...] = ()
    if options["dry_run"]:
        project.check_target(wanted.target)
        plan = render.plan(wanted.template, wanted.answers)
        files, shown = plan.paths, output.planned(wanted.target, plan)
    else:
        made = project.create(wanted.template, wanted.answers, wanted.target, git=not options["no_git"])
        files, notes = made.files, made.notes
        shown = output.created(wanted.target, len(files), width(), git=not (options["no_git"] or notes))
        shown += output.next_steps(after, again if asked else (), width())
    if options["as_json"]:
        rest = {
            "next_steps": list(after),
            "command": " ".join(again),
            "notes": list(notes),
            "dry_run": options["dry_run"],
        }
        say_json(schema.project(wanted, files, rest))
    elif options["dry_run"] or not options["quiet"]:
        say(shown)
    for note in (*notes, *(() if options["quiet"] else steps.missing(wanted.template))):
        say(output.wrapped(note, width(), output.yellow("Note: ")), err=True)


@main.command("list", short_help="List the templates.", epilog=_example("scaffold list"))
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_(*, as_json: bool) -> None:
    """List the templates: name, stack and one line on each."""
    from scaffold import catalog, output, schema

    found = catalog.templates()
    if as_json:
        say_json(schema.templates(found))
    else:
        say(output.templates(found, width()))


@main.command(
    short_help="Show all there is to know of a template.", epilog=_example("scaffold show blog-django")
)
@click.argument("template", shell_complete=_template_names)
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def show(template: str, *, as_json: bool) -> None:
    """Show a template: questions, services and ports, roadmap steps, files."""
    from scaffold import answers, catalog, output, render, schema

    found = catalog.find(template)
    defaults = answers.resolve(found, {})
    plan = render.plan(found, defaults)
    if as_json:
        say_json(schema.template(found, defaults, plan))
    else:
        say(output.template(found, defaults, plan, width()))


@main.command(short_help="Look at what this machine has.", epilog=_example("scaffold doctor"))
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def doctor(*, as_json: bool) -> None:
    """Look at what this machine has, and what each thing is needed for.

    What is missing is a hint and no failure: a project runs with Python and uv, or pip, alone.
    """
    from scaffold import catalog, output, schema
    from scaffold import doctor as examination

    found, ports = examination.checks(), examination.ports(catalog.templates())
    if as_json:
        say_json(schema.doctor(found, ports))
    else:
        say(output.doctor(found, ports, width()))


@main.command(
    short_help="Compare a project with what was generated.",
    epilog=_example("scaffold status my-blog --check"),
)
@click.argument("directory", default=".", type=click.Path(path_type=Path), shell_complete=_folders)
@click.option("--check", is_flag=True, help="Exit 1 if a generated file was edited or is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@click.pass_context
def status(context: click.Context, directory: Path, *, check: bool, as_json: bool) -> None:
    """Compare a project with what was generated: edited, missing and added files."""
    from scaffold import manifest, output, schema

    found = manifest.status(directory)
    if as_json:
        say_json(schema.status(found))
    else:
        say(output.status(found))
    context.exit(1 if check and found.differs else 0)


@main.command(
    short_help="Print a shell's script for the Tab key.",
    epilog=_example(
        'eval "$(scaffold completion bash)"     in ~/.bashrc',
        'eval "$(scaffold completion zsh)"      in ~/.zshrc, after compinit',
        "scaffold completion fish > ~/.config/fish/completions/scaffold.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets the Tab key complete commands, templates and answers."""
    from scaffold import completion as scripts

    click.echo(scripts.script(shell), nl=False)
