"""What people tell about themselves: at sign-up, and later on their profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from blog.accounts.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest


class SignupForm(forms.Form):
    """What the sign-up form asks besides e-mail address and password."""

    display_name = forms.CharField(
        max_length=80, label="Name", help_text="Shown with what you write."
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Save the name with the new user, as allauth asks for it."""
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What others see of a person."""

    class Meta:
        model = User
        fields = ["display_name", "handle", "bio"]
        widgets = {"bio": forms.Textarea(attrs={"rows": 5})}
