"""People come in, prove who they are, change what they told, and leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from blog.accounts import demo
from blog.accounts.models import User
from tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    PostFactory,
    UserFactory,
    add_second_factor,
    totp_code,
)

if TYPE_CHECKING:
    from pathlib import Path

    from django.core.mail import EmailMessage
    from pytest_django import Settings

pytestmark = [pytest.mark.milestone(3), pytest.mark.django_db]

LOGIN = "/accounts/login/"
NEW_PASSWORD = "a-better-horse-42"


def link_in(mail: EmailMessage) -> str:
    """Return the path of the first link of a mail."""
    found = re.search(r"https?://testserver(/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def log_in(client: Client, email: str, password: str = PASSWORD) -> int:
    """Log in by the form; return the status, 302 if it went well."""
    return client.post(LOGIN, {"login": email, "password": password}).status_code


def sign_up(client: Client, email: str = "new@example.com") -> str:
    """Fill in the sign-up form; return where it leads."""
    form = {
        "email": email,
        "display_name": "Nora New",
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    return client.post("/accounts/signup/", form).headers.get("Location", "")


def test_someone_signs_up_proves_the_address_and_logs_in(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    """A newcomer cannot log in before the link in the mail was used; then they can."""
    assert sign_up(client) == "/accounts/confirm-email/"
    assert log_in(client, "new@example.com", NEW_PASSWORD) == 302
    assert "_auth_user_id" not in client.session
    assert f"Hello from {settings.SITE['title']}!" in mailoutbox[0].body
    page = link_in(mailoutbox[0])
    assert client.get(page).status_code == 200
    assert not EmailAddress.objects.get().verified, "a link that is only looked at"
    client.post(page)
    assert EmailAddress.objects.get().verified
    log_in(client, "new@example.com", NEW_PASSWORD)
    assert "_auth_user_id" in client.session


def test_a_newcomer_is_a_reader_with_a_name_and_a_handle(client: Client) -> None:
    """Sign-up gives the role with the fewest powers."""
    sign_up(client)
    user = User.objects.get()
    assert [group.name for group in user.groups.all()] == ["reader"]
    assert (user.display_name, user.handle) == ("Nora New", "new")
    assert not user.is_staff


def test_a_forgotten_password_is_reset_by_mail(
    client: Client, reader: User, mailoutbox: list[EmailMessage]
) -> None:
    """The link leads to a form for a new password; the old one works no more."""
    client.post("/accounts/password/reset/", {"email": reader.email})
    page = client.get(link_in(mailoutbox[0]), follow=True)
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], passwords)
    reader.refresh_from_db()
    assert reader.check_password(NEW_PASSWORD)


def test_the_current_password_is_asked_to_change_it(
    reader_client: Client, reader: User
) -> None:
    """Without the current password nothing changes."""
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    reader_client.post("/accounts/password/change/", {"oldpassword": "no", **form})
    reader.refresh_from_db()
    assert reader.check_password(PASSWORD)
    reader_client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **form})
    reader.refresh_from_db()
    assert reader.check_password(NEW_PASSWORD)


def test_the_profile_leads_to_ones_page_where_there_is_one(
    reader_client: Client, reader: User
) -> None:
    """Only who has published something has a page for others, and a link to it."""
    link = f'href="{reader.get_absolute_url()}"'
    assert link not in reader_client.get("/accounts/profile/").content.decode()
    PostFactory.create(author=reader)
    assert link in reader_client.get("/accounts/profile/").content.decode()


def test_the_profile_is_changed(reader_client: Client, reader: User) -> None:
    """Name, handle and bio can be changed; a handle with odd letters cannot be had."""
    form = {"display_name": "Rita", "handle": "rita", "bio": "I read."}
    answer = reader_client.post("/accounts/profile/", form)
    assert answer.status_code == 302
    reader.refresh_from_db()
    assert (reader.display_name, reader.handle, reader.bio) == (
        "Rita",
        "rita",
        "I read.",
    )
    page = reader_client.post("/accounts/profile/", {**form, "handle": "Rita R."})
    assert "Use a-z, 0-9 and hyphens." in page.content.decode()


@pytest.mark.parametrize(
    "page", ["profile", "account_email", "mfa_index", "usersessions_list"]
)
def test_pages_about_oneself_need_a_login(client: Client, page: str) -> None:
    """A stranger is sent to the login and comes back after it."""
    address = reverse(page)
    assert client.get(address).headers["Location"] == f"{LOGIN}?next={address}"


@pytest.mark.parametrize(
    "page",
    [
        "profile",
        "account_email",
        "account_change_password",
        "mfa_index",
        "usersessions_list",
        "socialaccount_connections",
    ],
)
def test_pages_about_oneself_are_in_the_frame_of_the_site(
    reader_client: Client, page: str
) -> None:
    """Pages of allauth look like all others and lead to each other."""
    html = reader_client.get(reverse(page)).content.decode()
    assert '<nav class="subnav"' in html
    assert "site.css" in html


def test_one_session_of_several_is_ended(reader: User) -> None:
    """Ending a session in the list logs that browser out and no other."""
    laptop, phone = Client(), Client(headers={"User-Agent": "Phone"})
    for browser in (laptop, phone):
        log_in(browser, reader.email)
    session = UserSession.objects.get(user_agent="Phone")
    assert "Phone" in laptop.get("/accounts/sessions/").content.decode()
    laptop.post(f"/accounts/sessions/{session.pk}/end/")
    assert phone.get("/accounts/profile/").status_code == 302
    assert laptop.get("/accounts/profile/").status_code == 200


def test_all_other_sessions_are_ended(reader: User) -> None:
    """The button below the list leaves only the browser that it is pressed in."""
    laptop, phone = Client(), Client()
    for browser in (laptop, phone):
        log_in(browser, reader.email)
    laptop.post("/accounts/sessions/")
    assert phone.get("/accounts/profile/").status_code == 302
    assert laptop.get("/accounts/profile/").status_code == 200


def test_the_session_of_someone_else_cannot_be_ended(
    reader_client: Client, author: User
) -> None:
    """Its number leads nowhere."""
    other = Client()
    log_in(other, author.email)
    session = UserSession.objects.get(user=author)
    answer = reader_client.post(f"/accounts/sessions/{session.pk}/end/")
    assert answer.status_code == 404
    assert other.get("/accounts/profile/").status_code == 200


def test_a_login_with_second_factor_takes_the_code(reader: User) -> None:
    """The password alone opens nothing; the code of the app does."""
    add_second_factor(reader)
    client = Client()
    answer = client.post(LOGIN, {"login": reader.email, "password": PASSWORD})
    page = answer.headers["Location"]
    assert client.get("/accounts/profile/").status_code == 302
    client.post(page, {"code": "000000"})
    assert client.get("/accounts/profile/").status_code == 302
    client.post(page, {"code": totp_code()})
    assert client.get("/accounts/profile/").status_code == 200


def test_a_recovery_code_works_once(reader: User) -> None:
    """Who lost the phone gets in with a recovery code, which is used up by that."""
    add_second_factor(reader)
    for expected in (200, 302):
        client = Client()
        answer = client.post(LOGIN, {"login": reader.email, "password": PASSWORD})
        client.post(answer.headers["Location"], {"code": RECOVERY_CODE})
        assert client.get("/accounts/profile/").status_code == expected


ROLES = {
    "reader": {"comments.add_comment"},
    "author": {"comments.add_comment", "posts.add_post", "posts.publish_post"},
    "editor": {"posts.edit_any_post", "comments.moderate_comment"},
    "admin": {"accounts.change_user", "posts.delete_post", "auth.change_group"},
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_its_permissions(role: str) -> None:
    """What the migration gave to the group, the person in it may do."""
    assert UserFactory.create(role=role).has_perms(ROLES[role])


def test_lower_roles_lack_the_powers_of_higher_ones(reader: User, author: User) -> None:
    """Readers do not write, authors do not moderate or touch what others wrote."""
    assert not reader.has_perm("posts.add_post")
    assert not author.has_perm("posts.edit_any_post")
    assert not author.has_perm("comments.moderate_comment")
    assert not PostFactory.create().may_be_edited_by(author)


@pytest.mark.django_db(transaction=True)
def test_the_roles_migration_goes_back_and_forth() -> None:
    """Undone, the groups are gone; done again, they are back with their powers."""
    call_command("migrate", "accounts", "0001", verbosity=0)
    assert not Group.objects.exists()
    call_command("migrate", "accounts", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_demo_people_can_log_in_and_are_not_doubled() -> None:
    """Seeding twice leaves one person for each role, with the printed password."""
    demo.seed()
    demo.seed()
    assert User.objects.count() == len(demo.PEOPLE)
    for email, password in demo.logins():
        client = Client()
        log_in(client, email, password)
        assert client.get("/accounts/profile/").status_code == 200


def test_handles_stay_unique() -> None:
    """Two people with the same local part of the address get different handles."""
    one = User.objects.create_user("ana@example.com")
    two = User.objects.create_user("ana@example.org")
    assert one.handle == "ana"
    assert two.handle.startswith("ana-")
    assert not one.has_usable_password()


def test_a_superuser_is_made_by_e_mail_address() -> None:
    """`createsuperuser` asks for nothing but address and password."""
    user = User.objects.create_superuser("Root@Example.com", PASSWORD)
    assert user.is_superuser
    assert User.objects.get_by_natural_key("ROOT@example.com") == user


def test_mail_is_kept_for_dev_mail(
    client: Client, reader: User, settings: Settings, tmp_path: Path
) -> None:
    """In development a mail can be read in the browser, with its links to click on."""
    settings.MAILBOX = tmp_path
    settings.MAILERS = {"default": {"BACKEND": "blog.accounts.mailbox.MailboxBackend"}}
    client.post("/accounts/password/reset/", {"email": reader.email})
    html = client.get("/dev/mail").content.decode()
    assert reader.email in html
    assert '<a href="http://testserver/accounts/password/reset/key/' in html


def test_nobody_reads_mail_outside_development(client: Client) -> None:
    """Without a mailbox the page does not exist."""
    assert client.get("/dev/mail").status_code == 404


def test_an_admin_manages_people_but_makes_no_superuser(
    client: Client, admin: User, reader: User
) -> None:
    """The admin pages work, and leave the highest power alone."""
    client.force_login(admin)
    assert client.get("/admin/accounts/user/?q=person").status_code == 200
    page = client.get(f"/admin/accounts/user/{reader.pk}/change/").content.decode()
    assert 'name="display_name"' in page
    assert 'name="is_superuser"' not in page
    root = User.objects.create_superuser("root@example.com")
    answer = client.post(f"/admin/accounts/user/{root.pk}/change/", {"email": "x@y.z"})
    assert answer.status_code == 403
    assert client.get(f"/admin/accounts/user/{root.pk}/delete/").status_code == 403


def test_an_admin_adds_a_person(client: Client, admin: User) -> None:
    """An address and a password are enough."""
    client.force_login(admin)
    form = {
        "email": "added@example.com",
        "usable_password": "true",
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    client.post("/admin/accounts/user/add/", form)
    assert User.objects.get(email="added@example.com").check_password(NEW_PASSWORD)
