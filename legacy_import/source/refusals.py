"""Operations that both guarded backends refuse: editing a schema and creating test databases."""

from typing import Any, NoReturn

from legacy_import.errors import SafetyRefusal
from legacy_import.source.guard import NotARead


class GuardedWrapper:
    """Marks a Django DatabaseWrapper as guarded. `reader` opens only such wrappers."""

    def schema_editor(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Always raises: nothing is created, altered or dropped on the legacy database."""
        raise SafetyRefusal(
            "Changing the tables of the legacy database is refused.",
            hint="Run migrate without --database, for the new platform only.",
        )

    def init_connection_state(self) -> None:
        """Nothing: the connection is made read-only when it opens.

        Django's version refuses MySQL servers older than it supports and sends SET statements.
        """

    def disable_constraint_checking(self) -> NoReturn:
        raise NotARead("it switches constraints off")

    def enable_constraint_checking(self) -> None:
        """Nothing to do: they are never switched off."""


class GuardedCreation:
    """Refuses every way Django's test runner has to create, clone or drop a database."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SafetyRefusal(
            "Creating or dropping a test database on the legacy server is refused.",
            hint="Leave the legacy alias out of the databases of this test.",
        )

    create_test_db = _refuse
    clone_test_db = _refuse
    destroy_test_db = _refuse
    _create_test_db = _refuse
    _execute_create_test_db = _refuse
    _clone_test_db = _refuse
    _clone_db = _refuse
    _destroy_test_db = _refuse
    serialize_db_to_string = _refuse
    deserialize_db_from_string = _refuse
