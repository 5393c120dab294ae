"""Where the archive keeps its files: a folder, or a bucket of S3."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.aws.client import client
from app.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.settings import Settings

MEDIA_TYPE = "application/gzip"
# Nothing in it leads elsewhere: no dots but those of the ending.
KEY = re.compile(r"(?:[a-z0-9=-]+/)+[a-z0-9-]+\.csv\.gz")
LINK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the archive."""

    key: str
    size: int


class Store(Protocol):
    """What the archive needs of a place."""

    async def put(self, key: str, path: Path) -> None:
        """Keep a copy of the file at `path`, in place of one that was there."""

    async def list(self, prefix: str) -> Sequence[Kept]:
        """Return the files whose keys begin so."""

    async def link(self, key: str, seconds: int = LINK_SECONDS) -> str:
        """Return an address at which anyone may fetch the file for some time."""


class Folder:
    """Files below a folder; the application itself serves them to who has a link."""

    def __init__(self, root: Path, public_url: str, secret_key: str) -> None:
        """Keep files below `root`."""
        self.root, self.public_url = root, public_url
        self.signer = URLSafeTimedSerializer(secret_key, salt="archive")

    async def put(self, key: str, path: Path) -> None:
        """Copy the file; nobody ever sees half of it."""
        await asyncio.to_thread(self._copy, key, path)

    def _copy(self, key: str, path: Path) -> None:
        target = self.root / checked(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        shutil.copyfile(path, part)
        os.replace(part, target)

    async def list(self, prefix: str) -> Sequence[Kept]:
        """Return the files whose keys begin so."""
        return await asyncio.to_thread(self._list, prefix)

    def _list(self, prefix: str) -> Sequence[Kept]:
        found = sorted(self.root.glob("readings/date=*/*.csv.gz"))
        kept = [
            Kept(path.relative_to(self.root).as_posix(), path.stat().st_size)
            for path in found
        ]
        return [one for one in kept if one.key.startswith(prefix)]

    async def link(self, key: str, seconds: int = LINK_SECONDS) -> str:
        """Return an address of ours with the key in it, signed."""
        token = self.signer.dumps({"key": checked(key), "seconds": seconds})
        return f"{self.public_url}/api/v1/archive/files/{token}"

    def opened(self, token: str) -> Path:
        """Return the file of a link; raise Problem 404 for one that is not good."""
        try:
            # The signature holds for what it says itself, and never for longer.
            said = self.signer.loads(token, max_age=7 * 86400)
            said = self.signer.loads(token, max_age=said["seconds"])
            path = self.root / checked(said["key"])
        except (BadSignature, ValueError) as error:
            raise Problem(404, "The link is not valid any more.") from error
        if not path.is_file():
            raise Problem(404, "There is no such file.")
        return path


class S3:
    """Objects of a bucket, below a prefix."""

    def __init__(self, bucket: str, prefix: str, endpoint_url: str) -> None:
        """Keep objects in `bucket`."""
        self.bucket, self.prefix, self.endpoint_url = bucket, prefix, endpoint_url

    async def put(self, key: str, path: Path) -> None:
        """Upload the file; S3 checks what it gets."""
        await asyncio.to_thread(
            s3(self.endpoint_url).upload_file,
            str(path),
            self.bucket,
            self.prefix + checked(key),
            ExtraArgs={"ContentType": MEDIA_TYPE, "ChecksumAlgorithm": "SHA256"},
        )

    async def list(self, prefix: str) -> Sequence[Kept]:
        """Return the objects whose keys begin so."""
        return await asyncio.to_thread(self._list, prefix)

    def _list(self, prefix: str) -> Sequence[Kept]:
        pages = s3(self.endpoint_url).get_paginator("list_objects_v2")
        return [
            Kept(found["Key"].removeprefix(self.prefix), found["Size"])
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
            for found in page.get("Contents", [])
        ]

    async def link(self, key: str, seconds: int = LINK_SECONDS) -> str:
        """Return a presigned address."""
        where = {"Bucket": self.bucket, "Key": self.prefix + checked(key)}
        made = await asyncio.to_thread(
            s3(self.endpoint_url).generate_presigned_url,
            "get_object",
            Params=where,
            ExpiresIn=seconds,
        )
        return str(made)


@cache
def s3(endpoint_url: str) -> Any:
    """Return the client of this process."""
    return client("s3", endpoint_url)


def checked(key: str) -> str:
    """Return a key of the archive; raise ValueError for anything else."""
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of the archive.")
    return key


def store_of(settings: Settings) -> Folder | S3:
    """Return the store that ARCHIVE_URL names."""
    url = urlsplit(settings.archive_url)
    if url.scheme == "s3":
        prefix = url.path.strip("/")
        return S3(url.netloc, f"{prefix}/" if prefix else "", settings.aws_endpoint_url)
    root = Path(unquote(url.path.removeprefix("//")))
    return Folder(root, settings.public_url, settings.secret_key)
