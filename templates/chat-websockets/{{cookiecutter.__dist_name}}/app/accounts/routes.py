"""The routes of accounts."""

from __future__ import annotations

from fastapi import APIRouter

from app.accounts import routes_auth, routes_people

router = APIRouter()
router.include_router(routes_auth.router)
router.include_router(routes_people.router)
