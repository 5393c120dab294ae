"""What Prometheus learns of ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from app.ingest.store import Outcome

DEPTH = Gauge("ingest_queue_depth", "Messages that wait to be stored")
READINGS = Counter("ingest_readings", "Readings stored")
DUPLICATES = Counter("ingest_duplicates", "Readings that were stored before")
DEAD = Counter("ingest_dead_letters", "Messages refused", ["reason"])
FULL = Counter("ingest_queue_full", "Messages that found the queue full")
SECONDS = Histogram("ingest_batch_seconds", "How long a batch takes to be stored")


def count(outcome: Outcome) -> None:
    """Count what became of a batch."""
    READINGS.inc(outcome.stored)
    DUPLICATES.inc(outcome.duplicates)
    for reason in outcome.dead:
        DEAD.labels(reason).inc()
