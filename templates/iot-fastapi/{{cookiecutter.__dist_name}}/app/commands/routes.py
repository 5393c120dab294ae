"""The commands of a device: asked for here, and followed here."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from app.accounts.access import Commander, Reader
from app.commands.models import Command
from app.commands.schemas import CommandAnswer, CommandInput
from app.commands.services import request as request_command
from app.core.database import Session
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.devices.schemas import DeviceId
from app.devices.services import find

router = APIRouter(prefix="/api/v1/devices/{device_id}/commands", tags=["commands"])


@router.get("", response_model=Page[CommandAnswer])
async def list_commands(
    _: Reader,
    request: Request,
    session: Session,
    device_id: DeviceId,
    listing: Annotated[Listing, Query()],
) -> dict[str, Any]:
    """List what a device was asked for, the newest first."""
    await find(session, device_id)
    items, after = await keyset(
        session,
        request.app.state.settings,
        sa.select(Command).where(Command.device_id == device_id),
        [Command.id],
        listing,
        descending=True,
    )
    return {"items": items, "next": after}


@router.post("", response_model=CommandAnswer, status_code=202)
async def create_command(
    person: Commander, session: Session, device_id: DeviceId, body: CommandInput
) -> Command:
    """Ask a device for something; the worker sends it within a second."""
    return await request_command(
        session,
        await find(session, device_id),
        name=body.name,
        arguments=body.arguments,
        seconds=body.expires_in,
        by=person.id,
    )


@router.get("/{command_id}", response_model=CommandAnswer)
async def read_command(
    _: Reader, session: Session, device_id: DeviceId, command_id: UUID
) -> Command:
    """Show a command, and how far it is."""
    command = await session.get(Command, command_id)
    if command is None or command.device_id != device_id:
        raise Problem(404, "There is no such command.")
    return command
