"""Addresses of the core: development's mailbox. The probes are in `middleware`."""

from django.urls import path

from blog.accounts.mailbox import dev_mail

urlpatterns = [path("dev/mail", dev_mail, name="dev_mail")]
