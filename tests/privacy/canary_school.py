"""A school in which every column holds a canary, imported and committed by the real commands.

Run 1 is planned, decided about, committed with a drifted and a failed row, and rolled back while
somebody had edited a record. Run 2 is committed. Run 3 is planned, and its queue is half done.
Everything that was said on the way is kept in `spoken`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone

from crm.models import CrmLead
from ecoin.logs import RedactedFormatter
from legacy_import.choices import Outcome, ReviewDecision
from legacy_import.conf import database_name
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.review.decisions import decide
from tests.canaries import email, phone
from tests.factories import CourseFactory, CrmLeadFactory, LearnerProfileFactory, UserFactory
from tests.legacy_database import SQLiteLegacy, as_legacy, learner, sqlite_legacy, tables
from tests.management.calling import call

POISON = "Zzpoison"
ARABIC_DIGITS = {ord(str(n)): chr(0x660 + n) for n in range(10)}
WIDE_DIGITS = {ord(str(n)): chr(0xFF10 + n) for n in range(10)}
PLAIN_ROWS = 62  # more than a page of any list


def _bird(legacy_id: int, number: int, **fields: Any) -> dict[str, Any]:
    """A learner with canary `number` as phone and e-mail, unless told otherwise."""
    contacts = {"telephone": phone(number), "email": email(number), "remarque": phone(number)}
    return learner(legacy_id, **{"nom": "Moineau", **contacts, **fields})


def old_school(path: Path) -> SQLiteLegacy:
    asked = {"statut": "Informer"}
    unknown = {"statut": "mystère"}
    stagiaires = [
        _bird(1, 1),
        _bird(2, 2, telephone=phone(2, "+213 (0){a}.{b}.{c}.{d}"), email=email(2).upper(), **unknown),
        _bird(3, 3, telephone=f"{phone(3, '00213{n}')} / {phone(4, '0{a}-{b}-{c}-{d}')}", **unknown),
        _bird(5, 5, nom=f"Moineau {phone(5)}", **unknown),
        _bird(6, 6, nom=f"Moineau {email(6)}", prenom=phone(6, "0{n}"), **unknown),
        _bird(7, 7, statut=f"rappeler {phone(7)}"),
        _bird(8, 8, statut=email(8)),
        _bird(9, 9, formation_id=phone(9, "0{n}"), session_ecoin_id=phone(10, "0{n}")),
        _bird(10, 11, date_naissance=phone(11), prenom=phone(12, "0{n}").encode() + b"\xff"),
        _bird(11, 13, telephone=phone(13, "0{n}").translate(ARABIC_DIGITS),
              statut=phone(13).translate(WIDE_DIGITS)),
        _bird(12, 14, telephone=email(14), email=phone(14), **unknown),
        _bird(13, 15, nom="", prenom=""),
        _bird(14, 16, date_naissance="2001-05-06", **asked),
        _bird(15, 17, nom=f"Moineau {phone(17, '0{n}')}", formation_id="2", **asked),
        _bird(16, 18, nom=POISON, **asked),
        _bird(17, 19, session_ecoin_id="11"),
        _bird(18, 20, statut="Confirmer"),
        _bird(19, 21, date_naissance="2002-07-08", **asked),
        _bird(20, 22, nom="Serin", prenom="Amel", **asked),
        _bird(21, 23, nom="Serin", prenom="Lina", **unknown),
        *(_bird(100 + n, 90, nom=f"Volée {chr(97 + n % 26)}{chr(97 + n // 26)}",
                telephone=f"0661{n:06}", email=f"volee{n}@autre.dz", **unknown)
          for n in range(PLAIN_ROWS)),
    ]  # fmt: skip
    archives = [
        _bird(1, 24),
        _bird(2, 25, formation_id="2", session_ecoin_id=None),
        _bird(3, 26, nom=phone(26), prenom=email(26), statut="Archivé"),
    ]
    formations = [
        {"id": 1, "nom": "Comptabilité"},
        {"id": 2, "nom": f"Voir Mme Moineau {phone(30)}"},
        {"id": 3, "nom": f"Infographie {email(31)}"},
    ]
    sessions = [
        {"id": 10, "code": "CPT-2019-01", "formation_id": "1"},
        {"id": 11, "code": f"CPT {phone(32)}", "formation_id": "2"},
        {"id": 12, "code": f"PAO {email(33)}", "formation_id": "3"},
    ]
    return sqlite_legacy(path, tables(stagiaires, archives, formations, sessions))


class CanarySchool:
    """The runs, and what commands and logs said."""

    def __init__(self, old: SQLiteLegacy) -> None:
        self.old = old
        self.spoken: list[tuple[str, str]] = []
        CourseFactory(name="Comptabilité")
        self._platform()
        self.staff = {
            name: self._staff(name) for name in ("Reader", "Reviewer", "Manager", "Operator")
        }
        self.staff["superuser"] = UserFactory(
            username="directrice", is_staff=True, is_superuser=True
        )
        with as_legacy(old), listening(self.spoken):
            self._first_run()
            self._second_run()
            self._third_run()
        self.first, self.second, self.third = LegacyImportRun.objects.order_by("pk")

    def _platform(self) -> None:
        """People whom rows match by phone, by e-mail and by name, each with a contact of their own."""
        CrmLeadFactory(full_name="Serin Amel", phone=phone(22, "0{n}"), email=email(40))
        CrmLeadFactory(full_name=f"Serin Lina {phone(41)}", phone=phone(42), email=email(23))
        user = UserFactory(username="serin", first_name="Moineau", last_name=phone(43),
                           email=email(2))  # fmt: skip
        LearnerProfileFactory(user=user, phone=phone(3, "+213{n}"))
        LearnerProfileFactory(user=UserFactory(username=email(44)), phone=phone(5))
        UserFactory(username="autre", first_name="Ameln", last_name="Moineau", email=email(45))

    def _staff(self, group: str) -> User:
        user: User = UserFactory(username=group.lower(), is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        return user

    def run(self, name: str, *arguments: str) -> None:
        """A command at its most talkative."""
        ended = call(name, *arguments, "--verbosity", "3")
        assert ended.code in (0, 4), (name, ended.err[-900:])  # 4: done, but for the poison
        self.spoken.append((f"{name} {' '.join(arguments)}", ended.out + ended.err))

    def stages(self, *json: str) -> None:
        for name in ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run"):
            self.run(name, *json)

    def _confirmed(self, name: str, *arguments: str) -> None:
        self.run(name, "--no-input", "--confirm-database", database_name(), *arguments)

    def _first_run(self) -> None:
        self.stages()
        self._decide_half()
        self.run("legacy_dry_run")
        CrmLead.objects.filter(full_name="Serin Amel").update(full_name="Serin Amelle", phone="")
        with refusing_poison():
            self._confirmed("legacy_commit", *latest())
        assert Outcome.DRIFTED in self.outcomes()
        assert Outcome.FAILED in self.outcomes() or connection.vendor != "sqlite"
        edited = CrmLead.objects.exclude(origin=None).earliest("pk")
        edited.phone = f"{edited.phone} / {phone(50)}"
        edited.save()
        self.run("legacy_rollback", "--preview", *latest(), "--json")
        self.run("legacy_reconcile")
        self._confirmed("legacy_rollback", *latest())

    def _second_run(self) -> None:
        self.stages("--json")
        self._confirmed("legacy_commit", *latest(), "--json", "--batch", "3")
        self.run("legacy_reconcile", "--json")
        self.run("legacy_status", *latest())

    def _third_run(self) -> None:
        self.stages()
        self._decide_half()
        first, second, _ = LegacyImportRun.objects.order_by("pk")
        self.run("legacy_dry_run", "--diff", str(second.pk), "--json")
        self.run("legacy_dry_run", "--diff", str(first.pk))
        self.run("legacy_status", "--json")
        self.run("legacy_status")
        for subject in ("statuses", "courses", "sessions"):
            self.run("legacy_map", subject, *latest())
            self.run("legacy_map", subject, *latest(), "--json", "--verbosity", "2")

    def _decide_half(self) -> None:
        """Every decision that a row allows, in turn."""
        reviewer = self.staff["Reviewer"]
        waiting = LegacyStudentImport.objects.filter(planned_action="review").order_by("-pk")
        kinds = (ReviewDecision.SKIP, ReviewDecision.LATER)
        for place, row in enumerate(waiting[:12]):
            decide(row_id=row.pk, version=row.version, decision=kinds[place % 2], actor=reviewer,
                   now=timezone.now(), note="vu avec la direction")  # fmt: skip

    def outcomes(self) -> set[str]:
        rows = LegacyStudentImport.objects.filter(
            legacy_import_run=LegacyImportRun.objects.latest("pk")
        )
        return set(rows.values_list("outcome", flat=True))


def latest() -> tuple[str, str]:
    return "--run", str(LegacyImportRun.objects.latest("pk").pk)


@contextmanager
def listening(spoken: list[tuple[str, str]]) -> Iterator[None]:
    """Every log record of every logger, as the configured formatter writes it."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            spoken.append((f"log {record.name}", RedactedFormatter("%(message)s").format(record)))

    root, ear = logging.getLogger(), Ear()
    named = {
        logging.getLogger(name): logging.DEBUG for name in ("django", "ecoin", "legacy_import")
    }
    # Below: names of variables by the hundred, and with DEBUG the SQL, which no setting turns on.
    quiet = ("django.template", "django.db.backends")
    named |= {logging.getLogger(name): logging.INFO for name in quiet}
    before = {logger: (logger.level, logger.handlers) for logger in named}
    for logger, level in named.items():
        logger.setLevel(level)
        logger.handlers = []  # nobody reads stderr here
    root.addHandler(ear)
    try:
        yield
    finally:
        root.removeHandler(ear)
        for logger, (level, handlers) in before.items():
            logger.setLevel(level)
            logger.handlers = handlers


@contextmanager
def refusing_poison() -> Iterator[None]:
    """The database refuses one lead, and its error repeats a phone (SQLite, where a trigger is part
    of the transaction)."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER refuse_poison BEFORE INSERT ON crm_leads "
            f"WHEN NEW.full_name LIKE '%{POISON}%' "
            f"BEGIN SELECT RAISE(ABORT, 'refused: {phone(18)}'); END"
        )
        try:
            yield
        finally:
            cursor.execute("DROP TRIGGER refuse_poison")
