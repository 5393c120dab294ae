"""A09 Security Logging and Alerting Failures: what happened is written, secrets not."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from blog.core.logs import HIDDEN, redact
from tests.factories import PASSWORD, add_second_factor
from tests.security.test_a02_security_misconfiguration import start
from tests.test_accounts import LOGIN, NEW_PASSWORD, log_in

if TYPE_CHECKING:
    from blog.accounts.models import User

pytestmark = pytest.mark.milestone(8)


def events(caplog: pytest.LogCaptureFixture) -> dict[str, dict[str, Any]]:
    """Return what was logged as structured lines, by its event."""
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return {line["event"]: line for line in lines}


@pytest.mark.django_db
def test_a_failed_login_is_logged_with_account_and_address(
    caplog: pytest.LogCaptureFixture, client: Client, reader: User
) -> None:
    """The account by its number: what was typed may be a password."""
    log_in(client, reader.email, "hunter2-wrong")
    line = events(caplog)["login failed"]
    assert (line["account"], line["address"]) == (reader.pk, "127.0.0.1")
    assert line["level"] == "warning"
    assert "hunter2" not in caplog.text


@pytest.mark.django_db
def test_a_lock_is_logged(
    caplog: pytest.LogCaptureFixture, client: Client, reader: User
) -> None:
    """So that someone can be alerted to the guessing."""
    for _ in range(5):
        log_in(client, reader.email, "wrong")
    assert events(caplog)["login locked"]["account"] == reader.pk


@pytest.mark.django_db
def test_logging_in_and_out_is_logged(
    caplog: pytest.LogCaptureFixture, client: Client, reader: User
) -> None:
    """Who came and who left; the line of the request knows the user too."""
    caplog.set_level(logging.INFO)
    log_in(client, reader.email)
    client.get("/accounts/profile/")
    assert events(caplog)["logged in"]["user_id"] == reader.pk
    assert events(caplog)["served"]["user_id"] == reader.pk
    client.post("/accounts/logout/")
    assert events(caplog)["logged out"]["user_id"] == reader.pk


@pytest.mark.django_db
def test_a_new_password_is_logged(
    caplog: pytest.LogCaptureFixture, reader_client: Client, reader: User
) -> None:
    """That it changed, not to what."""
    form = {"oldpassword": PASSWORD}
    form |= {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    reader_client.post("/accounts/password/change/", form)
    assert events(caplog)["password changed"]["user_id"] == reader.pk
    assert NEW_PASSWORD not in caplog.text


@pytest.mark.django_db
def test_a_wrong_second_factor_is_logged(
    caplog: pytest.LogCaptureFixture, client: Client, reader: User
) -> None:
    """Someone knew the password already."""
    add_second_factor(reader)
    answer = client.post(LOGIN, {"login": reader.email, "password": PASSWORD})
    client.post(answer.headers["Location"], {"code": "000000"})
    assert events(caplog)["second factor failed"]["account"] == reader.pk


@pytest.mark.django_db
def test_a_refused_permission_is_logged(
    caplog: pytest.LogCaptureFixture, reader_client: Client, reader: User
) -> None:
    """Whoever tries doors leaves a trace."""
    assert reader_client.get("/write/").status_code in {403, 404}
    caplog.clear()
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    client.post("/accounts/profile/", {})
    assert "csrf refused" in events(caplog)


@pytest.mark.django_db
def test_a_line_has_the_path_and_not_the_query(
    caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    """A token in an address does not get into the log."""
    caplog.set_level(logging.INFO)
    client.get(f"{LOGIN}?next=/&token=s3cr3t-in-the-query")
    line = events(caplog)["served"]
    assert line["path"] == LOGIN
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
    assert "s3cr3t" not in caplog.text


SECRET = "Zx9-do-not-show"
LEAKS = [
    {"password": SECRET},
    {"headers": {"Cookie": SECRET, "Authorization": f"Bearer {SECRET}"}},
    {"list": [{"access_token": SECRET}]},
    {"event": f"sent Authorization: Bearer {SECRET}"},
    {"event": f"POST password={SECRET}&x=1"},
    {"event": f"body {{'new_password': '{SECRET}'}}"},
    {"exception": f'ValueError: {{"refresh_token": "{SECRET}"}}'},
    {"event": "token eyJhbGciOi.eyJzdWIi.Zx9-do-not-show"},
    {"event": f"Set-Cookie: sessionid={SECRET}; Path=/"},
]


@pytest.mark.parametrize("line", LEAKS)
def test_secrets_are_hidden_wherever_they_stand(line: dict[str, Any]) -> None:
    """By their name, by what stands before them, by their looks."""
    shown = json.dumps(redact(None, "info", line))
    assert "Zx9" not in shown
    assert HIDDEN in shown


@given(st.dictionaries(st.sampled_from(["event", "path", "n"]), st.text(max_size=200)))
def test_other_text_is_left_as_it_is(line: dict[str, Any]) -> None:
    """Hiding changes nothing but secrets."""
    if not re.search(
        r"(?i)pass|token|secret|cookie|session|bearer|basic|eyJ", str(line)
    ):
        assert redact(None, "info", line) == line


LOG_ONE_LINE = """
import django; django.setup()
import logging
logging.getLogger("shop").warning("two\\nlines %s", "here", extra={})
try:
    raise ValueError("password=hunter2hunter2")
except ValueError:
    logging.getLogger("shop").exception("it failed")
"""


def test_production_writes_one_json_object_per_line() -> None:
    """A line break in a value cannot forge a line; tracebacks are hidden in too."""
    done = start("-c", LOG_ONE_LINE)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["two\nlines here", "it failed"]
    assert lines[0]["level"] == "warning"
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError" in lines[1]["exception"]
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("place", ["password/reset/key", "confirm-email"])
def test_the_addresses_in_our_mails_are_not_logged(
    caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Whoever reads the log could take over the account before its owner clicks."""
    text = f"Internal Server Error: /accounts/{place}/1-abc123-deadbeef/"
    clean = redact(None, "", {"event": text, "path": text})
    assert clean["event"] == f"Internal Server Error: /accounts/{place}/{HIDDEN}/"
    assert "deadbeef" not in str(clean)
