"""Mail: to a server, to the console, or kept for whoever develops (`/dev/mail`)."""

from __future__ import annotations

import smtplib
import ssl
import sys
from collections import deque
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from app.core.config import BaseSettings

SECONDS = 10
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
mailbox: deque[EmailMessage] = deque(maxlen=100)
router = APIRouter(include_in_schema=False)


async def send(settings: BaseSettings, *, to: str, subject: str, text: str) -> None:
    """Send a mail the way that EMAIL_URL says.

    Raises OSError or smtplib.SMTPException when the server does not take it.
    """
    message = EmailMessage()
    message["From"], message["To"] = settings.default_from_email, to
    message["Subject"] = " ".join(subject.split())  # a line break would be a header
    message.set_content(text)
    if settings.email_url.startswith("smtp"):
        await to_thread.run_sync(_deliver, settings.email_url, message)
    elif settings.email_url.startswith("console:"):
        # Not through the log: it would hide the link, for which the mail is there.
        sys.stdout.write(_readable(message))
        sys.stdout.flush()
    else:
        mailbox.append(message)


def _deliver(address: str, message: EmailMessage) -> None:
    url = urlsplit(address)
    host, port = url.hostname or "localhost", url.port or PORTS[url.scheme]
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        if url.scheme == "smtp+ssl"
        else smtplib.SMTP(host, port, timeout=SECONDS)
    ) as server:
        if url.scheme == "smtp+tls":
            server.starttls(context=context)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


@router.get("/dev/mail")
async def sent() -> PlainTextResponse:
    """Show what would have been sent, the newest first."""
    texts = [_readable(message) for message in reversed(mailbox)]
    return PlainTextResponse("\n".join(texts) or "Nothing was sent yet.")


def _readable(message: EmailMessage) -> str:
    """Return a mail as its reader sees it: with links in one piece."""
    head = f"To: {message['To']}\nSubject: {message['Subject']}"
    return f"{head}\n\n{message.get_content()}"
