"""Forms: which fields there are, what is wrong with an answer, and a signature."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app import config


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    max_length: int
    required: bool = True

    def problem(self, value: str) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.required and not value:
            return "Fill this in."
        if len(value) > self.max_length:
            return f"Use {self.max_length} characters at most."
        return None


class Form:
    """A form; a subclass names its fields as attributes."""

    fields: ClassVar[Mapping[str, Field]] = {}
    values: dict[str, str]
    signature: str

    def __init_subclass__(cls) -> None:
        """Collect the fields that the subclass names."""
        named = vars(cls).items()
        cls.fields = {name: each for name, each in named if isinstance(each, Field)}

    def __init__(self, data: Mapping[str, str]) -> None:
        self.values = {name: data.get(name, "").strip() for name in self.fields}
        self.signature = data.get("signature", "")

    def errors(self) -> dict[str, str]:
        """Return a sentence for each field that is wrong."""
        found = {
            name: each.problem(self.values[name]) for name, each in self.fields.items()
        }
        wrong = {name: problem for name, problem in found.items() if problem}
        if not hmac.compare_digest(self.signature.encode(), sign(self).encode()):
            wrong["signature"] = "Reload the page and send the form again."
        return wrong


def sign(form: Form | type[Form]) -> str:
    """Return the signature of a form, which only this app can make."""
    name = (form if isinstance(form, type) else type(form)).__name__
    return hmac.digest(config.secret_key(), name.encode(), "sha256").hex()
