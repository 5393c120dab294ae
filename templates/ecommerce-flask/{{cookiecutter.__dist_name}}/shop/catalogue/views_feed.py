"""The product feed: what price comparisons and Google Merchant fetch."""

from __future__ import annotations

from flask import Blueprint, Response

from shop.catalogue import xml
from shop.core.limits import limiter
from shop.database import get_db
from shop.settings import current_settings

blueprint = Blueprint("feeds", __name__)
MAX_PRODUCTS = 5000


@blueprint.get("/feeds/products.xml")
@limiter.limit("30/minute")
def products() -> Response:
    """Show every product that may be bought, the newest first, as RSS 2.0."""
    db = get_db()
    found = list(db.products.find({"active": True}).sort("_id", -1).limit(MAX_PRODUCTS))
    skus = [variant["sku"] for one in found for variant in one["variants"]]
    stock = {
        row["_id"]: row["available"] for row in db.stock.find({"_id": {"$in": skus}})
    }
    body = xml.feed(current_settings(), found, stock)
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, headers=headers, content_type=xml.FEED_TYPE)
