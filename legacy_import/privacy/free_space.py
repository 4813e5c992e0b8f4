"""What was erased must not stay readable in the file of a SQLite database."""

from django.db import connection

from ecoin.database import rewrite_without_deleted_data
from legacy_import.errors import LegacyImportError
from legacy_import.runs.progress import Progress


class FreeSpaceInUse(LegacyImportError):
    """Another process reads or writes the database, so its file could not be rewritten."""


def clear_free_space(progress: Progress) -> None:
    """Rewrite the database file without deleted data. Nothing to do on MariaDB and MySQL.

    Raises FreeSpaceInUse; calling the same command again is enough.
    """
    progress.begin("rewriting the database file without erased data", None)
    if not rewrite_without_deleted_data(connection):
        raise FreeSpaceInUse(
            "The data is erased, but the file of the database still contains it in free pages: another "
            "process uses the database.",
            hint="Stop the web server and the workers, and run the same command again.",
        )
