"""The rival script writes what the import writes, or the comparison would be unfair to one of them."""

import pytest
from django.utils import timezone

from benchmarks.grouping_memory import bytes_a_row
from benchmarks.rivals.import_export import learners
from benchmarks.rivals.loop_and_save import save_all
from legacy_import.models import LegacyImportRun
from legacy_import.stages.staging.chunk_rows import load_context
from tests.legacy_database import MakeLegacy, as_legacy, learner, tables
from tests.stages.importing import content, import_from, latest

OLD = tables(
    [
        learner(1),
        learner(2, nom="Ben Ali", telephone="123 / 0776 84 51 60", email="/"),
        learner(3, date_naissance="0000-00-00", formation_id="0", session_ecoin_id=None),
        learner(4, nom="", prenom="", telephone="05594"),
    ],
    [learner(1, statut="Inscrite"), learner(2, remarque="é" * 2_000)],
)


@pytest.mark.django_db
def test_the_loop_writes_the_rows_and_columns_of_the_import(make_legacy: MakeLegacy) -> None:
    database = make_legacy(OLD)
    imported = import_from(database).run
    before = latest()
    run = LegacyImportRun.objects.create(
        connection_name=before.connection_name, focus_mode=before.focus_mode,
        rules_version=before.rules_version, norm_version=before.norm_version,
        created_by="test", started_at=timezone.now(),
    )  # fmt: skip
    with as_legacy(database):
        assert save_all(run, learners(6), load_context(run)) == 6
    assert content(run.pk) == content(imported)


@pytest.mark.django_db
def test_the_loop_stops_after_the_rows_it_was_given(make_legacy: MakeLegacy) -> None:
    with as_legacy(make_legacy(OLD)):
        assert [row.legacy_id for row in learners(3)] == ["1", "2", "3"]


def test_what_grouping_keeps_of_a_row_can_be_measured() -> None:
    assert 50 < bytes_a_row(2_000) < 5_000
