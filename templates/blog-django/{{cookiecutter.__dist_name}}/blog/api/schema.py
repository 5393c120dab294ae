"""What the API says about itself: OpenAPI 3.1, with every answer that can come."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from blog.api.strict import StrictSerializer
from blog.core.errors import PROBLEM_JSON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drf_spectacular.utils import Direction

IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of what you read; a newer version then answers 412.",
)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A field that is not valid",
            {
                "type": "about:blank",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "Some fields are not valid: title",
                "instance": "/api/v1/posts",
                "request_id": "6f1c2f0e5d5b4c0f9d1a2b3c4d5e6f70",
                "errors": {"title": ["This field is required."]},
            },
        )
    ]
)
class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong, as RFC 9457 has it."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="The path that was asked for.")
    request_id = serializers.CharField(help_text="Name it when you ask for help.")
    errors = serializers.DictField(  # type: ignore[assignment]  # a field, no property
        required=False, help_text="What is wrong, by the name of the field."
    )


def problem_response(description: str) -> OpenApiResponse:
    """Return the documentation of an answer that is a problem."""
    return OpenApiResponse(ProblemSerializer, description=description)


CONFLICT = {(409, PROBLEM_JSON): problem_response("Its state does not allow that.")}
STALE = {(412, PROBLEM_JSON): problem_response("Changed since it was read.")}


class BearerScheme(SimpleJWTScheme):
    """`Authorization: Bearer …` in the words of OpenAPI."""

    target_class = "blog.api.tokens.TokenAuthentication"
    name = "bearer"


class Schema(AutoSchema):
    """Add to each operation the answers that all operations of its kind give."""

    def get_summary(self) -> str:
        """Return the first line of what the view says of itself."""
        return str(self.get_description()).split("\n", 1)[0]

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        """Return the operation's own answers and those of its kind."""
        answers = super()._get_response_bodies(direction)
        for status in self._failures():
            documented = problem_response(HTTPStatus(status).phrase)
            answers.setdefault(
                str(status),
                self._get_response_for_code(
                    documented, str(status), [PROBLEM_JSON], direction
                ),
            )
        if self.method == "GET":
            answers["304"] = {"description": "As you have it (If-None-Match)."}
        return answers

    def _failures(self) -> Iterator[int]:
        yield from (401, 406, 429, 500)
        if not any(isinstance(p, AllowAny) for p in self.view.get_permissions()):
            yield 403
        if "{" in self.path:
            yield 404
        if self.method not in {"GET", "DELETE"} and self.get_request_serializer():
            yield from (400, 413, 415)
        if self.method != "DELETE":
            yield 422

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> Any:
        mapped = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, StrictSerializer) and direction == "request":
            mapped["additionalProperties"] = False
        return mapped
