"""The errors of the import: each with a message and the next step."""


class LegacyImportError(Exception):
    """An error that an operator can act on. Subclasses are defined next to the code that raises them.

    `message` describes the error and its row (source table and legacy id, never personal data), `hint`
    the next step; `exit_code` is that of the command (docs/commands.md lists them).
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class SafetyRefusal(LegacyImportError):
    """The work could harm a database, so it does not start."""

    exit_code = 3


class OutOfOrder(LegacyImportError):
    """A stage was requested before the one it needs, or the run is locked."""

    exit_code = 5


class UnknownRun(LegacyImportError):
    """No run has that number."""

    exit_code = 2


class Interrupted(LegacyImportError):
    """The operator stopped the command; the current chunk was finished first."""

    exit_code = 130
