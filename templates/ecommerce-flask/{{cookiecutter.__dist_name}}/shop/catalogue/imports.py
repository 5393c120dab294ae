"""A file of products, CSV or JSON: everything is taken, or nothing and why.

The columns of a CSV file are `slug, name, description, brand, category, images, sku,
price, currency`; `attribute:colour` and `option:size` add to those. A line is a
variant: lines with one slug are one product.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shop.catalogue import services
from shop.catalogue.schemas import ProductInput
from shop.core.errors import Problem
from shop.database.transactions import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

MOST_LINES = 1000
PLAIN = {"slug", "name", "description", "brand", "category"}
COLUMNS = PLAIN | {"images", "sku", "price", "currency"}


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
    if not 0 < len(lines) <= MOST_LINES:
        raise Problem(422, f"A file has 1 to {MOST_LINES} products.")
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
        line.given["variants"].append(_variant(row))
    yield from products.values()


def run(db: Database[Document], lines: list[Line], currency: str) -> dict[str, Any]:
    """Write the products and return the report; after an error nothing is written.

    A product whose slug is known is replaced, the others are new.
    """
    products, errors = _validated(lines, currency)
    created: set[int] = set()

    def work(session: ClientSession) -> None:
        created.clear()
        for line, product in zip(lines, products, strict=True):
            try:
                if _written(db, product, session):
                    created.add(line.number)
            except Problem as problem:
                errors[line.number] = problem.detail
                raise Refused from problem

    if not errors:
        try:
            transaction(db, work)
        except Refused:
            created.clear()
    report = [
        {"line": line.number, "slug": line.slug, "error": errors.get(line.number)}
        for line in lines
    ]
    updated = 0 if errors else len(lines) - len(created)
    return {"created": len(created), "updated": updated, "lines": report}


def _validated(
    lines: list[Line], currency: str
) -> tuple[list[ProductInput], dict[int, str]]:
    products: list[ProductInput] = []
    errors: dict[int, str] = {}
    for line in lines:
        try:
            product = ProductInput.model_validate(line.given)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            errors[line.number] = f"{field}: {first['msg']}"
            continue
        if any(variant.currency != currency for variant in product.variants):
            errors[line.number] = f"variants.currency: must be {currency}"
        products.append(product)
    return products, errors


def _written(
    db: Database[Document], product: ProductInput, session: ClientSession
) -> bool:
    there = db.products.find_one({"slug": product.slug}, session=session)
    if there:
        services.change(db, there, product.model_dump(), session)
    else:
        services.create(db, product, session)
    return there is None


def _product(row: dict[str, str]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in PLAIN if name in row},
        "images": row.get("images", "").split(),
        "attributes": _pairs(row, "attribute:"),
        "variants": [],
    }


def _variant(row: dict[str, str]) -> dict[str, Any]:
    price = row.get("price", "")
    return {
        "sku": row.get("sku", ""),
        "price": int(price) if price.isascii() and price.isdigit() else price,
        "currency": row.get("currency", ""),
        "options": _pairs(row, "option:"),
    }


def _pairs(row: dict[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in row.items()
        if name.startswith(prefix) and value
    }
