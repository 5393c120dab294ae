"""The people of the demo: one for each role, with passwords that everybody knows."""

from __future__ import annotations

import sqlalchemy as sa

from app.accounts import services
from app.accounts.models import User
from app.core import passwords
from app.core.database import Database

# Role, and password: `python -m app dev` prints them, production never has them.
LOGINS = {
    "viewer@example.com": ("viewer", "watch-the-dials"),
    "operator@example.com": ("operator", "turn-the-knobs"),
    "admin@example.com": ("admin", "hold-the-keys"),
}


async def seed(database: Database) -> None:
    """Have these accounts; those that are there stay as they are."""
    for email, (role, password) in LOGINS.items():
        async with database.session(write=False) as session:
            if await session.scalar(sa.select(User.id).where(User.email == email)):
                continue
        hashed = await passwords.hashed(password)
        async with database.begin() as session:
            await services.create(
                session, email=email, name=role.title(), role=role, hashed=hashed
            )
