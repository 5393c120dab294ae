"""Ingest and worker serve no pages, but say that they live, and how busy they are."""

from __future__ import annotations

import httpx2
import pytest

from app import probes
from app.core.config import SettingsError
from tests.mosquitto import free_port

pytestmark = pytest.mark.milestone(8)


async def get(port: int, path: str) -> httpx2.Response:
    """Ask on the port."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_process_says_that_it_lives() -> None:
    """The health check of the container asks just that."""
    port = free_port()
    async with probes.answering(port):
        answer = await get(port, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ingest_shows_its_counters() -> None:
    """Prometheus learns how many readings were stored from whoever stores them."""
    port = free_port()
    async with probes.answering(port):
        answer = await get(port, "/metrics")
    assert "ingest_readings_total" in answer.text


async def test_there_is_nothing_else() -> None:
    """Any other path is a 404."""
    port = free_port()
    async with probes.answering(port):
        assert (await get(port, "/api/v1/devices")).status_code == 404


async def test_taken_port_is_one_sentence() -> None:
    """Whoever runs two on one machine is told which setting to change."""
    port = free_port()
    async with probes.answering(port):
        with pytest.raises(SettingsError, match=f"{port} is taken: set PROBE_PORT"):
            async with probes.answering(port):
                pass
