"""People keep their own account; admins give roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.buying import API, Buyer
from tests.factories import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

pytestmark = pytest.mark.milestone(3)
ME = f"{API}/me"
type Headers = dict[str, str]


@pytest.fixture
def me(app: Flask) -> Buyer:
    """Return somebody who is logged in."""
    return Buyer(app)


def test_a_name(me: Buyer) -> None:
    """It is shown, and changed; the password is in no answer."""
    changed = me.client.patch(ME, json={"name": "Bea"}, headers=me.headers)
    shown = me.client.get(ME, headers=me.headers)
    assert changed.json == shown.json
    assert shown.json
    assert shown.json["name"] == "Bea"
    assert set(shown.json) == {"id", "email", "name", "roles", "addresses"}


def test_nobody_gives_themselves_more(me: Buyer) -> None:
    """Fields that are not theirs are refused, not ignored."""
    for field, value in (("roles", ["admin"]), ("verified_at", None), ("_id", "1")):
        body = {"name": "Bea", field: value}
        answer = me.client.patch(ME, json=body, headers=me.headers)
        assert answer.status_code == 422


def test_another_password(
    client: FlaskClient,
    member: Callable[[], dict[str, str]],
    as_user: Callable[[str], Headers],
) -> None:
    """It needs the one of now, and ends every login."""
    login = member()
    headers = as_user(login["email"])
    new = "another good one"
    for current, wanted, status in (
        ("wrong", new, 403),
        (login["password"], "short", 422),
        (login["password"], new, 204),
        (new, new, 401),
    ):
        body = {"current": current, "new": wanted}
        answer = client.post(f"{ME}/password", json=body, headers=headers)
        assert answer.status_code == status
    answer = client.post(f"{API}/auth/login", json=login | {"password": new})
    assert answer.status_code == 200


def test_addresses(me: Buyer) -> None:
    """They are kept, written anew and forgotten."""
    address = f"{ME}/addresses"
    made = me.client.post(address, json=ADDRESS, headers=me.headers).json
    assert made
    one = f"{address}/{made['id']}"
    moved = ADDRESS | {"city": "Shelbyville"}
    changed = me.client.put(one, json=moved, headers=me.headers)
    assert changed.json == moved | {"id": made["id"]}
    shown = me.client.get(address, headers=me.headers).json
    assert shown == {"items": [changed.json]}
    assert me.client.delete(one, headers=me.headers).status_code == 204
    assert me.client.delete(one, headers=me.headers).status_code == 404
    assert me.client.put(one, json=moved, headers=me.headers).status_code == 404


def test_addresses_have_an_end(me: Buyer) -> None:
    """Twenty are enough."""
    codes = [
        me.client.post(f"{ME}/addresses", json=ADDRESS, headers=me.headers).status_code
        for _ in range(21)
    ]
    assert codes == [201] * 20 + [409]


def test_an_admin_gives_roles(app: Flask, me: Buyer) -> None:
    """They count with the next request; nobody locks themselves out."""
    admin = Buyer(app, "admin")
    reports = f"{API}/reports/low-stock"
    assert me.client.get(reports, headers=me.headers).status_code == 403
    address, body = f"{API}/users/{me.id}/roles", {"roles": ["manager", "customer"]}
    given = admin.client.put(address, json=body, headers=admin.headers)
    assert given.json
    assert given.json["roles"] == ["customer", "manager"]
    assert me.client.get(reports, headers=me.headers).status_code == 200
    for who, status in ((admin.id, 409), ("0" * 24, 404)):
        address = f"{API}/users/{who}/roles"
        answer = admin.client.put(address, json=body, headers=admin.headers)
        assert answer.status_code == status


def test_accounts_are_listed_for_admins(app: Flask) -> None:
    """Page by page, without a password."""
    admin, other = Buyer(app, "admin"), Buyer(app)
    page = admin.client.get(
        f"{API}/users", query_string={"limit": 1}, headers=admin.headers
    ).json
    assert page
    assert [user["id"] for user in page["items"]] == [str(other.id)]
    assert "password" not in page["items"][0]
    rest = admin.client.get(
        f"{API}/users", query_string={"after": page["next"]}, headers=admin.headers
    ).json
    assert rest
    assert [user["id"] for user in rest["items"]] == [str(admin.id)]
