"""A chunk that cannot be done: the command says where and why, and nobody's data is anywhere."""

from collections.abc import Callable

from tests import canaries
from tests.engine.celery.running import Cluster
from tests.legacy_database import ServerLegacy, Tables, learner, tables
from tests.processes import Ended, finish

ROWS = 150
DUPLICATES = "CREATE UNIQUE INDEX poison ON legacy_student_imports (phone_normalized)"
FAILURES = "SELECT * FROM legacy_chunk_failures"


def school() -> Tables:
    """Every learner's phone and address is a canary; two of the second page share a phone."""
    rows = [
        learner(number, telephone=canaries.phone(number % 70), email=canaries.email(number % 100))
        for number in range(1, ROWS + 1)
    ]
    return tables(stagiaires=rows)


def told_and_stopped(ended: Ended, *words: str) -> None:
    told = " ".join(ended.err.split())
    assert ended.code == 1, told
    assert "Traceback" not in told
    assert told.count("Error: ") == told.count("Next: ") == 1
    for word in words:
        assert word in told


def test_no_personal_data_leaves_the_databases_whatever_fails(
    cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]
) -> None:
    legacy(school())
    cluster.worker(PYTHONWARNINGS="ignore")
    ends: list[Ended] = []
    with cluster.overheard() as heard:
        # The database refuses a phone that is there already, and says which.
        cluster.app.execute(DUPLICATES)
        ends.append(finish(cluster.start("legacy_import")))
        told_and_stopped(
            ends[-1], "A worker could not import stagiaires 61 to 120 (ids of the old database) of"
            " run 1: IntegrityError 1062", "manage.py legacy_import --resume 1",
        )  # fmt: skip
        kept = [repr(cluster.app.rows(FAILURES))]
        cluster.app.execute("DROP INDEX poison ON legacy_student_imports")
        ends.append(cluster.manage("legacy_import", "--resume", "1"))
        # A value that a column does not take.
        cluster.app.execute(
            "CREATE TRIGGER poison BEFORE UPDATE ON legacy_student_imports FOR EACH ROW "
            "IF OLD.legacy_id = '90' THEN SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406, "
            f"MESSAGE_TEXT = 'Data too long: {canaries.phone(90)} {canaries.email(90)}'; END IF"
        )
        ends.append(finish(cluster.start("legacy_validate")))
        told_and_stopped(
            ends[-1], "A worker could not validate stagiaires:", "of run 1: DataError 1406",
            "manage.py legacy_validate --run 1",
        )  # fmt: skip
        kept.append(repr(cluster.app.rows(FAILURES)))
        cluster.app.execute("DROP TRIGGER poison")
        ends.append(
            cluster.manage(
                *[
                    "legacy_validate",
                    "+",
                    "legacy_classify",
                    "+",
                    "legacy_dry_run",
                    "--verbosity",
                    "3",
                ]
            )
        )
    assert cluster.app.rows(FAILURES) == []
    assert cluster.app.one("SELECT status FROM legacy_import_runs") == "planned"
    assert "DataError 1406" in kept[1]
    assert "failed and is not tried again (DataError 1406)" in cluster.logs()
    assert len(heard) > 50
    assert any("legacy_import.chunk" in one for one in heard)
    for text in (*heard, *kept, cluster.logs(), *(ended.out + ended.err for ended in ends)):
        assert canaries.found(text) == set()
