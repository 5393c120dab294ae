"""The pages for authors: the list of their posts, the editor, states and revisions."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from blog.core import errors
from blog.posts import markdown, services
from blog.posts.forms import PostForm, ScheduleForm
from blog.posts.models import Post
from blog.posts.pagination import paginate

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from blog.accounts.models import User

PER_PAGE = 20
MOST_COMPARED = 4_000  # lines: the time to compare grows with their square


def _own(request: HttpRequest, public_id: UUID) -> Post:
    """Return a post that the person may change; raise Http404 for any other."""
    return get_object_or_404(
        Post.objects.editable_by(request.user).select_related("author"),
        public_id=public_id,
    )


@login_required
@permission_required("posts.add_post", raise_exception=True)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """List the posts that the person may change, the last changed first."""
    posts = Post.objects.editable_by(request.user).order_by("-updated_at", "-pk")
    status = request.GET.get("status", "")
    if status in Post.Status.values:
        posts = posts.filter(status=status)
    page = paginate(request, posts.listed(), PER_PAGE)
    context = {"page": page, "status": status, "statuses": Post.Status.choices}
    return render(request, "posts/dashboard.html", context)


@login_required
def edit(request: HttpRequest, public_id: UUID | None = None) -> HttpResponse:
    """Show and save the form of a post, new or old; or show how it would look."""
    user = cast("User", request.user)
    if public_id is None and not user.has_perm("posts.add_post"):
        raise PermissionDenied
    post = _own(request, public_id) if public_id else Post(author=user)
    form = PostForm(request.POST or None, request.FILES or None, instance=post)
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = markdown.to_html(form.cleaned_data["body"])
        else:
            try:
                form.store(user)
            except services.EditConflictError as error:
                form.add_error(None, f"{error} Copy your text, then open it again.")
            else:
                messages.success(request, "Saved.")
                return redirect("post_edit", post.public_id)
    context = {
        "form": form,
        "post": post if public_id else None,
        "preview": preview,
        "schedule_form": ScheduleForm(),
        "may_publish": public_id is not None and post.may_be_published_by(user),
        "allowed": services.TRANSITIONS[post.state],
    }
    return render(request, "posts/editor.html", context)


@login_required
@require_POST
def change_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Publish, schedule, archive or unpublish, as the button pressed says."""
    user, post = cast("User", request.user), _own(request, public_id)
    moves = {
        "publish": services.publish,
        "archive": services.archive,
        "unpublish": services.unpublish,
    }
    action = request.POST.get("action", "")
    try:
        if action == "schedule":
            form = ScheduleForm(request.POST)
            if not form.is_valid():
                message = "Choose the day and the time."
                raise services.TransitionError(message)
            services.schedule(post, user, form.cleaned_data["when"])
        elif action in moves:
            moves[action](post, user)
        else:
            return errors.respond(request, 400)
    except services.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The post is now {post.state}.")
    return redirect("post_edit", post.public_id)


@login_required
@require_safe
def revisions(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """List the versions of a post, the newest first."""
    post = _own(request, public_id)
    found = post.revisions.select_related("editor").defer("body")
    page = paginate(request, found, PER_PAGE)
    return render(request, "posts/revisions.html", {"post": post, "page": page})


def compare(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    """Return the lines that changed, three around them, and what became of each.

    Of two texts that are too long to compare, return all of both.
    """
    if len(old) + len(new) > MOST_COMPARED:
        removed = [("removed", f"-{line}") for line in old]
        return removed + [("added", f"+{line}") for line in new]
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [
        (kinds.get(line[0], "same"), line)
        for line in difflib.unified_diff(old, new, lineterm="", n=3)
        if not line.startswith(("+++", "---"))
    ]


@login_required
@require_safe
def revision(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """Show what changed from the version before to this one, line by line."""
    post = _own(request, public_id)
    shown = get_object_or_404(post.revisions.select_related("editor"), pk=number)
    before = post.revisions.filter(pk__lt=number).first()
    old = (
        [before.title, before.summary, "", *before.body.splitlines()] if before else []
    )
    new = [shown.title, shown.summary, "", *shown.body.splitlines()]
    lines = compare(old, new)
    context = {"post": post, "revision": shown, "before": before, "lines": lines}
    return render(request, "posts/revision.html", context)


@login_required
@require_POST
def restore(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """Make an earlier version the newest one."""
    post = _own(request, public_id)
    old = get_object_or_404(post.revisions, pk=number)
    services.restore(post, old, cast("User", request.user))
    messages.success(request, "Restored. The version before is kept, too.")
    return redirect("post_edit", post.public_id)
