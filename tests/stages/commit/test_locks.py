"""Locks that others hold: nobody's row fails for them, and two commands at once do not collide."""

from typing import Any

import pytest
from django.db import OperationalError, connection

from crm.models import CrmLead
from legacy_import.models import LegacyImportRun
from tests.factories import CrmLeadFactory, RunFactory, StagedLearnerFactory
from tests.processes import ON_SERVER
from tests.stages.stages import outcome_of, run_commit, run_stages

PHONE = "0559446168"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
LOCK_WAIT_TIMEOUT = 1205


def others_hold_the_leads(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """The database waited for a lock on the leads, and waited in vain."""
    if sql.startswith("INSERT") and "crm_leads" in sql:
        raise OperationalError(LOCK_WAIT_TIMEOUT, "Lock wait timeout exceeded")
    return execute(sql, params, many, context)


@pytest.mark.django_db
def test_a_lock_waited_for_in_vain_is_no_row_s_fault() -> None:
    run: LegacyImportRun = RunFactory()
    rows = [StagedLearnerFactory(run=run, legacy_id=str(number)) for number in range(1, 4)]
    run_stages(run)
    with (
        connection.execute_wrapper(others_hold_the_leads),
        pytest.raises(OperationalError) as told,
    ):
        run_commit(run)
    assert told.value.args[0] == LOCK_WAIT_TIMEOUT
    assert {outcome_of(row) for row in rows} == {"pending"}
    run_commit(run)
    assert {outcome_of(row) for row in rows} == {"create_crm_lead"}


if ON_SERVER:  # SQLite has one lock for all, and no row of it
    import threading
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import closing, contextmanager, suppress

    from legacy_import.conf import import_conf
    from legacy_import.models import PLATFORM, IdentityKey
    from legacy_import.people.key_refresh import refresh_platform_keys
    from legacy_import.runs.progress import Silent

    @contextmanager
    def held_by_somebody(lead: CrmLead) -> Iterator[None]:
        """Another connection edits the lead and has not finished; ours waits a second, no more."""
        with closing(connection.copy()) as other, other.cursor() as theirs:
            theirs.execute("START TRANSACTION")
            theirs.execute("SELECT id FROM crm_leads WHERE id = %s FOR UPDATE", [lead.pk])
            with connection.cursor() as ours:
                ours.execute("SET SESSION innodb_lock_wait_timeout = 1")
                try:
                    yield
                finally:
                    ours.execute("SET SESSION innodb_lock_wait_timeout = DEFAULT")
                    theirs.execute("ROLLBACK")

    @pytest.mark.django_db(transaction=True)
    def test_a_row_whose_person_somebody_is_editing_is_committed_by_the_next_call() -> None:
        run: LegacyImportRun = RunFactory()
        lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
        row = StagedLearnerFactory(run=run, **KARIM)
        run_stages(run)
        with held_by_somebody(lead), pytest.raises(OperationalError) as told:
            run_commit(run)
        assert told.value.args[0] == LOCK_WAIT_TIMEOUT
        assert outcome_of(row) == "pending"
        run_commit(run)
        assert (outcome_of(row), row.imported_lead_id) == ("link_existing", lead.pk)

    def refresh_beside_another(both: threading.Barrier) -> None:
        """Refresh the keys; before it writes any, the other one has looked which are missing."""

        def meet(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith("INSERT") and IdentityKey._meta.db_table in sql:
                with suppress(threading.BrokenBarrierError):  # the other one waits for us: good
                    both.wait(timeout=1)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(meet):
                refresh_platform_keys(LegacyImportRun.objects.get(), import_conf(), Silent())
        finally:
            connection.close()

    @pytest.mark.django_db(transaction=True)
    def test_two_commands_that_find_the_same_keys_missing_write_them_once() -> None:
        RunFactory()
        for _ in range(20):
            CrmLeadFactory(phone=PHONE)
        both = threading.Barrier(2)
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(refresh_beside_another, [both, both]))  # raises what one of them raised
        phones = IdentityKey.objects.filter(scope=PLATFORM, kind="P")
        assert phones.count() == phones.values("owner_id").distinct().count() == 20
