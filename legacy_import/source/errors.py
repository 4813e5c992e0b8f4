"""What can go wrong with a legacy database of any kind."""

from legacy_import.errors import LegacyImportError

LOST_HINT = "Run legacy_import --resume with the number of the run; what was read is kept."


class SourceUnreachable(LegacyImportError):
    """The legacy database cannot be opened. The message contains no value and no password."""


class SourceReadError(LegacyImportError):
    """The server refused a read. Only its error number is reported: its text may contain values."""


class SourceLost(LegacyImportError):
    """The connection, and with it the snapshot, is gone. It is never reopened silently."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The link to the legacy database was lost ({detail}).", hint=LOST_HINT)
