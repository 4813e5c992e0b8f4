"""A small planned run, and people who look at it, for the tests of the runs' screens."""

import datetime
import re
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from legacy_import.choices import Stage
from legacy_import.conf import database_name
from legacy_import.models import (
    ChunkReceipt,
    FacetCount,
    LegacyCourseMapping,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import BUSINESS, content_hash, run_stages

ROOT = "/admin/legacy-imports"
PHONE, EMAIL, NAME = "0559446168", "karim.haddad@exemple.dz", "Karim Haddad"
EVERYTHING = (
    *BUSINESS, LegacyImportRun, LegacyStudentImport, LegacyTrainingImport, ChunkReceipt,
    LegacyImportCommitLog, FacetCount,
)  # fmt: skip


def planned_run(*, trained: int = 2, registered: int = 1, leads: int = 3, unknown: int = 2) -> Any:
    """A run with a current plan: so many rows of each meaning; one trained row is Karim Haddad's."""
    if not LegacyCourseMapping.objects.filter(legacy_formation_id="7").exists():
        CourseMappingFactory(legacy_formation_id="7")
        SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    run = RunFactory()
    at = {"formation_id": "7", "session_id": "42"}
    for number in range(trained):
        who = {"full_name": NAME, "phone": PHONE, "email": EMAIL} if not number else {}
        StagedLearnerFactory(run=run, status="Formée", **at, **who)
    for _ in range(registered):
        StagedLearnerFactory(run=run, status="Confirmer", **at)
    for _ in range(leads):
        StagedLearnerFactory(run=run)
    for _ in range(unknown):
        StagedLearnerFactory(run=run, status="autre chose")
    run_stages(run)
    run.refresh_from_db()
    return run


def person(*codenames: str, **values: Any) -> Any:
    """A user with these permissions of the import."""
    user = UserFactory(**{"is_staff": True, **values})
    for codename in codenames:
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label="legacy_imports", codename=codename)
        )
    return user


def signed_in(user: Any, language: str = "en", **options: Any) -> Client:
    client = Client(headers={"accept-language": language}, **options)
    if user:
        client.force_login(user)
    return client


def text(response: Any) -> str:
    """What a reader reads, on one line."""
    main = response.content.decode().partition('id="content"')[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def everything() -> str:
    """Changes with anything that a screen must not write by being looked at."""
    return content_hash(EVERYTHING)


def form_of(answer: Any) -> dict[str, str]:
    """The hidden fields of the operation's form, and the database's name as it would be typed."""
    page = answer.content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(token|database)" value="([^"]*)"', page))
    return {"database": database_name(), **hidden}


def ask(
    client: Client, run: LegacyImportRun, operation: str = "commit", **query: Any
) -> dict[str, str]:
    return form_of(client.get(f"{ROOT}/{run.pk}/{operation}", query))


def send(client: Client, run: LegacyImportRun, operation: str = "commit", **fields: Any) -> Any:
    return client.post(f"{ROOT}/{run.pk}/{operation}", fields)


def commit_batch(client: Client, run: LegacyImportRun, **fields: Any) -> Any:
    """Through the confirm page, to the page that says what was done."""
    answer = send(client, run, **{**ask(client, run), **fields})
    assert answer.status_code == 303, text(answer)
    return client.get(answer.url)


def outcomes(run: LegacyImportRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in LegacyStudentImport.objects.filter(legacy_import_run=run).values_list(
        "outcome", flat=True
    ):
        found[value] = found.get(value, 0) + 1
    return found


def batches(run: LegacyImportRun, stage: Stage = Stage.COMMIT) -> int:
    return ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage).count()


def planned_run_again(run: LegacyImportRun) -> LegacyImportRun:
    """Another planned run of the same source."""
    other: LegacyImportRun = RunFactory()
    StagedLearnerFactory(run=other)
    run_stages(other)
    other.refresh_from_db()
    return other


def held(run: LegacyImportRun, **values: Any) -> None:
    later = timezone.now() + datetime.timedelta(minutes=1)
    LegacyImportRun.objects.filter(pk=run.pk).update(
        **{"lease_token": "theirs", "lease_command": "legacy_commit", "lease_host": "atelier",
           "lease_process": "1:1", "lease_expires_at": later, **values}
    )  # fmt: skip


def update(run: LegacyImportRun, **values: Any) -> None:
    LegacyImportRun.objects.filter(pk=run.pk).update(**values)
