"""The database router: no model is stored in the old database, and saving there raises an error.

A router is the weakest layer (`using('legacy')` and raw cursors bypass it); it reports mistakes early.
The backend, the session and the account protect the database without it.
"""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.signals import pre_migrate

from legacy_import.errors import SafetyRefusal

GUARDED_ENGINE_PREFIX = "legacy_import.source."


def guarded_aliases() -> frozenset[str]:
    """Every alias behind a guarded backend, and the alias that the import is configured to read.

    The latter is included even if it has a plain engine by mistake.
    """
    by_engine = {
        alias
        for alias, values in connections.databases.items()
        if str(values.get("ENGINE", "")).startswith(GUARDED_ENGINE_PREFIX)
    }
    return frozenset(by_engine | ({settings.LEGACY_IMPORT_CONNECTION} - {DEFAULT_DB_ALIAS}))


class LegacyWriteRefused(SafetyRefusal):
    """Something tried to write, relate or migrate on the legacy alias."""

    def __init__(self, what: str, alias: str) -> None:
        super().__init__(
            f"{what} is refused on {alias}: the legacy database is only ever read.",
            hint="Work on the default database; the import copies what is needed.",
        )


def refuse_migrate(*, using: str, **kwargs: Any) -> None:
    """Receiver of pre_migrate: stops `migrate --database=legacy` before its first statement.

    `allow_migrate` cannot do that: makemigrations and system checks call it for every alias, and
    even with False `migrate` creates the table django_migrations.
    """
    if using in guarded_aliases():
        raise LegacyWriteRefused("migrate", using)


class LegacyRouter:
    """Keeps every model away from the guarded aliases. Raises LegacyWriteRefused for writes there."""

    def __init__(self) -> None:
        pre_migrate.connect(refuse_migrate, dispatch_uid="legacy_import.source.refuse_migrate")

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """No opinion: models are read from `default` unless `using` is given."""
        return None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """Raises for an object that was loaded from the legacy alias.

        If this returned None, Django would write the object back to that alias.
        """
        instance = hints.get("instance")
        origin = instance._state.db if isinstance(instance, Model) else None
        if origin in guarded_aliases():
            raise LegacyWriteRefused("Saving or deleting an object", str(origin))
        return None

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        """Raises if either object was loaded from the legacy alias."""
        for obj in (obj1, obj2):
            if obj._state.db in guarded_aliases():
                raise LegacyWriteRefused("A relation to an object", str(obj._state.db))
        return None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """False for the guarded aliases: no table is ever created there (see refuse_migrate)."""
        return False if db in guarded_aliases() else None
