"""A stage that ends before its time: nothing later builds on rows that are half judged."""

from collections.abc import Callable
from typing import Any

import pytest

from legacy_import.choices import RunStatus
from legacy_import.errors import Interrupted, OutOfOrder
from legacy_import.models import LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Silent
from legacy_import.stages.classification.classify import classify
from legacy_import.stages.planning.dry_run import dry_run
from legacy_import.stages.validation.validate import validate
from tests.factories import NOW, CrmLeadFactory, RunFactory, StagedLearnerFactory
from tests.stages.stages import run_stages, staging_hash

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "birth_date": "1999-02-03"}
STAGES = {
    "validate": (validate, RunStatus.IMPORTED),
    "classify": (classify, RunStatus.VALIDATED),
    "plan": (dry_run, RunStatus.CLASSIFIED),
}


class StopsAtOnce(Silent):
    """Somebody pressed Ctrl-C before the first chunk was over."""

    def advance(self, rows: int) -> None:
        raise Interrupted("Stopped as requested.")


@pytest.fixture
def planned() -> LegacyImportRun:
    """A planned run with a group of one person, a known person and a lead that waits."""
    run = RunFactory()
    CrmLeadFactory(full_name="Nadia Mansouri", phone="0661223344")
    StagedLearnerFactory(run=run, legacy_id="1", phone="0559446168", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", phone="0776845160", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="3", full_name="Nadia Mansouri", phone="0661223344")
    run_stages(run)
    run.refresh_from_db()
    assert run.status == RunStatus.PLANNED
    return run


def call(stage: Callable[..., Any], run: LegacyImportRun, progress: Any) -> Any:
    return stage(run_id=run.pk, actor="cli:test", now=NOW, progress=progress)


@pytest.mark.parametrize("name", STAGES)
def test_an_interrupted_stage_takes_the_run_back_and_its_plan_with_it(
    planned: LegacyImportRun, name: str
) -> None:
    stage, status = STAGES[name]
    with pytest.raises(Interrupted):
        call(stage, planned, StopsAtOnce())
    planned.refresh_from_db()
    assert (planned.status, planned.plan_fingerprint) == (status, "")
    if name != "plan":
        with pytest.raises(OutOfOrder):
            call(dry_run, planned, Silent())
    run_stages(planned)
    planned.refresh_from_db()
    assert planned.status == RunStatus.PLANNED


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_lost_its_lease_writes_nothing_more_wherever_it_is(
    planned: LegacyImportRun, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is taken away before its 1st, 2nd, 3rd … confirmation, until the stage gets through."""
    stage, _ = STAGES[name]
    confirm = Lease.confirm
    for position in range(1, 50):
        confirmed: list[str] = []

        def steal(lease: Lease, position: int = position, confirmed: list[str] = confirmed) -> None:
            confirmed.append("")
            if len(confirmed) == position:
                LegacyImportRun.objects.filter(pk=lease.run_id).update(lease_token="other")
                confirmed[-1] = staging_hash()
            confirm(lease)

        run_stages(planned)
        monkeypatch.setattr(Lease, "confirm", steal)
        try:
            call(stage, planned, Silent())
        except OutOfOrder:
            assert staging_hash() == confirmed[position - 1]
        else:
            assert position > 3, "a stage confirms its lease at its start, in chunks, at its end"
            break
        finally:
            monkeypatch.setattr(Lease, "confirm", confirm)
            LegacyImportRun.objects.update(lease_token="", lease_expires_at=None)
    else:
        pytest.fail("the stage never got through")
