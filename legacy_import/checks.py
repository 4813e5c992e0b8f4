"""System checks: the message about an invalid setting has its key and the accepted values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.utils import DatabaseError

from ecoin.database import configured_on_sqlite, is_mysql
from legacy_import import conf

FIRST_SETTING_ID = 10  # E010, E011 … in the order of conf._RULES


@register(Tags.compatibility)
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E010…: every LEGACY_* value can be used; E001: the schema file exists."""
    invalid = conf.problems()
    ids = {key: FIRST_SETTING_ID + n for n, (key, _, _) in enumerate(conf._RULES)}
    messages: list[CheckMessage] = [
        Error(f"{key} has a value that cannot be used.", hint=f"{key} {accepts}",
              id=f"legacy_imports.E{ids[key]:03}")
        for key, accepts in invalid
    ]  # fmt: skip
    schema_file = settings.LEGACY_SCHEMA_FILE
    if schema_file and not Path(schema_file).is_file():
        messages.append(
            Error("LEGACY_SCHEMA_FILE refers to a file that does not exist.",
                  hint="Give the path of a TOML file, or leave the key empty.",
                  id="legacy_imports.E001")
        )  # fmt: skip
    return messages


@register(Tags.compatibility)
def check_celery(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E004, E005: with the engine celery, workers can share the app database and be reached."""
    if settings.LEGACY_IMPORT_ENGINE != "celery":
        return []
    messages: list[CheckMessage] = []
    if configured_on_sqlite():
        messages.append(
            Error("LEGACY_IMPORT_ENGINE=celery does not work on a SQLite app database.",
                  hint="Workers share it over the network: set DATABASE_URL to MariaDB or MySQL, or "
                  "LEGACY_IMPORT_ENGINE to inline.",
                  id="legacy_imports.E004")
        )  # fmt: skip
    if not settings.CELERY_BROKER_URL.startswith(conf.BROKERS):
        messages.append(
            Error("LEGACY_IMPORT_ENGINE=celery needs CELERY_BROKER_URL, the address of a Redis.",
                  hint=f"CELERY_BROKER_URL begins with one of: {', '.join(conf.BROKERS)}; such as "
                  "redis://127.0.0.1:6379/0.",
                  id="legacy_imports.E005")
        )  # fmt: skip
    return messages


@register(Tags.database)
def check_app_database(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E002, E003: an app database on MySQL or MariaDB is utf8mb4 and InnoDB."""
    if not databases or "default" not in databases:
        return []
    connection = connections["default"]
    if not is_mysql(connection):
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@character_set_database, @@default_storage_engine")
            charset, engine = cursor.fetchone()
    except DatabaseError:
        return []  # unreachable: Django reports that itself
    messages: list[CheckMessage] = []
    if charset != "utf8mb4":
        messages.append(
            Error(f"The app database (DATABASE_URL) uses {charset}, not utf8mb4.",
                  hint="ALTER DATABASE … CHARACTER SET utf8mb4; before running migrate.",
                  id="legacy_imports.E002")
        )  # fmt: skip
    if engine != "InnoDB":
        messages.append(
            Error(f"The app database's default engine is {engine}, not InnoDB.",
                  hint="Without InnoDB nothing can be rolled back; set default_storage_engine.",
                  id="legacy_imports.E003")
        )  # fmt: skip
    return messages
