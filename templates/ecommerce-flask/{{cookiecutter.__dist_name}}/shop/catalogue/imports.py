"""A file of products, CSV or JSON: everything is taken, or nothing and why.

The columns of a CSV file are `slug, name, description, brand, category, images, sku,
price, currency`; `attribute:colour` and `option:size` add to those. A line is a
variant: lines with one slug are one product.

For a product that is there, a file is a patch: what it does not name stays as it is,
other variants as well. An empty attribute or option is taken away.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shop.catalogue import services
from shop.catalogue.repository import as_input
from shop.catalogue.schemas import ProductInput
from shop.core.errors import Problem
from shop.database.transactions import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

MAX_LINES = 1000
PLAIN = {"slug", "name", "description", "brand", "category"}
VARIANT = {"sku", "price", "currency"}
COLUMNS = PLAIN | VARIANT | {"images"}


@dataclass(frozen=True, slots=True)
class Line:
    """A product of the file, and the line or number where it begins."""

    number: int
    given: dict[str, Any]

    @property
    def slug(self) -> str | None:
        """Return what the line calls itself."""
        slug = self.given.get("slug")
        return slug if isinstance(slug, str) else None


class Refused(Exception):
    """A line cannot be taken, so none is."""


def parse(body: bytes, media_type: str) -> list[Line]:
    """Return the products of a file; raise Problem 415 or 422 for what is none."""
    if media_type not in {"text/csv", "application/json"}:
        raise Problem(415, "Send text/csv or application/json.")
    try:
        text = body.decode("utf-8-sig")
        lines = list(from_csv(text) if media_type == "text/csv" else from_json(text))
    except (ValueError, csv.Error, RecursionError) as error:
        raise Problem(422, f"The file cannot be read: {error}.") from error
    if not 0 < len(lines) <= MAX_LINES:
        raise Problem(422, f"A file has 1 to {MAX_LINES} products.")
    return lines


def from_json(text: str) -> Iterator[Line]:
    """Yield the objects of a JSON array."""
    given = json.loads(text)
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ValueError("it is no array of objects")
    for number, one in enumerate(given, start=1):
        yield Line(number, one)


def from_csv(text: str) -> Iterator[Line]:
    """Yield the products of a table."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = rows.fieldnames or []
    for name in names:
        if name not in COLUMNS and not name.startswith(("attribute:", "option:")):
            raise ValueError(f"there is no column {name!r}")
    if "slug" not in names or len(set(names)) != len(names):
        raise ValueError("it needs a column slug, and each column once")
    products: dict[str, Line] = {}
    for row in rows:
        if None in row or None in row.values():
            raise ValueError(f"line {rows.line_num} has not {len(names)} cells")
        line = products.setdefault(row["slug"], Line(rows.line_num, _product(row)))
        if "sku" in row:
            line.given.setdefault("variants", []).append(_variant(row))
    yield from products.values()


def run(db: Database[Document], lines: list[Line], currency: str) -> dict[str, Any]:
    """Write the products and return the report; after an error nothing is written.

    A product whose slug is known is changed, the others are new.
    """
    slugs = [line.slug for line in lines]
    there = {
        found["slug"]: found for found in db.products.find({"slug": {"$in": slugs}})
    }
    products, errors = _validate(lines, there, currency)
    created = {line.number for line in lines if line.slug not in there}

    def work(session: ClientSession) -> None:
        for line, product in zip(lines, products, strict=True):
            try:
                if known := there.get(product.slug):
                    fields = product.model_dump(include=set(line.given))
                    services.change(db, known, fields, session)
                else:
                    services.create(db, product, session)
            except Problem as problem:
                errors[line.number] = problem.detail
                raise Refused from problem

    if not errors:
        try:
            transaction(db, work)
        except Refused:
            pass  # the report says why
    report = [
        {"line": line.number, "slug": line.slug, "error": errors.get(line.number)}
        for line in lines
    ]
    done = (0, 0) if errors else (len(created), len(lines) - len(created))
    return {"created": done[0], "updated": done[1], "lines": report}


def _validate(
    lines: list[Line], there: dict[str, Document], currency: str
) -> tuple[list[ProductInput], dict[int, str]]:
    products: list[ProductInput] = []
    errors: dict[int, str] = {}
    seen: set[str] = set()
    for line in lines:
        try:
            given = _patch(there.get(line.slug or ""), line.given)
            product = ProductInput.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            errors[line.number] = f"{field}: {first['msg']}"
            continue
        if product.slug in seen:
            errors[line.number] = "slug: is in the file twice"
        seen.add(product.slug)
        if any(variant.currency != currency for variant in product.variants):
            errors[line.number] = f"variants.currency: must be {currency}"
        products.append(product)
    return products, errors


def _patch(known: Document | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return all of a product: what is known of it, with what the file says instead."""
    old = as_input(known) if known else {}
    new = old | given
    new["attributes"] = _merge(old, given, "attributes")
    variants = given.get("variants")
    if isinstance(variants, list) and _each_once(variants):
        skus = {one["sku"]: one for one in old.get("variants", ())}
        for one in variants:
            sku = str(one.get("sku"))
            before = skus.get(sku, {})
            skus[sku] = before | one | {"options": _merge(before, one, "options")}
        new["variants"] = [*skus.values()]
    return new


def _each_once(variants: list[Any]) -> bool:
    """Return whether these can be merged; the schema refuses all others."""
    skus = [str(one.get("sku")) for one in variants if isinstance(one, dict)]
    return len(set(skus)) == len(variants)


def _merge(old: dict[str, Any], given: dict[str, Any], name: str) -> Any:
    pairs, before = given.get(name, {}), old.get(name, {})
    if not isinstance(pairs, dict):
        return pairs  # which the schema refuses
    return {key: value for key, value in (before | pairs).items() if value != ""}


def _product(row: dict[str, str]) -> dict[str, Any]:
    product: dict[str, Any] = {name: row[name] for name in PLAIN if name in row}
    if "images" in row:
        product["images"] = row["images"].split()
    if attributes := _pairs(row, "attribute:"):
        product["attributes"] = attributes
    return product


def _variant(row: dict[str, str]) -> dict[str, Any]:
    variant: dict[str, Any] = {name: row[name] for name in VARIANT if name in row}
    price = row.get("price", "")
    if price.isascii() and price.isdigit():
        variant["price"] = int(price)
    if options := _pairs(row, "option:"):
        variant["options"] = options
    return variant


def _pairs(row: dict[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in row.items()
        if name.startswith(prefix)
    }
