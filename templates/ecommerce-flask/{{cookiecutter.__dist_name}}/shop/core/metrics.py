"""How busy the shop is: requests and their time, by endpoint, for Prometheus."""

from __future__ import annotations

import os

from flask import request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUESTS = Counter(
    "http_requests_total", "Requests served.", ["method", "endpoint", "status"]
)
SECONDS = Histogram("http_request_seconds", "Time to serve a request.", ["endpoint"])


def observe(status: int, seconds: float) -> None:
    """Count the request under its endpoint, so that no client can invent labels."""
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, endpoint, str(status)).inc()
    SECONDS.labels(endpoint).observe(seconds)


def exposition() -> bytes:
    """Return all counters as text: of every worker, where gunicorn has several."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
