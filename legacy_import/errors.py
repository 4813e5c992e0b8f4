"""The one error family of the import: a sentence for people, and what to do next."""


class LegacyImportError(Exception):
    """Something an operator can act on. Subclasses live beside the code that raises them.

    `message` says what happened and to which row (source table and legacy id, never personal data),
    `hint` the next step, `exit_code` what the command ends with (the README lists them).
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
    """A stage was asked for before the one it needs, or somebody else holds the run."""

    exit_code = 5


class UnknownRun(LegacyImportError):
    """No run has that number."""

    exit_code = 2


class Interrupted(LegacyImportError):
    """The operator asked to stop; the chunk at hand was finished first."""

    exit_code = 130
