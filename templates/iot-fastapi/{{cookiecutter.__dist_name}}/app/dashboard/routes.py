"""The routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from app.dashboard import (
    assets,
    live,
    routes_account,
    routes_alerts,
    routes_devices,
    routes_login,
    routes_sites,
)

router = APIRouter()
for each in (
    assets,
    live,
    routes_login,
    routes_devices,
    routes_alerts,
    routes_sites,
    routes_account,
):
    router.include_router(each.router)
