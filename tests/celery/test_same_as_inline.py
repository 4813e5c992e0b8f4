"""Through workers of either kind, every stage writes what it writes in one process, row for row."""

from pathlib import Path

import pytest

from tests.celery.running import Cluster, Dump
from tests.processes import AppDatabase, empty_app
from tests.servers import RedisServer

ROWS = 700


def school(folder: Path) -> dict[str, str]:
    return {"LEGACY_DB_DRIVER": "sqlite", "LEGACY_DB_DATABASE": str(folder / "school.sqlite3")}


def fill(cluster: Cluster) -> None:
    """The fictional school and the people who are on the platform already."""
    empty_app(cluster.app)
    cluster.manage(
        *f"legacy_demo --rows {ROWS} --with-platform --force".split(), engine="inline"
    )  # fmt: skip


@pytest.fixture(scope="module")
def inline(
    shared_app: AppDatabase, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dump, Dump]:
    """What one process writes: all stages, and an import of 333 rows."""
    folder = tmp_path_factory.mktemp("inline")
    cluster = Cluster(shared_app, redis, folder, school(folder))
    fill(cluster)
    cluster.stages(engine="inline")
    whole = cluster.dump()
    assert len(whole["legacy_chunk_receipts"]) > 30
    assert all(rows for table, rows in whole.items() if table != "legacy_chunk_failures")
    empty_app(cluster.app)
    cluster.manage("legacy_import", "--limit", "333", engine="inline")
    limited = cluster.dump()
    assert len(limited["legacy_student_imports"]) == 333
    return whole, limited


@pytest.mark.parametrize("twice", [False, True], ids=["each-once", "every-message-twice"])
def test_two_workers_write_what_one_process_writes(
    twice: bool, inline: tuple[Dump, Dump], cluster: Cluster
) -> None:
    cluster.source = school(cluster.folder)
    workers = [cluster.worker(), cluster.worker()]
    fill(cluster)
    for one in workers:
        one.wait_until_ready()
    cluster.stages(twice=twice)
    celery = cluster.dump()
    for table, rows in inline[0].items():
        assert celery[table] == rows, table
    assert all("succeeded" in one.log.read_text() for one in workers), "both took part"


def test_two_processes_of_this_machine_write_what_one_process_writes(
    inline: tuple[Dump, Dump], cluster: Cluster
) -> None:
    cluster.source = school(cluster.folder)
    fill(cluster)
    ended = cluster.stages("--workers", "2", engine="inline")
    here = cluster.dump()
    for table, rows in inline[0].items():
        assert here[table] == rows, table
    assert "each in a snapshot of its own" in " ".join(ended.out.split())
    progress = " rows/s)"  # a line every ten seconds, on a slow machine
    assert [line for line in ended.err.splitlines() if not line.endswith(progress)] == []


def test_a_limited_import_of_three_processes_stages_the_same_rows(
    inline: tuple[Dump, Dump], cluster: Cluster
) -> None:
    cluster.source = school(cluster.folder)
    fill(cluster)
    empty_app(cluster.app)
    cluster.manage("legacy_import", "--limit", "333", "--workers", "3", engine="inline")
    assert cluster.dump() == inline[1]


def test_a_limited_import_stages_the_same_rows(inline: tuple[Dump, Dump], cluster: Cluster) -> None:
    cluster.source = school(cluster.folder)
    cluster.worker()
    fill(cluster)
    empty_app(cluster.app)
    cluster.manage("legacy_import", "--limit", "333")
    assert cluster.dump() == inline[1]
