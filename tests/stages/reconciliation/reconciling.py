"""A run with every kind of outcome, written into the tables by hand as a commit would have left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model

from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.runs.progress import Silent
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.reconciliation.report import Check, ReconcileReport
from tests.factories import (
    NOW,
    CompletedTrainingFactory,
    CourseFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    RunFactory,
    UserFactory,
)
from tests.legacy_database import LegacyDatabase, SQLiteLegacy, learner, sqlite_legacy, tables
from tests.stages.importing import import_from, latest
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

# No output may hold any of these.
CANARIES = ("Canarine", "0559776655", "canarine@exemple.dz")

LEAD, FOLLOWER, TRAINED, ENROLLED, SKIPPED, REVIEWED, DRIFTED, FAILED, AGAIN, LINKED, UNTOUCHED = (
    f"stagiaires:{number}" for number in range(1, 12)
)
ARCHIVED, UNDONE = "archives:1", "archives:2"


def school(path: Path) -> SQLiteLegacy:
    """A SQLite source with eleven stagiaires and two archives."""
    name, phone, email = CANARIES
    canary = {"nom": name, "telephone": phone, "email": email}
    return sqlite_legacy(
        path,
        tables(
            [learner(number, **canary) for number in range(1, 12)],
            [learner(number, **canary) for number in (1, 2)],
        ),
    )


def elsewhere(rows: int, connection_name: str = "nowhere") -> LegacyImportRun:
    """A run of that many stagiaires whose source nobody can reach."""
    run: LegacyImportRun = RunFactory(
        connection_name=connection_name,
        certificate={"row_counts": {"stagiaires": rows, "archives": 0}},
    )
    return run


def spread(rows: int) -> list[tuple[str, str]]:
    """(row, outcome) for a crowd of rows: leads, trainings, enrolments, skips and reviews in turn."""
    outcomes = (
        "create_crm_lead", "create_completed_training", "create_enrollment", "skip", "review",
    )  # fmt: skip
    return [(f"stagiaires:{n}", outcomes[n % 5]) for n in range(1, rows + 1)]


@dataclass
class Committed:
    """A run and how to get at its rows, as `table:id`."""

    run: LegacyImportRun

    def row(self, name: str) -> LegacyStudentImport:
        table, _, legacy_id = name.partition(":")
        return LegacyStudentImport.objects.get(
            legacy_import_run=self.run, source_table=table, legacy_id=legacy_id
        )

    def change(self, name: str, **values: Any) -> None:
        """Change columns of a staged row behind everybody's back."""
        LegacyStudentImport.objects.filter(pk=self.row(name).pk).update(**values)

    def change_training(self, name: str, **values: Any) -> None:
        LegacyTrainingImport.objects.filter(student_import=self.row(name)).update(**values)

    def entries(self, name: str, action: str) -> Any:
        """The row's entries of that action."""
        return LegacyImportCommitLog.objects.filter(student_import=self.row(name), action=action)

    def log(self, name: str, action: str, record: Any = None, **values: Any) -> None:
        """Write an entry about `record`, created by the row if the action creates one."""
        model = record._meta.label if record else ""
        LegacyImportCommitLog.objects.create(
            **{
                "legacy_import_run": self.run,
                "student_import": self.row(name),
                "action": action,
                "target_model": model,
                "target_id": record.pk if record else None,
                "created_target": action.startswith("create_"),
                "reason": "by_hand",
                "actor": "cli:test",
                "created_at": NOW,
                **values,
            }
        )

    def origin(self, name: str, effect: str) -> str:
        return f"{self.run.connection_name}:{name}:{effect}"

    def lead(self, name: str) -> Any:
        """The effect of a row whose lead was created."""
        lead = CrmLeadFactory(origin=self.origin(name, "lead"), legacy_import_run_id=self.run.pk)
        self.log(name, "create_crm_lead", lead)
        self.change(name, outcome="create_crm_lead", imported_lead_id=lead.pk)
        return lead

    def interest(self, name: str, lead: Any) -> None:
        interest = CourseInterestFactory(lead=lead, origin=self.origin(name, "interest"))
        self.log(name, "create_course_interest", interest)

    def training(self, name: str) -> LegacyCompletedTraining:
        record = CompletedTrainingFactory(
            origin=self.origin(name, "training"), legacy_import_run_id=self.run.pk
        )
        self.log(name, "create_completed_training", record)
        self.change(name, outcome="create_completed_training")
        self.change_training(name, imported_completed_training_id=record.pk)
        return record

    def enrollment(self, name: str) -> None:
        record = LegacyImportedEnrollment.objects.create(
            origin=self.origin(name, "enrollment"),
            legacy_import_run_id=self.run.pk,
            course=CourseFactory(),
            legacy_session_id="10",
        )
        self.log(name, "create_enrollment", record)
        self.change(name, outcome="create_enrollment")
        self.change_training(name, imported_enrollment_id=record.pk)

    def person(self, name: str, action: str, person: Any) -> None:
        """Link the row, or attach its history, to a user or lead."""
        self.log(name, action, person)
        is_user = isinstance(person, get_user_model())
        self.change(name, **{"imported_user_id" if is_user else "imported_lead_id": person.pk})

    def outcome(self, name: str, outcome: str) -> None:
        """An outcome without an effect."""
        self.log(name, outcome)
        self.change(name, outcome=outcome)

    def reconcile(self) -> ReconcileReport:
        return reconcile(run_id=self.run.pk, progress=Silent())

    def failed(self) -> dict[str, Check]:
        """The checks that fail now."""
        report = self.reconcile()
        failed = {check.name: check for check in report.checks if not check.ok}
        assert report.balanced == (not failed)
        return failed


def committed(database: LegacyDatabase, **options: Any) -> Committed:
    """Import the database and commit its rows by hand, each to another outcome."""
    import_from(database, **options)
    state = Committed(latest())
    lead = state.lead(LEAD)
    state.interest(LEAD, lead)
    state.change(FOLLOWER, outcome="link_existing")
    state.person(FOLLOWER, "link_existing", lead)
    state.interest(FOLLOWER, lead)
    state.training(TRAINED)
    state.person(TRAINED, "attach_person", UserFactory())
    state.enrollment(ENROLLED)
    state.outcome(SKIPPED, "skip")
    state.outcome(REVIEWED, "drifted")  # superseded: planned anew, and then a review
    state.outcome(REVIEWED, "review")
    state.outcome(DRIFTED, "drifted")
    state.outcome(FAILED, "failed")
    state.outcome(AGAIN, "drifted")
    state.change(AGAIN, outcome="pending")  # planned anew
    state.change(LINKED, outcome="link_existing")
    state.person(LINKED, "link_existing", UserFactory())
    state.training(ARCHIVED)
    state.person(ARCHIVED, "attach_person", CrmLeadFactory())
    state.log(UNDONE, "skip", reversed_at=NOW, reversal_outcome="released")
    state.change(UNDONE, outcome="rolled_back")
    LegacyImportRun.objects.filter(pk=state.run.pk).update(status="committed")
    return state


def committed_crowd(run: LegacyImportRun, rows: int) -> Committed:
    """Commit the rows `spread` names."""
    state = Committed(run)
    for name, outcome in spread(rows):
        if outcome == "create_crm_lead":
            state.interest(name, state.lead(name))
        elif outcome == "create_completed_training":
            state.training(name)
        elif outcome == "create_enrollment":
            state.enrollment(name)
        else:
            state.outcome(name, outcome)
    return state
