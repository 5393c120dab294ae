"""Products: everybody reads, managers write."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for

from shop.accounts.access import may, requires
from shop.catalogue import imports, schemas, search, services, xml
from shop.catalogue.repository import serialize_product
from shop.core.conditional import add_etag, require_match
from shop.core.errors import Problem
from shop.database import Document, get_db
from shop.database.transactions import transaction
from shop.settings import current_settings

if TYPE_CHECKING:
    from bson import ObjectId

blueprint = APIBlueprint("products", __name__, url_prefix="/api/v1", tag="Catalogue")
JSON = "application/json"


def make_response(product: Document, status: int = 200) -> Response:
    """Return one product as JSON or, where the client prefers it, as XML."""
    body = schemas.ProductAnswer.model_validate(serialize_product(product)).model_dump()
    accepted = request.accept_mimetypes
    wanted = accepted.best_match((JSON, xml.MEDIA_TYPE)) if accepted else JSON
    if wanted is None:
        raise Problem(406, f"A product is {JSON} or {xml.MEDIA_TYPE}.")
    # Reviews change what is shown, but not what a manager writes: its version.
    rating = product["rating"]
    etag = f"{product['version']}.{rating['count']}.{rating['sum']}"
    if wanted == xml.MEDIA_TYPE:
        etag += "-xml"
        response = Response(xml.product(body), content_type=xml.MEDIA_TYPE)
    else:
        response = jsonify(body)
    response.status_code = status
    response.headers["Vary"] = "Accept"
    if status == 200:
        return add_etag(response, etag)
    response.set_etag(etag)
    return response


@blueprint.get("/products")
@blueprint.input(schemas.Listing, location="query", arg_name="listing")
@blueprint.output(schemas.ProductPage)
def list_products(listing: schemas.Listing) -> Document:
    """List what the shop sells: by words, category, brand, price and attributes."""
    items, following = search.page(get_db(), listing)
    return {"items": [serialize_product(item) for item in items], "next": following}


@blueprint.get("/products/facets")
@blueprint.input(schemas.Filters, location="query", arg_name="filters")
@blueprint.output(schemas.Facets)
def list_facets(filters: schemas.Filters) -> Document:
    """Count the products that the same filters find, by what narrows them further."""
    return search.facets(get_db(), filters)


@blueprint.get("/categories")
@blueprint.output(schemas.Categories)
def list_categories() -> Document:
    """List every category that has products."""
    return {"items": search.categories(get_db())}


@blueprint.get("/products/<objectid:product_id>")
@blueprint.output(schemas.ProductAnswer)
def get_product(product_id: ObjectId) -> Response:
    """Show a product; its ETag spares reading it again, and guards changing it."""
    hidden = may("catalogue.write")
    return make_response(services.get(get_db(), {"_id": product_id}, hidden=hidden))


@blueprint.get("/products/by-slug/<slug>")
@blueprint.output(schemas.ProductAnswer)
def get_product_by_slug(slug: str) -> Response:
    """Show the product whose address ends like this."""
    hidden = may("catalogue.write")
    return make_response(services.get(get_db(), {"slug": slug}, hidden=hidden))


@blueprint.post("/products")
@requires("catalogue.write")
@blueprint.input(schemas.ProductInput, arg_name="given")
@blueprint.output(schemas.ProductAnswer, status_code=201)
def create_product(given: schemas.ProductInput) -> Response:
    """Add a product."""
    own_currency(given.variants)
    product = services.create(get_db(), given)
    response = make_response(product, 201)
    response.headers["Location"] = url_for(
        "products.get_product", product_id=product["_id"]
    )
    return response


@blueprint.put("/products/<objectid:product_id>")
@requires("catalogue.write")
@blueprint.input(schemas.ProductInput, arg_name="given")
@blueprint.output(schemas.ProductAnswer)
def replace_product(product_id: ObjectId, given: schemas.ProductInput) -> Response:
    """Write the product anew, if it is still the version in `If-Match`."""
    return apply_change(product_id, given)


@blueprint.patch("/products/<objectid:product_id>")
@requires("catalogue.write")
@blueprint.input(schemas.ProductChange, arg_name="given")
@blueprint.output(schemas.ProductAnswer)
def change_product(product_id: ObjectId, given: schemas.ProductChange) -> Response:
    """Change the fields that are given, if it is still the version in `If-Match`."""
    return apply_change(product_id, given)


@blueprint.delete("/products/<objectid:product_id>")
@requires("catalogue.write")
@blueprint.output({}, status_code=204)
def delete_product(product_id: ObjectId) -> tuple[str, int]:
    """Delete the product, if it is still the version in `If-Match`."""
    product = services.get(get_db(), {"_id": product_id}, hidden=True)
    require_match(product["version"])
    transaction(get_db(), partial(services.delete, get_db(), product))
    return "", 204


@blueprint.post("/products/import")
@requires("catalogue.write")
@blueprint.output(schemas.ImportReport)
def import_products() -> tuple[Document, int]:
    """Take a CSV or JSON file of products, all or nothing, with a report per line."""
    lines = imports.parse(request.get_data(), request.mimetype)
    report = imports.run(get_db(), lines, current_settings().currency)
    return report, 422 if any(line["error"] for line in report["lines"]) else 200


def apply_change(
    product_id: ObjectId, given: schemas.ProductInput | schemas.ProductChange
) -> Response:
    """Return the product with the fields that were given."""
    patch = isinstance(given, schemas.ProductChange)
    fields = given.model_dump(include=given.model_fields_set if patch else None)
    if "variants" in fields:
        own_currency(given.variants)
    product = services.get(get_db(), {"_id": product_id}, hidden=True)
    require_match(product["version"])
    change = partial(services.change, get_db(), product, fields)
    return make_response(transaction(get_db(), change))


def own_currency(variants: list[schemas.Variant]) -> None:
    """Raise Problem 422 for a price in another currency than the shop's."""
    currency = current_settings().currency
    if any(variant.currency != currency for variant in variants):
        message = f"must be {currency}, the currency of this shop"
        errors = [{"field": "variants.currency", "message": message}]
        raise Problem(422, f"The currency {message}.", errors=errors)
