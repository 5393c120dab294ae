"""The API's description (OpenAPI 3.1), and Swagger UI to try it out in development."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from app.core.config import BaseSettings
from app.core.errors import MEDIA_TYPE

FILES = Path(fastapi_offline.__file__).parent / "static"
METHODS = {"get", "post", "put", "patch", "delete"}
# Swagger UI brings its pictures as data: addresses; nothing comes from elsewhere.
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API docs</title>
<link rel="icon" href="/api/docs/files/favicon.png">
<link rel="stylesheet" href="/api/docs/files/swagger-ui.css">
</head>
<body>
<main id="swagger-ui"></main>
<script src="/api/docs/files/swagger-ui-bundle.js"></script>
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
# No "default": what is not in this list, a test finds.
REFUSALS = {
    "400": "The request cannot be read",
    "401": "Nobody is logged in, or the proof does not count",
    "403": "Whoever is logged in may not do this",
    "404": "There is no such thing",
    "409": "What is there already does not allow it",
    "413": "The body is too large",
    "422": "The request does not fit the schema; `errors` names the fields",
    "429": "Too often; `Retry-After` says when to come again",
    "503": "What this needs is away; `Retry-After` says when to come again",
}
router = APIRouter(include_in_schema=False)


def options(settings: BaseSettings) -> dict[str, Any]:
    """Return what FastAPI is told about its description; production shows none."""
    return {
        "title": settings.title,
        "description": settings.description,
        "version": "1",
        "docs_url": None,
        "redoc_url": None,
        "openapi_url": None if settings.production else "/api/openapi.json",
    }


def register(app: FastAPI, settings: BaseSettings) -> None:
    """Describe what every route has in common; show it outside production."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # as FastAPI's manual does
    if not settings.production:
        app.include_router(router)
        files = StaticFiles(directory=FILES)
        app.router.routes.append(Mount("/api/docs/files", files, name="docs_files"))


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Add the refusals that every operation may answer to a description."""
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)  # FastAPI's form of what is a problem here
    schemas["Problem"] = PROBLEM
    for operations in spec["paths"].values():
        for method in operations.keys() & METHODS:
            responses = operations[method]["responses"]
            responses.pop("422", None)
            for status, description in REFUSALS.items():
                responses.setdefault(status, problem(description))
    return spec


def problem(description: str) -> dict[str, Any]:
    """Return the description of a refusal."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


@router.get("/api/docs")
async def page() -> HTMLResponse:
    """Show Swagger UI."""
    return HTMLResponse(PAGE)


@router.get("/api/docs/start.js")
async def start() -> Response:
    """Start Swagger UI: a file, for the policy forbids scripts within the page."""
    return Response(START, media_type="text/javascript")
