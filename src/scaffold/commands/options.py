"""What the Tab key offers for options that several commands have."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def templates(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    """Offer the templates."""
    from click.shell_completion import CompletionItem

    from scaffold.terminal import completion

    return [CompletionItem(name, help=about) for name, about in completion.templates(typed)]


def answer_pairs(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> "list[CompletionItem[str]]":
    """Offer the questions of the template that is named, and their choices."""
    from click.shell_completion import CompletionItem

    from scaffold.terminal import completion

    named = context.params.get("template") or context.params.get("name")
    return [CompletionItem(pair, help=about) for pair, about in completion.answers(named, typed)]


def folders(_context: click.Context, _option: object, typed: str) -> "list[CompletionItem[str]]":
    """Let the shell offer folders."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="dir")]


def files(_context: click.Context, _option: object, typed: str) -> "list[CompletionItem[str]]":
    """Let the shell offer files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="file")]
