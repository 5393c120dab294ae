"""Shell completion for arguments and options that several commands share."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_template(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    """Complete a template's name."""
    from click.shell_completion import CompletionItem

    from scaffold.terminal import completion

    return [CompletionItem(name, help=about) for name, about in completion.complete_templates(typed)]


def complete_answer(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    """Complete KEY=VALUE with the questions and choices of the named template."""
    from click.shell_completion import CompletionItem

    from scaffold.terminal import completion

    named = context.params.get("template") or context.params.get("name")
    return [CompletionItem(pair, help=about) for pair, about in completion.complete_answers(named, typed)]


def complete_milestone(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    """Complete a milestone of the named template."""
    from click.shell_completion import CompletionItem

    from scaffold.terminal import completion

    found = completion.complete_milestones(context.params.get("template"), typed)
    return [CompletionItem(number, help=title) for number, title in found]


def complete_folder(_context: click.Context, _option: object, typed: str) -> "list[CompletionItem[str]]":
    """Leave it to the shell to complete a folder."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="dir")]


def complete_file(_context: click.Context, _option: object, typed: str) -> "list[CompletionItem[str]]":
    """Leave it to the shell to complete a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="file")]
