"""The routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from app.pages import (
    assets,
    routes_account,
    routes_login,
    routes_manage,
    routes_messages,
    routes_rooms,
)

router = APIRouter()
for each in (
    assets,
    routes_login,
    routes_rooms,
    routes_manage,
    routes_messages,
    routes_account,
):
    router.include_router(each.router)
