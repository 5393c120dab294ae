"""The pages of comments: sending one, deleting one's own, and the moderators' queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from blog.comments import services
from blog.comments.forms import CommentForm
from blog.comments.models import Comment
from blog.core import errors
from blog.posts.models import Post
from blog.posts.pagination import paginate

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from blog.accounts.models import User

PER_PAGE = 25


@login_required
@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a comment on a post, or say on a page of its own why not."""
    user = cast("User", request.user)
    post = get_object_or_404(Post.objects.visible(), slug=slug)
    form = CommentForm(request.POST)
    if form.is_from_robot:
        # It learns nothing: the answer is that of a comment which waits.
        return _thank(request, post, Comment(status=Comment.Status.PENDING))
    if form.is_valid():
        try:
            comment = services.add_comment(
                post,
                user,
                form.cleaned_data["body"],
                address=request.META["REMOTE_ADDR"],
                parent=_parent(form, post),
            )
        except services.CommentRefusedError as error:
            form.add_error(None, str(error))
        except services.TooFastError as error:
            response = errors.respond(request, 429, str(error))
            response["Retry-After"] = str(error.retry_after)
            return response
        else:
            return _thank(request, post, comment)
    context = {"post": post, "comment_form": form}
    return render(request, "comments/form.html", context, status=422)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one's own comment."""
    user = cast("User", request.user)
    own = Comment.objects.filter(author=user).select_related("post")
    comment = get_object_or_404(own, pk=pk)
    services.delete_comment(comment, user)
    messages.success(request, "Your comment is deleted.")
    return redirect(comment.post)


@login_required
@permission_required("comments.moderate_comment", raise_exception=True)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the moderators what waits, the oldest first; or what was decided."""
    status = request.GET.get("status", "")
    if status not in Comment.Status.values:
        status = Comment.Status.PENDING
    newest_first = status != Comment.Status.PENDING
    comments = (
        Comment.objects.filter(status=status)
        .order_by(*(["-created_at", "-pk"] if newest_first else ["created_at", "pk"]))
        .select_related("author", "post", "parent__author")
        .defer("post__body", "post__html", "post__text")
    )
    context = {
        "page": paginate(request, comments, PER_PAGE),
        "status": status,
        "statuses": Comment.Status.choices,
    }
    return render(request, "comments/queue.html", context)


@login_required
@permission_required("comments.moderate_comment", raise_exception=True)
@require_POST
def moderate(request: HttpRequest, pk: int) -> HttpResponse:
    """Do with a comment what the button pressed says."""
    user = cast("User", request.user)
    comment = get_object_or_404(Comment, pk=pk)
    action = request.POST.get("action", "")
    if action == "approve":
        services.approve(comment, user)
    elif action == "spam":
        services.mark_spam(comment, user)
    elif action == "delete":
        services.delete_comment(comment, user)
    else:
        return errors.respond(request, 400)
    messages.success(request, DONE[action])
    return redirect("moderation")


DONE = {
    "approve": "The comment is approved.",
    "spam": "The comment is marked as spam.",
    "delete": "The comment is deleted.",
}


def _parent(form: CommentForm, post: Post) -> Comment | None:
    """Return the comment that is replied to, if it is one on this post."""
    key = form.cleaned_data["parent"]
    return get_object_or_404(post.comments.all(), pk=key) if key else None


def _thank(request: HttpRequest, post: Post, comment: Comment) -> HttpResponse:
    if comment.status == Comment.Status.APPROVED:
        messages.success(request, "Your comment is published.")
    else:
        messages.success(request, "Thank you. Your comment waits for a moderator.")
    anchor = f"#comment-{comment.pk}" if comment.pk else "#comments"
    return redirect(post.get_absolute_url() + anchor)
