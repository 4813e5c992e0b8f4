"""What a command and its workers must agree on: the same rules, the same settings."""

import hashlib
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

from ecoin.identity.keys import NORM_VERSION
from legacy_import.conf import import_conf
from legacy_import.rules import RULES_VERSION


def agreement() -> str:
    """One SHA-256 over everything outside the databases that decides what a chunk comes to.

    A digest only: some settings are addresses.
    """
    conf = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(import_conf()).items()
    }
    columns = settings.LEGACY_SCHEMA_FILE and Path(settings.LEGACY_SCHEMA_FILE).read_text("utf-8")
    reading = (settings.LEGACY_DB_CHARSET, settings.LEGACY_DB_COLLATION, columns)
    said = repr((RULES_VERSION, NORM_VERSION, settings.TIME_ZONE, sorted(conf.items()), reading))
    return hashlib.sha256(said.encode()).hexdigest()
