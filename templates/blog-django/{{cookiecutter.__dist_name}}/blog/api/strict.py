"""How the API reads: known fields of the right JSON type, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from blog.api.errors import Unprocessable


class StrictJSONParser(JSONParser):
    """JSON that is not nested so deeply that reading it breaks Python."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Return the parsed body; a pathological one is the client's mistake."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class StrictSerializer(serializers.Serializer[Any]):
    """Fields that refuse unknown names and values of another JSON type.

    DRF ignores what it does not know and turns 5 into "5". A typo in a field's name
    would then look like a success, and `{"role": "admin"}` would look accepted.
    """

    json_types: ClassVar[dict[type[serializers.Field[Any, Any, Any, Any]], type]] = {
        serializers.CharField: str,
        serializers.BooleanField: bool,
    }

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values of `data`."""
        if isinstance(data, Mapping):
            writable = {str(field.field_name): field for field in self._writable_fields}
            errors = {
                str(name): ["Unknown field."] for name in data if name not in writable
            }
            for name, field in writable.items():
                if data.get(name) is not None and not self._right_type(
                    field, data[name]
                ):
                    errors[name] = ["Wrong JSON type."]
            if errors:
                raise Unprocessable(errors)
        return super().to_internal_value(data)

    def _right_type(
        self, field: serializers.Field[Any, Any, Any, Any], value: object
    ) -> bool:
        if isinstance(field, serializers.ListField) and isinstance(value, list):
            return all(self._right_type(field.child, item) for item in value)
        return all(
            isinstance(value, json_type)
            for field_type, json_type in self.json_types.items()
            if isinstance(field, field_type)
        )


class QuerySerializer(StrictSerializer):
    """The part of an address after the question mark, where all is text."""

    json_types: ClassVar[dict[Any, type]] = {}


class PageQuery(QuerySerializer):
    """What every list takes."""

    page_size = serializers.IntegerField(
        min_value=1, max_value=100, default=20, help_text="At most 100."
    )
    cursor = serializers.CharField(
        required=False, max_length=1000, help_text="From the `next` of another page."
    )


def validated(
    serializer: type[StrictSerializer], data: Any, *, partial: bool = False
) -> dict[str, Any]:
    """Return what `serializer` makes of `data`; raise ValidationError otherwise.

    With `partial`, a field that is not sent is left out.
    """
    filled = serializer(data=data, partial=partial)
    filled.is_valid(raise_exception=True)
    values: dict[str, Any] = filled.validated_data
    return values
