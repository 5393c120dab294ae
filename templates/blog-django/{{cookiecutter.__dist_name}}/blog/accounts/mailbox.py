"""Mail in development: kept as files, to be read at /dev/mail instead of being sent."""

from __future__ import annotations

import email
import email.policy
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404
from django.shortcuts import render
from django.utils.html import format_html, format_html_join

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage as Mail

    from django.core.mail import EmailMessage
    from django.http import HttpRequest, HttpResponse

KEPT = 100
LINK = re.compile(r"(https?://[^\s&<>\"']+)")


class MailboxBackend(BaseEmailBackend):
    """Write each message into the mailbox, and say so on the console."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the messages; return how many there were."""
        folder = Path(settings.MAILBOX or "data/mail")
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}.eml"
            (folder / name).write_bytes(message.message().as_bytes())
            receivers = ", ".join(message.to)
            sys.stdout.write(f"Mail to {receivers}: {message.subject} (/dev/mail)\n")
        for old in sorted(folder.glob("*.eml"))[:-KEPT]:
            old.unlink()
        return len(email_messages)


def dev_mail(request: HttpRequest) -> HttpResponse:
    """Show the mail that would have been sent, newest first; development only."""
    if settings.MAILBOX is None:
        raise Http404
    files = sorted(settings.MAILBOX.glob("*.eml"), reverse=True)
    return render(request, "dev/mail.html", {"mails": [_shown(f) for f in files]})


def _shown(file: Path) -> dict[str, str]:
    mail: Mail = email.message_from_bytes(
        file.read_bytes(), policy=email.policy.default
    )
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    # Splitting by a group gives text and links in turn.
    parts = [
        format_html('<a href="{0}">{0}</a>' if index % 2 else "{0}", part)
        for index, part in enumerate(LINK.split(text))
    ]
    return {
        "to": str(mail["to"]),
        "subject": str(mail["subject"]),
        "date": str(mail["date"]),
        "body": format_html_join("", "{}", ((part,) for part in parts)),
    }
