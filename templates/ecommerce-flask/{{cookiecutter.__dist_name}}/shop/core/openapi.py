"""The API's description (OpenAPI 3.1), and Swagger UI to try it out in development."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask_swagger_ui  # type: ignore[import-untyped]  # no types
from flask import Blueprint, Response, redirect, send_from_directory, url_for

from shop.core.errors import MEDIA_TYPE

if TYPE_CHECKING:
    from apiflask import APIFlask
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("docs", __name__)
FILES = Path(flask_swagger_ui.__file__).parent / "dist"
# Swagger UI brings its pictures as data: addresses; nothing comes from elsewhere.
CSP = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; "
    "script-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API docs</title>
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<main id="swagger-ui"></main>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
START = """\
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
});
"""
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
# What routes read by themselves, so that APIFlask cannot know of it.
MATCH = ("If-Match", "The ETag that was read", {"type": "string"})
KEY = (
    "Idempotency-Key",
    "A text of your own: the same one again orders once",
    {"type": "string", "pattern": "^[\\x21-\\x7e]{1,64}$"},
)
HEADERS = {
    ("post", "/api/v1/checkout"): KEY,
    ("put", "/api/v1/products/{product_id}"): MATCH,
    ("patch", "/api/v1/products/{product_id}"): MATCH,
    ("delete", "/api/v1/products/{product_id}"): MATCH,
}
IMPORT = {
    "text/csv": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
}
REFUSALS = {
    "default": "A refusal or a failure, as RFC 9457 has it",
    "401": "Nobody is logged in, or the token does not count",
    "403": "Whoever is logged in may not do this",
    "404": "There is no such thing, or not for whoever asks",
    "422": "The request does not fit the schema; `errors` names the fields",
    "429": "Too often; `Retry-After` says when to come again",
}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead whoever opens the address to something to look at."""
    return redirect(url_for("docs.page"))


@blueprint.get("/api/docs")
def page() -> Response:
    """Show Swagger UI."""
    headers = {"Content-Security-Policy": CSP}
    return Response(PAGE, headers=headers, content_type="text/html; charset=utf-8")


@blueprint.get("/api/docs/start.js")
def start() -> Response:
    """Start Swagger UI: a file, for the policy forbids scripts within the page."""
    return Response(START, content_type="text/javascript; charset=utf-8")


@blueprint.get("/api/docs/<path:name>")
def file(name: str) -> Response:
    """Give a file of Swagger UI."""
    return send_from_directory(FILES, name, max_age=3600)


def register(app: APIFlask) -> None:
    """Describe what every route has in common."""
    app.config.update(OPENAPI_VERSION="3.1.0", AUTO_404_RESPONSE=False)
    app.security_schemes = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cart": {"type": "apiKey", "in": "header", "name": "X-Cart-Token"},
    }

    @app.spec_processor  # type: ignore[arg-type]  # a dict, as it is JSON
    def complete(spec: dict[str, Any]) -> dict[str, Any]:
        schemas = spec.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = PROBLEM
        spec["security"] = [{}, {"bearer": []}, {"cart": []}]
        imports = spec["paths"]["/api/v1/products/import"]["post"]
        imports["requestBody"] = {"required": True, "content": IMPORT}
        for (method, path), header in HEADERS.items():
            parameters = spec["paths"][path][method].setdefault("parameters", [])
            parameters.append(parameter(*header))
        for operations in spec["paths"].values():
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
                responses = operations[method]["responses"]
                for status, description in REFUSALS.items():
                    responses[status] = problem(description)
        return spec


def parameter(name: str, description: str, schema: dict[str, str]) -> dict[str, Any]:
    """Return the description of a header without which a request is refused."""
    about = {"name": name, "in": "header", "required": True}
    return about | {"description": description, "schema": schema}


def problem(description: str) -> dict[str, Any]:
    """Return the description of a refusal."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}
