"""The API keeps its word: what it does is what its OpenAPI document says."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from blog.api.tokens import Refresh
from blog.wsgi import application
from tests.factories import CommentFactory, PostFactory, TagFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(7)]


document = schemathesis.openapi.from_wsgi("/api/schema?format=json", application)


@pytest.fixture
def there(author: User, settings: Settings) -> Iterator[dict[str, Any]]:
    """Give what is there to be named in an address, and a token; no throttle."""
    off = {"DEFAULT_THROTTLE_RATES": {"anon": None, "user": None}}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | off
    post = PostFactory.create(author=author, tags=[TagFactory.create(slug="tag")])
    comment = CommentFactory.create(post=post, author=author)
    # The site closes its connection after each request, and with it the test's data.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    token = Refresh.for_user(author).access_token
    yield {"token": token, "slug": post.slug, "id": str(comment.pk)}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@document.parametrize()
@hypothesis(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_names(
    case: schemathesis.Case[Any], there: dict[str, Any]
) -> None:
    """No crash, and no status, type or body that is not documented.

    Schemathesis makes the requests, valid ones and bad ones, from the document; what
    stands in their addresses exists, so that more than 404 is seen.
    """
    headers = {"Authorization": f"Bearer {there['token']}"}
    if case.path_parameters:
        case.path_parameters = {name: there[name] for name in case.path_parameters}
    # A valid request may ask for what cannot be: a page after a cursor made up.
    case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])


def test_the_postman_collection_asks_for_what_there_is() -> None:
    """Each of its requests is an operation that the document names."""
    text = Path("docs/postman_collection.json").read_text(encoding="utf-8")
    folders = json.loads(text)["item"]
    requests = [item["request"] for folder in folders for item in folder["item"]]
    labels = [
        operation.ok().label  # type: ignore[union-attr]
        for operation in document.get_all_operations()
    ]
    there = "|".join(re.sub(r"\{\w+\}", "[^/]+", label) for label in labels)
    for one in requests:
        asked = f"{one['method']} /{'/'.join(one['url']['path'])}"
        assert re.fullmatch(there, asked), asked


def test_the_document_is_valid_and_complete() -> None:
    """It keeps the rules of OpenAPI, and the version is 3.1."""
    written = StringIO()
    call_command("spectacular", validate=True, stdout=written)
    assert written.getvalue().startswith("openapi: 3.1.")
