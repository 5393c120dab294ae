"""Products as XML: one of them, and the feed that search engines and shops read.

The feed is RSS 2.0 with the namespace of Google Merchant.
Source: https://support.google.com/merchants/answer/7052112
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shop.database import Document
    from shop.settings import Settings

MEDIA_TYPE = "application/xml"
FEED_TYPE = "application/rss+xml; charset=utf-8"
GOOGLE = "http://base.google.com/ns/1.0"
# What XML 1.0 has no way to write, even escaped. Source: https://www.w3.org/TR/xml/#charsets
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# ISO 4217: currencies whose minor unit is not a hundredth.
DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "BHD": 3, "KWD": 3}

register_namespace("g", GOOGLE)


def add(parent: Element, tag: str, value: object = "") -> Element:
    """Append an element with a text."""
    element = SubElement(parent, tag)
    element.text = UNWRITABLE.sub("", str(value))
    return element


def product(answer: dict[str, Any]) -> bytes:
    """Return the XML of one product, of the fields that its JSON has."""
    root = Element("product", id=answer["id"], version=str(answer["version"]))
    for name in ("slug", "name", "description", "brand", "category"):
        add(root, name, answer[name])
    attributes = add(root, "attributes")
    for name, value in answer["attributes"].items():
        add(attributes, "attribute", value).set("name", name)
    images = add(root, "images")
    for image in answer["images"]:
        add(images, "image", image)
    variants = add(root, "variants")
    for variant in answer["variants"]:
        element = add(variants, "variant")
        element.set("sku", variant["sku"])
        add(element, "price", variant["price"]).set("currency", variant["currency"])
        for name, value in variant["options"].items():
            add(element, "option", value).set("name", name)
    return document(root)


def feed(
    settings: Settings, products: Iterable[Document], stock: dict[str, int]
) -> bytes:
    """Return the feed: an item for each variant, grouped by its product."""
    root = Element("rss", version="2.0")
    channel = add(root, "channel")
    add(channel, "title", settings.title)
    add(channel, "link", settings.public_url)
    add(channel, "description", settings.description or settings.title)
    for one in products:
        for variant in one["variants"]:
            item = add(channel, "item")
            add(item, "title", one["name"])
            address = f"{settings.public_url}/api/v1/products/by-slug/{one['slug']}"
            add(item, "link", address)
            add(item, "description", one["description"] or one["name"])
            google(item, one, variant, stock.get(variant["sku"], 0))
    return document(root)


def google(item: Element, one: Document, variant: Document, available: int) -> None:
    """Append what Google Merchant asks for."""
    values = {
        "id": variant["sku"],
        "item_group_id": one["slug"],
        "price": money(variant["price"], variant["currency"]),
        "availability": "in_stock" if available > 0 else "out_of_stock",
        "condition": "new",
        "product_type": one["category"].replace("/", " > "),
        "brand": one["brand"],
        "image_link": next(iter(one["images"]), ""),
    }
    for name, value in values.items():
        if value:
            add(item, f"{{{GOOGLE}}}{name}", value)


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units as text: 1999 EUR is `19.99 EUR`."""
    decimals = DECIMALS.get(currency, 2)
    if not decimals:
        return f"{amount} {currency}"
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}} {currency}"


def document(root: Element) -> bytes:
    """Return the element as a file."""
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text
