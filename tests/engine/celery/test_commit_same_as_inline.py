"""Through a worker, commit and rollback make what they make in one process."""

from tests.engine.celery.running import Cluster
from tests.faults.planning import REVIEWED
from tests.processes import empty_app
from tests.stages.commit.committed import committed_content
from tests.stages.commit.invariants import broken

ROWS = 300


def planned(cluster: Cluster) -> None:
    """The fictional school, planned in one process, with every action in its plan."""
    empty_app(cluster.app)
    stages = "legacy_import + legacy_validate + legacy_classify"
    cluster.manage(
        *f"legacy_demo --rows {ROWS} --with-platform --force + {stages}".split(), engine="inline"
    )
    cluster.app.execute(*REVIEWED)
    cluster.manage("legacy_dry_run", engine="inline")


def committed_and_rolled_back(cluster: Cluster, engine: str) -> list[dict[str, str]]:
    sure = f"--run 1 --no-input --confirm-database {cluster.app.name}"
    found = []
    for command in (
        f"legacy_commit {sure} --batch 40",
        f"legacy_rollback {sure} --batch-number 1",
        f"legacy_rollback {sure}",
    ):
        cluster.manage(*command.split(), engine=engine)
        assert broken(cluster.app.rows) == []
        content = committed_content(cluster.app.rows)
        del content["auth_user"]  # the demo's users, made anew, with the time of it
        found.append(content)
    return found


def test_a_worker_commits_and_takes_back_what_one_process_does(cluster: Cluster) -> None:
    cluster.source = {
        "LEGACY_DB_DRIVER": "sqlite",
        "LEGACY_DB_DATABASE": str(cluster.folder / "school.sqlite3"),
    }
    planned(cluster)
    inline = committed_and_rolled_back(cluster, "inline")
    planned(cluster)
    worker = cluster.worker()
    for mine, theirs in zip(committed_and_rolled_back(cluster, "celery"), inline, strict=True):
        assert {name for name in theirs if mine[name] != theirs[name]} == set()
    assert worker.log.read_text().count("succeeded") > 5
