"""Errors that the user can fix. Any other exception is a bug and keeps its traceback."""


class ScaffoldError(Exception):
    """A message that says what is wrong, in a full sentence, and a hint that says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScaffoldError):
    """The command line is invalid, for example because a template or an option does not exist."""

    exit_code = 2


class BadInput(ScaffoldError):  # noqa: N818 - named after the input
    """An input file is invalid: an assignment or a roster."""

    exit_code = 2


class BadAnswer(ScaffoldError):  # noqa: N818 - named after the input
    """An answer to a template's question is invalid."""


class TemplateError(ScaffoldError):
    """A template cannot be read or rendered. The message names the file, for the template's author."""
