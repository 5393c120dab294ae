"""What an author fills in: the text of a post, and when it is to appear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from blog.posts import images, services
from blog.posts.models import Post
from blog.posts.slugs import split_tags

if TYPE_CHECKING:
    from blog.accounts.models import User


class PostForm(forms.ModelForm):  # type: ignore[type-arg]
    """The text of a post with its tags and cover; `save` follows the rules."""

    tags = forms.CharField(
        max_length=400, required=False, help_text="Separated by commas, at most eight."
    )
    # Checked by content in clean_cover; Django's own check would go by Pillow alone.
    cover = forms.FileField(
        required=False,
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}
        ),
        help_text="JPEG, PNG, WebP or GIF, at most 5 MB.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Post
        fields = (
            *("title", "summary", "body", "tags"),
            *("cover", "cover_alt", "comments_open"),
        )
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "body": forms.Textarea(attrs={"rows": 22, "spellcheck": "true"}),
        }
        labels = {"body": "Text", "cover_alt": "What the cover shows"}
        help_texts = {
            "body": "Markdown: **bold**, *italic*, `code`, ## heading, [link](https://…)",
            "summary": "One or two sentences for lists and search engines.",
            "cover_alt": "For those who cannot see it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        # Of a new post Django would show the empty list itself: "[]".
        self.initial["tags"] = ""
        if self.instance.pk:
            names = self.instance.tags.values_list("name", flat=True)
            self.initial["tags"] = ", ".join(names)
            self.initial["version"] = self.instance.version

    def clean_tags(self) -> list[str]:
        """Return the names of the tags."""
        return split_tags(self.cleaned_data["tags"])

    def clean_cover(self) -> images.Picture | bool | None:
        """Return the checked picture, False to remove it, None to leave it."""
        upload = self.cleaned_data["cover"]
        if isinstance(upload, UploadedFile):
            return images.read(upload)
        return False if upload is False else None

    def _post_clean(self) -> None:
        """Keep the stored cover on the instance: the services replace it."""
        self.picture = self.cleaned_data.pop("cover", None)
        super()._post_clean()  # type: ignore[misc]

    def store(self, editor: User) -> Post:
        """Save the post by the rules that hold everywhere; return it."""
        return services.save_post(
            self.instance,
            editor,
            tags=self.cleaned_data["tags"],
            cover=self.picture,
            seen_version=self.cleaned_data["version"] if self.instance.pk else None,
        )


class ScheduleForm(forms.Form):
    """When a post is to appear."""

    when = forms.DateTimeField(
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        )
    )
