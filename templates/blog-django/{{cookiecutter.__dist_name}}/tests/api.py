"""How the tests talk to the API: with a token of the person who asks, or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from blog.api.tokens import Refresh

if TYPE_CHECKING:
    from blog.accounts.models import User

V1 = "/api/v1"
# For tests that search: a full-text index may know only what is committed.
COMMITTED = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PROBLEM = "application/problem+json"


def api(user: User | None = None) -> APIClient:
    """Return a client; what it sends is JSON."""
    client = APIClient()
    if user is not None:
        access = Refresh.for_user(user).access_token
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client
