"""Pictures of messages, and reports about them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from fastapi.responses import FileResponse

from app.accounts.access import Admin, Human
from app.core.database import Db, Session
from app.core.errors import Problem
from app.core.pagination import Listing
from app.core.schemas import Page
from app.core.throttle import Throttle
from app.messages import frames, images, reports, schemas
from app.messages.models import Report
from app.rooms.access import Action, Here

router = APIRouter()
room = APIRouter(prefix="/rooms/{room_id}")
UPLOADS = (Throttle("upload", "20/minute"), Throttle("upload", "300/day"))
# An address has one picture for ever; that it is shared is for nobody else to keep.
KEEP = "private, max-age=31536000, immutable"


async def not_too_often(person: Human, database: Db) -> None:
    """Let somebody upload who has not done it all the time; else Problem 429."""
    for throttle in UPLOADS:
        await throttle.hit(database, str(person.id))


@room.post(
    "/images",
    status_code=201,
    response_model=schemas.PictureAnswer,
    dependencies=[Depends(not_too_often)],
)
async def upload_image(
    person: Human,
    here: Here,
    file: Annotated[UploadFile, File(description="PNG, JPEG, WebP or GIF")],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """Upload a picture, which the next message of one's own may have."""
    here.require(Action.WRITE)
    settings = request.app.state.settings
    made = await images.store(session, settings, person, await file.read())
    return frames.picture(made)


@router.get("/images/{image_id}", response_class=FileResponse)
async def get_image(
    image_id: UUID, person: Human, request: Request, session: Session
) -> FileResponse:
    """Show a picture of a message that one may read."""
    found = await images.find(session, person, image_id)
    path = images.file_of(request.app.state.settings, found)
    if not path.is_file():
        raise Problem(404, "There is no such picture.")
    headers = {"Cache-Control": KEEP}
    return FileResponse(path, media_type=found.type, headers=headers)


@router.post(
    "/messages/{message_id}/reports",
    status_code=201,
    response_model=schemas.ReportAnswer,
)
async def report_message(
    message_id: UUID, given: schemas.NewReport, person: Human, session: Session
) -> Report:
    """Have the admins look at a message."""
    return await reports.report(session, person, message_id, given.reason)


@router.get("/reports", response_model=Page[schemas.ReportAnswer])
async def list_reports(
    _: Admin,
    listing: Annotated[Listing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List what still has to be looked at, the oldest first."""
    settings = request.app.state.settings
    items, following = await reports.open_reports(session, settings, listing)
    return {"items": items, "next": following}


@router.post("/reports/{report_id}/close", response_model=schemas.ReportAnswer)
async def close_report(report_id: UUID, person: Admin, session: Session) -> Report:
    """Be done with a report."""
    return await reports.close(session, person, report_id)


router.include_router(room)
