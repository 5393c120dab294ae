"""How gunicorn serves the blog: workers and threads, time limits, quiet logs."""

import os
import tempfile
from pathlib import Path

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
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
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Only nginx can reach this port, and it writes X-Forwarded-* anew.
forwarded_allow_ips = "*"
# The app writes a line per request itself, with the request's id.
accesslog = None
control_socket_disable = True
