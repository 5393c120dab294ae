"""Addresses of the core: the mailbox of development. See `middleware` for the probes."""

from django.urls import path

from blog.accounts.mailbox import dev_mail

urlpatterns = [path("dev/mail", dev_mail, name="dev_mail")]
