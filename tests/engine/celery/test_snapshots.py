"""The source changes between the command's snapshot and the workers': the command's is what counts."""

import json
from collections.abc import Callable

from tests.engine.celery.running import Cluster, eventually
from tests.legacy_database import ServerLegacy, Tables, learner, tables
from tests.processes import empty_app, finish

LONG = "é" * 600_000  # 1.2 MB
# Ids 10, 20 … 800 in pages of ten: the first page ends at 100, the second begins at 110.
CHANGES = (
    "UPDATE stagiaires SET nom = 'Changée' WHERE id = 50",
    "INSERT INTO stagiaires SELECT 155, nom, prenom, telephone, email, date_naissance, statut, "
    "formation_id, session_ecoin_id, remarque FROM stagiaires WHERE id = 150",
    "INSERT INTO stagiaires SELECT 205, nom, prenom, telephone, email, date_naissance, statut, "
    "formation_id, session_ecoin_id, remarque FROM stagiaires WHERE id = 150",
    "INSERT INTO stagiaires SELECT 5, nom, prenom, telephone, email, date_naissance, statut, "
    "formation_id, session_ecoin_id, remarque FROM stagiaires WHERE id = 150",
    "DELETE FROM stagiaires WHERE id IN (310, 400)",  # the first and the last of a page
    "DELETE FROM stagiaires WHERE id BETWEEN 501 AND 600",  # a whole page
    "DELETE FROM archives",
)
AGAIN = 5  # the pages of 50, 150, 310–400, 510–600, and the one of archives


def test_what_is_staged_is_the_commands_own_snapshot(
    cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]
) -> None:
    rows = [learner(number) for number in range(10, 810, 10)]
    rows[70]["remarque"] = rows[3]["remarque"] = LONG
    source = legacy(tables(stagiaires=rows, archives=[learner(1), learner(2)]))
    cluster.sizes = {"page": 10}
    cluster.manage("legacy_import", engine="inline")
    inline = cluster.dump()
    empty_app(cluster.app)
    command = cluster.start("legacy_import")
    eventually(lambda: cluster.redis.client().llen("legacy_import") == 8, "all pages are sent")
    source.execute(*CHANGES[:-1])
    # The pages of archives are sent once stagiaires are staged, from the same snapshot.
    source.execute(CHANGES[-1])
    cluster.worker()
    ended = finish(command)
    assert ended.code == 0, (ended.err, cluster.logs())
    assert cluster.dump() == inline
    certificate = json.loads(cluster.app.one("SELECT certificate FROM legacy_import_runs"))
    assert certificate["snapshots"] == 1 + 9
    (note,) = [note for note in certificate["notes"] if note.startswith("workers read")]
    assert note.startswith("workers read 9 chunks, each in its own snapshot; every chunk was")
    assert note.endswith(f"staged again: {AGAIN}")
    assert "workers read 9 chunks" in " ".join(ended.out.split())
