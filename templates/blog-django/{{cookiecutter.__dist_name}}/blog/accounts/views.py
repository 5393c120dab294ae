"""Pages about oneself: the profile, and the list of sessions with an end for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from blog.accounts.forms import ProfileForm
from blog.accounts.models import User
from blog.posts.models import Post

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change what others see of the person who is logged in."""
    # A copy: what was typed must not show anywhere before it is found valid.
    user = User.objects.get(email=request.user.get_username())
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    published = Post.objects.visible().filter(author=user)
    context = {"form": form, "has_page": published.exists()}
    return render(request, "account/profile.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session of the person who is logged in; one of others is not found."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    session.end()
    messages.success(request, "That session has ended.")
    return redirect("usersessions_list")
