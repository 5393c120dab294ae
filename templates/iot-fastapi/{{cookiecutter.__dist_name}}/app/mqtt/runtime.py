"""What each process has of the broker: the embedded one, a link, the door to it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, FastAPI, Request

from app.devices.credentials import may_connect
from app.mqtt.access import Access, BrokerAwayError, DynamicSecurity, Publisher
from app.mqtt.address import address_of, is_embedded
from app.mqtt.link import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.database import Database
    from app.settings import Settings


class DatabaseOnly:
    """The access where the broker asks the database and runs in another process."""

    async def grant(self, device: str, secret: str) -> None:
        """Do nothing: the broker asks the next time that the device connects."""

    async def withdraw(self, device: str) -> None:
        """Do nothing: as above."""

    async def forget(self, device: str) -> None:
        """Do nothing: as above."""


@contextlib.asynccontextmanager
async def embedded(app: FastAPI) -> AsyncIterator[None]:
    """Run the broker of development; it listens as soon as the block begins."""
    from app.mqtt.embedded import Embedded  # a development dependency

    database: Database = app.state.database
    address = address_of(app.state.settings)

    async def check(device: str, secret: str) -> bool:
        return await may_connect(database, device, secret)

    broker = Embedded(address, check)
    app.state.access = broker
    async with broker.running():
        yield


@contextlib.asynccontextmanager
async def administered(
    settings: Settings,
) -> AsyncIterator[tuple[Publisher, Access]]:
    """Have a link for commands, and the access that speaks through it.

    With Mosquitto the plugin is prepared each time that the link comes up. The block
    ends with an error when the link does: nobody works on without it.
    """
    if settings.ingest_source == "sqs":
        from app.aws.iot import IotCore  # nothing of AWS elsewhere

        core = IotCore(settings)
        yield core, core
        return
    address = address_of(settings)
    if is_embedded(settings):
        link, access = Link(address), cast("Access", DatabaseOnly())
        work = link.run()
    else:
        plugin = DynamicSecurity(address)
        link, access = plugin.link, plugin
        work = plugin.run()
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            yield link, access
            task.cancel()
    except ExceptionGroup as found:
        raise found.exceptions[0] from found


async def connect(app: FastAPI) -> None:
    """Hold the link of a web process, for provisioning and for `/readyz`."""
    async with administered(app.state.settings) as (link, access):
        if not hasattr(app.state, "access"):
            app.state.access = access
        plugin = access if isinstance(access, DynamicSecurity) else None
        ready = plugin.prepared if plugin else link.connected

        async def is_ready() -> bool:
            return ready.is_set()

        app.state.ready_checks["broker"] = is_ready
        await asyncio.Event().wait()


def get_access(request: Request) -> Access:
    """Return the door to the broker; where there is none yet, answer 503."""
    state = request.app.state
    if hasattr(state, "access"):
        return cast("Access", state.access)
    if is_embedded(state.settings):
        return DatabaseOnly()
    raise BrokerAwayError


AccessDep = Annotated[Access, Depends(get_access)]
