"""What the routes of the catalogue take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from flask import has_request_context, request
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from shop.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from shop.core.schemas import Answer, Name, Schema

WEB_ADDRESS = TypeAdapter(HttpUrl)


def web_address(given: str) -> str:
    """Return the address; raise ValueError for a text that is none."""
    return str(WEB_ADDRESS.validate_python(given))


type Slug = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
]
type Category = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){0,4}$", max_length=120)
]
type Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,39}$")]
type Key = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$", max_length=30)
]
type Image = Annotated[
    str,
    StringConstraints(pattern=r"^https?://", max_length=500),
    AfterValidator(web_address),
]
type Price = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]
type Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
type SortName = Literal["newest", "price_asc", "price_desc", "name", "relevance"]
type Pairs = Annotated[dict[Key, Name], Field(max_length=20)]


class Variant(Schema):
    """What is put into a cart: one size and colour, with its own price."""

    sku: Sku
    options: Pairs = {}
    price: Price
    currency: Currency


def skus_differ(variants: list[Variant]) -> list[Variant]:
    """Return the variants; raise ValueError for the same SKU twice."""
    if len({variant.sku for variant in variants}) != len(variants):
        raise ValueError("each variant needs a SKU of its own")
    return variants


# MongoDB keeps a SKU from being in two products, not from being in one of them twice.
type Variants = Annotated[
    list[Variant], Field(min_length=1, max_length=50), AfterValidator(skus_differ)
]


class ProductInput(Schema):
    """A product as a manager writes it."""

    slug: Slug
    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    brand: Annotated[str, Field(max_length=100)] = ""
    category: Category
    attributes: Pairs = {}
    images: Annotated[list[Image], Field(max_length=10)] = []
    variants: Variants
    active: bool = True


class ProductChange(Schema):
    """The fields that change; the others stay."""

    slug: Slug = ""
    name: Name = ""
    description: Annotated[str, Field(max_length=2000)] = ""
    brand: Annotated[str, Field(max_length=100)] = ""
    category: Category = ""
    attributes: Pairs = {}
    images: Annotated[list[Image], Field(max_length=10)] = []
    variants: Variants = []
    active: bool = True


def one_or_many(given: object) -> object:
    """Return a list: a query names a parameter once or several times."""
    return given if isinstance(given, list) else [given]


class Filters(Schema):
    """Which products are meant."""

    q: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    category: Category | None = None
    brand: Name | None = None
    price_min: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    price_max: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    attribute: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}:.+$")]],
        Field(max_length=5),
        BeforeValidator(one_or_many),
    ] = []

    @model_validator(mode="before")
    @classmethod
    def every_attribute(cls, given: Any) -> Any:
        """Take what a query names several times: APIFlask hands on the first alone."""
        if has_request_context() and "attribute" in request.args:
            return given | {"attribute": request.args.getlist("attribute")}
        return given


class Listing(Filters):
    """Which products, in which order, from where on."""

    sort: SortName = "newest"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def relevance_needs_words(self) -> Self:
        """Refuse an order that only a text search has."""
        if self.sort == "relevance" and self.q is None:
            raise ValueError("sort=relevance needs q")
        return self


class VariantAnswer(Answer):
    """A variant as everybody sees it."""

    sku: str
    options: dict[str, str]
    price: int
    currency: str


class Rating(Answer):
    """What verified buyers think: the mean of 1 to 5, and of how many."""

    count: int
    average: float | None


class ProductAnswer(Answer):
    """A product as everybody sees it."""

    id: str
    slug: str
    name: str
    description: str
    brand: str
    category: str
    attributes: dict[str, str]
    images: list[str]
    variants: list[VariantAnswer]
    active: bool
    rating: Rating
    version: int


class ProductPage(Answer):
    """Some products, and the cursor with which the next ones are asked for."""

    items: list[ProductAnswer]
    next: str | None


class Count(Answer):
    """How many products have a value."""

    value: str
    count: int


class AttributeCounts(Answer):
    """The values of one attribute."""

    name: str
    values: list[Count]


class Facets(Answer):
    """By what a search can be narrowed, and to how many."""

    categories: list[Count]
    brands: list[Count]
    attributes: list[AttributeCounts]


class CategoryAnswer(Answer):
    """A category, its path, and how many products are in it or below."""

    path: str
    name: str
    count: int


class Categories(Answer):
    """All categories, parents before their children."""

    items: list[CategoryAnswer]


class LineReport(Answer):
    """What became of one line of an import."""

    line: int
    slug: str | None
    error: str | None


class ImportReport(Answer):
    """What became of an import: everything was taken, or nothing."""

    created: int
    updated: int
    lines: list[LineReport]
