"""The application factory: one Flask application out of settings and blueprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apiflask import APIFlask
from bson import ObjectId
from werkzeug.routing import BaseConverter, ValidationError

from shop.accounts import tokens, views_auth, views_me, views_users
from shop.cart import views as views_cart
from shop.catalogue import views_feed, views_products
from shop.core import errors, health, limits, logs, middleware, openapi
from shop.core.requests import Json
from shop.database import Document, connect
from shop.orders import views as views_orders
from shop.orders import views_reports
from shop.outbox import views as views_mail
from shop.payments import views as views_payments
from shop.reviews import views as views_reviews
from shop.settings import Settings, load
from shop.stock import views as views_stock

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database

BLUEPRINTS = (
    health.blueprint,
    views_auth.blueprint,
    views_me.blueprint,
    views_users.blueprint,
    views_products.blueprint,
    views_feed.blueprint,
    views_cart.blueprint,
    views_orders.blueprint,
    views_reports.blueprint,
    views_reviews.blueprint,
    views_stock.blueprint,
    views_payments.blueprint,
    views_payments.fake_blueprint,
)

FOR_DEVELOPERS = (openapi.blueprint, views_mail.blueprint)


@dataclass(frozen=True, slots=True)
class Shop:
    """What belongs to one application: its settings and its database."""

    settings: Settings
    client: MongoClient[Document]
    db: Database[Document]


class ObjectIdConverter(BaseConverter):
    """Lets a route say `<objectid:product_id>`; anything else there is a 404."""

    def to_python(self, value: str) -> ObjectId:
        """Return the id that stands in the address."""
        if not ObjectId.is_valid(value):
            raise ValidationError
        return ObjectId(value)

    def to_url(self, value: ObjectId) -> str:
        """Return the id as it stands in an address."""
        return str(value)


def create_app(settings: Settings | None = None) -> APIFlask:
    """Return the application; without settings, those of the environment.

    Raises SettingsError where the environment names none that it can start with.
    """
    settings = settings or load()
    logs.configure(settings)
    app = APIFlask(
        "shop",
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None
        title=settings.title,
        version="1",
        spec_path="/api/openapi.json",
        docs_path=None,
        enable_openapi=not settings.production,
    )
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json = Json(app)
    app.url_map.converters["objectid"] = ObjectIdConverter
    client = connect(settings)
    app.extensions["shop"] = Shop(settings, client, client[settings.mongodb_name])
    errors.register(app)
    middleware.register(app, settings)
    tokens.register(app, settings)
    limits.register(app, client[settings.mongodb_name])
    openapi.register(app)
    for blueprint in BLUEPRINTS + (() if settings.production else FOR_DEVELOPERS):
        app.register_blueprint(blueprint)
    return app
