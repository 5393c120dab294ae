"""A new database server made ready: a replica set, and a user who may little.

The shop logs in as that user, who reads and writes its one database and can change no
validator, index or user. Only `setup` knows the root login.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from shop.settings import SettingsError

if TYPE_CHECKING:
    from shop.database import Document
    from shop.settings import Settings

NOT_YET_INITIALIZED, USER_EXISTS = 94, 51003
SECONDS = 60


def provision(settings: Settings) -> None:
    """Make the replica set and the user of MONGODB_URI; again is harmless.

    Raises SettingsError where MONGODB_URI names no user, password or replica set.
    """
    wanted = parse_uri(settings.mongodb_uri)
    name, password = wanted["username"], wanted["password"]
    replica_set = wanted["options"].get("replicaSet")
    if not (name and password and replica_set):
        raise SettingsError("MONGODB_URI needs a user, a password and ?replicaSet=.")
    timeout = SECONDS * 1000
    direct: MongoClient[Document] = MongoClient(
        settings.mongodb_root_uri,
        directConnection=True,
        serverSelectionTimeoutMS=timeout,
    )
    with direct:
        host, port = wanted["nodelist"][0]
        initiate(direct, replica_set, f"{host}:{port}")
    primary: MongoClient[Document] = MongoClient(
        settings.mongodb_root_uri,
        replicaSet=replica_set,
        serverSelectionTimeoutMS=timeout,
    )
    with primary:
        database = wanted["options"].get("authSource") or settings.mongodb_name
        allow(primary, database, settings.mongodb_name, name, password)


def initiate(client: MongoClient[Document], replica_set: str, member: str) -> None:
    """Make the server the first member of its set, if it is in none."""
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": member}]
        client.admin.command(
            "replSetInitiate", {"_id": replica_set, "members": members}
        )


def allow(
    client: MongoClient[Document], source: str, database: str, name: str, password: str
) -> None:
    """Make the user, or bring the password and the rights to what they should be."""
    rights = [{"role": "readWrite", "db": database}]
    try:
        client[source].command("createUser", name, pwd=password, roles=rights)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        client[source].command("updateUser", name, pwd=password, roles=rights)
