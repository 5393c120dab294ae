"""How gunicorn serves the blog: workers and threads, time limits, logs as JSON.

`python -m blog.gunicorn` starts it.
"""

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

# A setting that is refused is one line here, instead of one from each worker.
try:
    settings = importlib.import_module("blog.settings")
except ImproperlyConfigured as refusal:
    sys.exit(str(refusal))

bind = f"0.0.0.0:{settings.PORT}"
workers = settings.WEB_CONCURRENCY
worker_class = "gthread"
threads = 4
timeout = 30
# Less than the ten seconds after which Docker ends a container that was told to stop.
graceful_timeout = 8
keepalive = 5
# A worker that leaks memory is replaced before anybody notices.
max_requests = 1000
max_requests_jitter = 100
# Heartbeats in memory: the root file system is read-only, and a disk may be slow.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 # nosec B108
# Only nginx can reach this port, and it writes X-Forwarded-* anew.
forwarded_allow_ips = "*"
# No proxy sets a SCRIPT_NAME for us; a visitor's would get into all links.
forwarder_headers = ""
control_socket_disable = True

# The app writes a line per request itself, with the request's id.
accesslog = None
logconfig_dict = {
    "formatters": {
        "generic": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "loggers": {
        "gunicorn.error": {
            "handlers": ["error_console"],
            "level": "INFO",
            "propagate": False,
        },
        "gunicorn.access": {"handlers": [], "propagate": False},
        # It warns of the body that Django gives to HEAD, and leaves it out itself.
        "gunicorn.http.wsgi": {"level": "ERROR"},
    },
}

# Each worker counts for itself; whichever is asked for /metrics adds them up from here.
os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="prometheus-")
)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what only a living worker can mean."""
    # The library looks for the folder when it is imported, so not before it is set.
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


if __name__ == "__main__":
    # Gunicorn reads WEB_CONCURRENCY before this file: here it has been checked already.
    command = ["-m", "gunicorn", "--config", "blog/gunicorn.py", "blog.wsgi"]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 (no shell needed)
