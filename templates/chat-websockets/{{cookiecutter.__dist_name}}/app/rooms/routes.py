"""The routes of rooms."""

from __future__ import annotations

from fastapi import APIRouter

from app.rooms import routes_members, routes_rooms

router = APIRouter()
router.include_router(routes_rooms.router)
router.include_router(routes_members.router)
