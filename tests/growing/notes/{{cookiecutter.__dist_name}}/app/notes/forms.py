"""The forms of notes."""

from app.forms import Field, Form
from app.notes.settings import MAX_BODY, MAX_TITLE


# exercise: begin
class NoteForm(Form):
    """What a person types to write a note."""

    title = Field(max_length=MAX_TITLE)
    body = Field(max_length=MAX_BODY, required=False)
# exercise: end


# exercise: begin
class DeleteForm(Form):
    """The button that deletes a note: no field, only the signature."""
# exercise: end
