"""Reviews: everybody reads, buyers write, moderators hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from shop.accounts.access import by_person, current_person, requires
from shop.core.limits import limiter
from shop.database import get_db
from shop.reviews import schemas, services

if TYPE_CHECKING:
    from bson import ObjectId

    from shop.database import Document

blueprint = APIBlueprint("reviews", __name__, url_prefix="/api/v1", tag="Reviews")


@blueprint.get("/products/<objectid:product_id>/reviews")
@blueprint.input(schemas.Listing, location="query", arg_name="listing")
@blueprint.output(schemas.ReviewPage)
def list_reviews(product_id: ObjectId, listing: schemas.Listing) -> dict[str, Any]:
    """List what buyers say, the newest first."""
    items, following = services.page(get_db(), product_id, listing)
    return {"items": [serialize_review(item) for item in items], "next": following}


@blueprint.post("/products/<objectid:product_id>/reviews")
@limiter.limit("20/hour", key_func=by_person)
@blueprint.input(schemas.ReviewInput, arg_name="given")
@blueprint.output(schemas.ReviewAnswer, status_code=201)
def write_review(product_id: ObjectId, given: schemas.ReviewInput) -> Document:
    """Say what one thinks of a product that was delivered to one."""
    return serialize_review(
        services.write(get_db(), current_person(), product_id, given)
    )


@blueprint.patch("/reviews/<objectid:review_id>")
@requires("reviews.moderate")
@blueprint.input(schemas.Moderation, arg_name="given")
@blueprint.output(schemas.ReviewAnswer)
def moderate_review(review_id: ObjectId, given: schemas.Moderation) -> Document:
    """Hide a review, or show it again."""
    return serialize_review(services.moderate(get_db(), review_id, hidden=given.hidden))


@blueprint.delete("/reviews/<objectid:review_id>")
@blueprint.output({}, status_code=204)
def delete_review(review_id: ObjectId) -> tuple[str, int]:
    """Delete one's own review; moderators delete any."""
    services.delete(get_db(), current_person(), review_id)
    return "", 204


def serialize_review(review: Document) -> Document:
    """Return a document as the API answers it."""
    return review | {"id": str(review["_id"])}
