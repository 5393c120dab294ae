"""What development begins with: a shop that sells, three people, two coupons."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from shop.accounts import passwords
from shop.accounts.services import create_user
from shop.cart import coupons
from shop.catalogue import services
from shop.catalogue.schemas import ProductInput
from shop.database.transactions import transaction
from shop.stock.repository import Line, receive

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

# Everybody may know these: they are for a database on one's own machine.
LOGINS = {
    "customer@example.com": ("customer", "buys-a-lot-of-cups"),
    "manager@example.com": ("manager", "fills-all-the-shelves"),
    "admin@example.com": ("admin", "keeps-every-key-safe"),
}
SIZES = {"small": 0, "medium": 400, "large": 900}
COLOURS = ("blue", "red", "green")
# Name, category, brand, price in minor units, whether it comes in sizes.
PRODUCTS = (
    ("Espresso cup", "home/kitchen/cups", "Kiln", 900, False),
    ("Tea bowl", "home/kitchen/cups", "Kiln", 1200, False),
    ("Travel mug", "home/kitchen/cups", "Norda", 2400, False),
    ("Teapot", "home/kitchen/pots", "Kiln", 3900, False),
    ("Coffee pot", "home/kitchen/pots", "Norda", 4500, False),
    ("Saucepan", "home/kitchen/pots", "Ferro", 5900, True),
    ("Bread knife", "home/kitchen/tools", "Ferro", 3400, False),
    ("Chopping board", "home/kitchen/tools", "Eik", 2900, True),
    ("Wooden spoon", "home/kitchen/tools", "Eik", 700, False),
    ("Salt mill", "home/kitchen/tools", "Eik", 2200, False),
    ("Desk lamp", "home/light", "Lux", 6900, False),
    ("Reading lamp", "home/light", "Lux", 4900, False),
    ("Lantern", "home/light", "Norda", 3100, False),
    ("Candle", "home/light", "Lux", 1100, True),
    ("Wool blanket", "home/textiles", "Lanna", 7900, True),
    ("Linen towel", "home/textiles", "Lanna", 1900, True),
    ("Cushion", "home/textiles", "Lanna", 3300, True),
    ("Apron", "home/textiles", "Lanna", 2700, False),
    ("Notebook", "office/paper", "Folio", 1400, False),
    ("Sketchbook", "office/paper", "Folio", 2100, True),
    ("Letter paper", "office/paper", "Folio", 1600, False),
    ("Fountain pen", "office/pens", "Quill", 5400, False),
    ("Pencil set", "office/pens", "Quill", 1300, False),
    ("Ink", "office/pens", "Quill", 1000, False),
    ("Desk tray", "office/order", "Eik", 2600, False),
    ("Pen pot", "office/order", "Kiln", 1700, False),
    ("Rucksack", "travel/bags", "Norda", 8900, True),
    ("Tote bag", "travel/bags", "Lanna", 2000, False),
    ("Wash bag", "travel/bags", "Norda", 3000, False),
    ("Water bottle", "travel/bottles", "Norda", 2500, True),
)


def seed(db: Database[Document], settings: Settings) -> None:
    """Write what is missing; what is there already stays as it is."""
    for email, (role, password) in LOGINS.items():
        if db.users.find_one({"email": email}) is None:
            hashed = passwords.hasher.hash(password)
            name = role.capitalize()
            create_user(
                db, email=email, name=name, hashed=hashed, roles=(role,), verified=True
            )
    for number, row in enumerate(PRODUCTS):
        product = ProductInput(**build_product(number, settings.currency, *row))
        if db.products.find_one({"slug": product.slug}):
            continue
        services.create(db, product)
        for variant in product.variants:
            # One is sold out and one nearly, for reports to have something to say.
            line = Line(variant.sku, {3: 4, 7: 1}.get(number, 20 + number))
            transaction(db, partial(receive, db, line=line, by=None))
    for code, kind, value, minimum in (
        ("WELCOME10", "percent", 10, 0),
        ("FIVE-OFF", "fixed", 500, 3000),
    ):
        if db.coupons.find_one({"_id": code}) is None:
            fields = {"kind": kind, "value": value, "minimum": minimum}
            coupons.write(db, code, fields | {"expires_at": None})


def build_product(
    number: int,
    currency: str,
    name: str,
    category: str,
    brand: str,
    price: int,
    sized: bool,
) -> dict[str, Any]:
    """Return a row of the table as a product."""
    slug = name.lower().replace(" ", "-")
    code = slug.upper()
    colour = COLOURS[number % len(COLOURS)]
    variants = [
        {
            "sku": f"{code}-{size[0].upper()}",
            "options": {"size": size},
            "price": price + more,
            "currency": currency,
        }
        for size, more in SIZES.items()
    ]
    only = {"sku": code, "options": {}, "price": price, "currency": currency}
    return {
        "slug": slug,
        "name": name,
        "description": f"{name} by {brand}, in {colour}.",
        "brand": brand,
        "category": category,
        "attributes": {"colour": colour},
        "images": [f"https://picsum.photos/seed/{slug}/800/600"],
        "variants": variants if sized else [only],
    }
