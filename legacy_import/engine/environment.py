"""What a command and its workers must have in common, so that a chunk has one result anywhere.

The code that decides, the libraries that it relies on, the settings that stages read, and the app
database. A message contains a digest of each, made with the token of the command's lease. So a
difference can be named, and no value leaves a machine.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection

from ecoin.database import server_identity

Digests = Mapping[str, str]  # what must be equal → its digest

DIGEST_BYTES = 8
# The folders, and files, that decide what becomes of a row.
CODE = (
    "ecoin/bulk",
    "ecoin/identity",
    "ecoin/records.py",
    "legacy_import/choices.py",
    "legacy_import/conf.py",
    "legacy_import/engine",
    "legacy_import/mapping",
    "legacy_import/models",
    "legacy_import/people",
    "legacy_import/privacy",
    "legacy_import/rules",
    "legacy_import/runs",
    "legacy_import/source",
    "legacy_import/stages",
    "crm",
    "trainings",
)
CODE_FILES = (".py", ".tsv")
# Another version of these may read a name, a phone or an address in another way.
LIBRARIES = ("anyascii", "email-validator", "phonenumbers", "rapidfuzz")
# Settings of the import that no stage reads.
NOT_OF_STAGES = frozenset(
    {
        "LEGACY_IMPORT_ENGINE",
        "LEGACY_IMPORT_FOCUS_MODE_DEFAULT",
        "LEGACY_IMPORT_NOTIFY",
        "LEGACY_IMPORT_RETENTION_DAYS",
    }
)
FILES = ("LEGACY_SCHEMA_FILE", "LEGACY_DB_SSL_CA")  # their contents count, not where they are
# Part of a source's connection → the key that sets it. The password is not included: it is a secret, and
# decides nothing that the database and the account do not.
CONNECTION_KEYS = {
    "HOST": "LEGACY_DB_HOST or LEGACY_DB_SOCKET",
    "NAME": "LEGACY_DB_DATABASE",
    "USER": "LEGACY_DB_USERNAME",
}


@lru_cache(maxsize=1)  # of the job at work: nothing in it changes while a process runs
def environment_digests(token: str) -> Digests:
    """Name of what must be equal → digest of what this process has. Opens no connection."""
    return {name: _digest(value, token) for name, value in _contents()}


def differences(one: Digests, other: Digests) -> tuple[str, ...]:
    """The names of what differs between two processes, whose digests were made with one token."""
    names = one.keys() | other.keys()
    return tuple(sorted(name for name in names if one.get(name) != other.get(name)))


@lru_cache(maxsize=1)
def app_database(token: str) -> str:
    """A digest of the database that the app alias leads to, in the server's own terms.

    Raises django.db.Error if the server does not answer.
    """
    return _digest(server_identity(connection), token)


def app_database_address(token: str) -> str:
    """A digest of the address of the app database in the settings, without its account."""
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    address = [str(database.get(part, "")) for part in ("ENGINE", "HOST", "PORT", "NAME")]
    return _digest(address, token)


def in_words(names: Iterable[str]) -> str:
    """`the code in legacy_import/rules, LEGACY_DB_DATABASE`."""
    return ", ".join(f"the code in {name}" if name in CODE else name for name in names)


def _contents() -> Iterator[tuple[str, Any]]:
    """(name, value) of everything that must be equal."""
    yield from _CODE_DIGESTS.items()
    yield "Python", sys.version_info[:2]
    for library in LIBRARIES:
        yield library, version(library)
    yield "TIME_ZONE", settings.TIME_ZONE
    for name in dir(settings):
        if name.startswith("LEGACY_") and name not in NOT_OF_STAGES:
            value = getattr(settings, name)
            if name in FILES:
                yield name, _file(value)
            else:
                yield name, sorted(value) if isinstance(value, list) else value
    for alias, database in settings.DATABASES.items():
        if alias != DEFAULT_DB_ALIAS:
            for part, key in CONNECTION_KEYS.items():
                name = key if alias == "legacy" else f"{part} of the database '{alias}'"
                yield name, str(database.get(part, ""))


def _file(path: str) -> bytes:
    """What the file contains; a file that is not there is one without contents."""
    return Path(path).read_bytes() if path and Path(path).is_file() else b""


def _code_digest(folder: str) -> str:
    contents = hashlib.blake2b()
    root = settings.BASE_DIR / folder
    for path in [root] if root.is_file() else sorted(root.rglob("*")):
        if path.suffix in CODE_FILES:
            contents.update(path.relative_to(settings.BASE_DIR).as_posix().encode())
            contents.update(path.read_bytes())
    return contents.hexdigest()


def _digest(value: Any, token: str) -> str:
    key = hashlib.sha256(token.encode()).digest()
    return hashlib.blake2b(repr(value).encode(), digest_size=DIGEST_BYTES, key=key).hexdigest()


# When the process starts: a worker has the code of that moment, not that of its checkout now.
_CODE_DIGESTS = {folder: _code_digest(folder) for folder in CODE}
