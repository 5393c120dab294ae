"""Sending a mail: to a server, to the console, or into a box that development reads."""

from __future__ import annotations

import smtplib
import ssl
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

SECONDS = 10
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


def send(settings: Settings, db: Database[Document], message: Document) -> None:
    """Send a message of the outbox; raise OSError or SMTPException if it fails.

    Its id is the mail's Message-ID, so that a mail that is sent twice is shown once.
    """
    mail, url = message["payload"], urlsplit(settings.email_url)
    if url.scheme == "mailbox":
        found = {name: mail[name] for name in ("to", "subject", "text")}
        kept = found | {"at": datetime.now(UTC)}
        db.mails.replace_one({"_id": message["_id"]}, kept, upsert=True)
    elif url.scheme == "console":
        sys.stdout.write(f"To: {mail['to']}\nSubject: {mail['subject']}\n\n")
        sys.stdout.write(mail["text"] + "\n")
        sys.stdout.flush()
    else:
        _smtp(settings, build_message(settings, message))


def build_message(settings: Settings, message: Document) -> EmailMessage:
    """Return the mail as it goes over the wire."""
    mail = message["payload"]
    made = EmailMessage()
    made["From"], made["To"] = settings.default_from_email, mail["to"]
    made["Subject"] = mail["subject"]
    domain = settings.default_from_email.rpartition("@")[2]
    made["Message-ID"] = f"<{message['_id']}@{domain}>"
    made.set_content(mail["text"])
    return made


def _smtp(settings: Settings, mail: EmailMessage) -> None:
    url = urlsplit(settings.email_url)
    host, port = url.hostname or "localhost", url.port or PORTS[url.scheme]
    # Without a context, smtplib hands the password to whoever answers.
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        if url.scheme == "smtp+ssl"
        else smtplib.SMTP(host, port, timeout=SECONDS)
    ) as smtp:
        if url.scheme == "smtp+tls":
            smtp.starttls(context=context)
        if url.username:
            smtp.login(unquote(url.username), unquote(url.password or ""))
        smtp.send_message(mail)
