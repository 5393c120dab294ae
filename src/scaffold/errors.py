"""The failures that a person can do something about; anything else is a bug and keeps its traceback."""


class ScaffoldError(Exception):
    """A full sentence on what is wrong, and a hint on what to type next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScaffoldError):
    """The command line itself is wrong: a template or an option that does not exist."""

    exit_code = 2


class BadInput(ScaffoldError):  # noqa: N818 - as below
    """A file that was handed over, an assignment or a roster, that nothing can be made from."""

    exit_code = 2


class BadAnswer(ScaffoldError):  # noqa: N818 - it names what the person gave, not what went wrong in here
    """An answer that no project can be made from."""


class TemplateError(ScaffoldError):
    """A template that cannot be read or rendered: its author's mistake, so it names the file."""
