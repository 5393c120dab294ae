"""What a reader fills in to comment, and a field that only robots fill in."""

from __future__ import annotations

from typing import Any

from django import forms

from blog.comments.models import Comment


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]
    """The text of a comment; `website` is hidden from people, so it stays empty."""

    parent = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=1, max_value=2**62
    )
    website = forms.CharField(
        required=False,
        label="Leave this empty",
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    class Meta:
        model = Comment
        fields = ["body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 5})}
        labels = {"body": "Your comment"}
        help_texts = {"body": "Plain text, up to 2,000 characters."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    @property
    def is_from_robot(self) -> bool:
        """Whether the field that nobody sees was filled in."""
        return bool(self.data.get("website"))
